"""How time and memory grow with the number of cells: `python -m benchmarks.growth [--json]`.

Simulated cells, each size in a process of its own with one thread: an epoch of scVI and one of the semi-supervised
stage, the scib table and the UMAP of the latent space. The law is fitted as seconds = a · n^b. `--whole 85000x4000`
takes a single run through the whole pipeline instead, with one epoch a stage, and reports the memory that it needed.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import described, machine

ROOT = Path(__file__).parent.parent
SIZES = (2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
N_GENES = 2_000
TARGETS = {"epoch_scvi": 1.1, "epoch_semi": 1.1, "scores": 1.3, "umap": 1.3}
PACKAGES = ("torch", "scvi-tools", "umap-learn", "scikit-learn")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark that the command line asks for."""
    options = _parser().parse_args(arguments)
    if options.one:
        print(json.dumps(one_size(*map(int, options.one.split("x")))))
        return
    if options.pipeline:
        print(json.dumps(whole_run(*map(int, options.pipeline.split("x")))))
        return
    facts = machine(PACKAGES, 1)
    print(described(facts))
    found = _in_process("--pipeline", options.whole) if options.whole else growth(options.sizes or SIZES)
    if options.whole:
        print("\n".join(f"{name:24s} {value:10.1f}" for name, value in found.items()))
    if options.json:
        print(json.dumps({"benchmark": "growth", "machine": facts, **found}))


def growth(sizes: Sequence[int]) -> dict[str, Any]:
    """Measure each size, and fit exponents."""
    rows = []
    print(f"{'cells':>8s}" + "".join(f"{name:>12s}" for name in (*TARGETS, "peak MB")))
    for n_cells in sizes:
        rows.append(_in_process("--one", f"{n_cells}x{N_GENES}"))
        print(f"{n_cells:8d}" + "".join(f"{rows[-1][name]:12.2f}" for name in (*TARGETS, "peak_mb")), flush=True)
    exponents = {name: _exponent([row["n_cells"] for row in rows], [row[name] for row in rows]) for name in TARGETS}
    print(f"{'exponent':>8s}" + "".join(f"{exponents[name]:12.2f}" for name in TARGETS))
    return {"rows": rows, **{f"exponent_{name}": value for name, value in exponents.items()}}


def one_size(n_cells: int, n_genes: int) -> dict[str, float]:
    """Seconds of each part at one size, and the peak memory of this process."""
    from dataclasses import replace

    from semafo import keys
    from semafo.evaluation.integration.table import K_LISI, integration_scores
    from semafo.evaluation.latent import embedding
    from semafo.evaluation.neighbours.neighbours import nearest
    from semafo.training.stages import models as stage_models

    config, prepared = _prepared(n_cells, n_genes)
    config = replace(config, train=replace(config.train, epochs_pretrain=1, epochs_reference=1))
    seconds = {}
    start = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal start
        seconds[name] = time.perf_counter() - start
        start = time.perf_counter()

    cells = prepared.training_cells()
    stage_models.pretrain(cells[:256].copy(), config, _Silent())  # what is made once, whatever the size
    lap("warm")
    pretrained = stage_models.pretrain(cells, config, _Silent())
    lap("epoch_scvi")
    model = stage_models.semi_supervise(pretrained, config, _Silent())
    lap("epoch_semi")
    z = model.get_latent_representation()
    truth = prepared.split.cells
    embedding.warm_up()
    lap("encode")
    labels, batches = (truth[name].astype(str).to_numpy() for name in (keys.TRUE, keys.BATCH_COLUMN))
    integration_scores(z, labels, batches, z[:, :20], seed=0)
    lap("scores")
    embedding.umap(z, nearest(z, K_LISI))
    lap("umap")
    return {"n_cells": n_cells, **seconds, "peak_mb": _peak_mb()}


def whole_run(n_cells: int, n_genes: int) -> dict[str, float]:
    """Both halves of a run as a worker does them, with one epoch a stage: seconds and peak memory."""
    from dataclasses import replace

    from semafo.runs.library.store import in_context
    from semafo.training.pipeline import score, score_classifiers, train_and_map
    from semafo.training.run_context import RunContext
    from semafo.training.stage_cache import StageCache

    config = _config(n_cells, n_genes)
    config, context = in_context(replace(config, train=replace(config.train, epochs_pretrain=1, epochs_reference=1)))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        job = RunContext(run, config, context, StageCache(Path(folder) / "cache"), _Silent())
        found = {"n_cells": float(n_cells), "n_genes": float(n_genes)}
        for name, part in {"train_and_map": train_and_map, "classifiers": score_classifiers, "scores": score}.items():
            start = time.perf_counter()
            part(job)
            found |= {f"seconds_{name}": time.perf_counter() - start, f"peak_mb_{name}": _peak_mb()}
    return found


class _Silent:
    """A `Progress` that nobody watches."""

    def plan(self, expected: dict[str, float]) -> None:
        """Say nothing."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Say nothing."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Say nothing."""

    def checkpoint(self) -> None:
        """Never ask to stop."""


def _config(n_cells: int, n_genes: int) -> Any:
    from semafo.settings.run_config import CONSTANT, DatasetSpec, RunConfig, SplitSettings, TrainSettings

    dataset = DatasetSpec(f"simulated:cells={n_cells},genes={n_genes}", n_hvg=n_genes)
    constant = TrainSettings(CONSTANT)  # a cycle needs more epochs than the one that is timed
    return RunConfig(dataset, SplitSettings(labelled_rate=0.2), train=constant)


def _prepared(n_cells: int, n_genes: int) -> tuple[Any, Any]:
    from semafo.runs.library.store import in_context
    from semafo.training.stages.prepared_data import prepare

    config, context = in_context(_config(n_cells, n_genes))
    return config, prepare(config, context)


def _in_process(option: str, size: str) -> dict[str, float]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "benchmarks.growth", option, size]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{size} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log seconds against log cells by least squares."""
    x, y = ([math.log(value) for value in values] for values in (sizes, seconds))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - mean_x) ** 2 for a in x)


def _peak_mb() -> float:
    scale = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--whole", metavar="CELLSxGENES", help="one run through the whole pipeline, for its memory")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--pipeline", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return parser


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
