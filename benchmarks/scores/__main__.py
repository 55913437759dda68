"""The scib table against scib-metrics' Benchmarker: `python -m benchmarks.scores [--dataset FILE] [--n 5000] [--json]`.

Cold: each side in a fresh process, from its start to its scores, imports and compiling included, alternated. Warm: both
in one process that has run each of them before, alternated. Both sides may use the same number of processor cores and
threads. The Benchmarker has its defaults: approximate neighbours, ten columns (ours are eleven), one start of KMeans
(ours ten). Before every column it collects garbage, which takes long where much is loaded: warm it is also timed with
that left out. Its columns are compared with ours given the same KMeans clusters.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import described, machine
from benchmarks.scores.arrays import SIMULATED, make, write
from benchmarks.scores.sides import ROUNDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("scib-metrics", "jax", "pynndescent", "scikit-learn", "scipy", "numpy")
TARGETS = {"ratio_cold": 5.0, "ratio_warm": 1.0, "largest_difference": 1e-3}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run_side(side: str, path: Path, n_threads: int) -> tuple[float, float, dict[str, Any]]:
    """Seconds, processor seconds, and findings of a side in a fresh process."""
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(n_threads)), "PYTHONWARNINGS": "ignore"}
    if n_threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    command = [sys.executable, "-m", "benchmarks.scores.sides", side, str(path)]
    before, started = _children_seconds(), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: _use_cores(n_threads),
    )
    seconds, cpu = time.perf_counter() - started, _children_seconds() - before
    if done.returncode:
        raise SystemExit(f"The side {side} failed:\n{done.stderr[-2000:]}")
    return seconds, cpu, json.loads(done.stdout.splitlines()[-1])


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything that is printed."""
    arrays = make(options.dataset, options.n, options.label_key, options.batch_key)
    path = folder / "arrays.npz"
    write(arrays, path)
    facts = machine(PACKAGES, options.threads)
    cold = {"ours": [], "stock": []}
    for _ in range(options.rounds):
        for side, runs in cold.items():
            runs.append(run_side(side, path, options.threads)[:2])
    found = run_side("warm", path, options.threads)[2]
    seconds = {side: statistics.median(run[0] for run in runs) for side, runs in cold.items()}
    cpu = {side: statistics.median(run[1] for run in runs) for side, runs in cold.items()}
    differences = found["differences"]
    return {
        "benchmark": "scores",
        "machine": facts,
        "dataset": Path(options.dataset).name,
        "n_cells": len(arrays["labels"]),
        "n_types": len(set(arrays["labels"])),
        "n_batches": len(set(arrays["batches"])),
        "n_embeddings": sum(name.startswith("z ") for name in arrays),
        "kmeans_starts": {"ours": 10, "stock": 1},
        "ratio_cold": round(seconds["stock"] / seconds["ours"], 2),
        "ratio_warm": round(found["wall"]["stock"] / found["wall"]["ours"], 2),
        "ratio_warm_without_gc": round(found["wall"]["stock_without_gc"] / found["wall"]["ours"], 2),
        "largest_difference": max(differences.values()),
        **{f"seconds_cold_{side}": round(value, 2) for side, value in seconds.items()},
        **{f"cpu_seconds_cold_{side}": round(value, 2) for side, value in cpu.items()},
        **{f"seconds_warm_{side}": round(value, 2) for side, value in found["wall"].items()},
        **{f"cpu_seconds_warm_{side}": round(value, 2) for side, value in found["cpu"].items()},
        "differences": differences,
        "differences_exact_neighbours": found["differences_exact_knn"],
        "targets": TARGETS,
    }


def report(found: dict[str, Any]) -> None:
    """Print the table for people."""
    print(described(found["machine"]))
    print(
        f"{found['dataset']}: {found['n_cells']} cells, {found['n_types']} types, {found['n_batches']} batches, "
        f"{found['n_embeddings']} embeddings\n"
    )
    print(f"{'seconds (processor seconds)':30}{'scib-metrics':>18}{'ours':>18}{'ratio':>8}{'target':>8}")
    for title, kind, suffix in (
        ("cold", "cold", ""),
        ("warm", "warm", ""),
        ("warm, no garbage collection", "warm", "_without_gc"),
    ):
        cells = [
            f"{found[f'seconds_{kind}_{side}']:.2f} ({found[f'cpu_seconds_{kind}_{side}']:.2f})"
            for side in (f"stock{suffix}", "ours")
        ]
        ratio, target = found[f"ratio_{kind}{suffix}"], TARGETS[f"ratio_{kind}"]
        verdict = "reached" if ratio >= target else "missed"
        print(f"{title:30}{cells[0]:>18}{cells[1]:>18}{ratio:>8}{target:>8}  {verdict}")
    print(f"\n{'largest difference of':30}{'its neighbours':>18}{'exact neighbours':>18}")
    for column, value in found["differences"].items():
        print(f"{column:30}{value:>18.1e}{found['differences_exact_neighbours'][column]:>18.1e}")
    reached = "reached" if found["largest_difference"] <= TARGETS["largest_difference"] else "missed"
    print(f"{'all':30}{found['largest_difference']:>18.1e}  target {TARGETS['largest_difference']}: {reached}")


def main() -> None:
    """Measure, print a table, and with --json the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default=SIMULATED, help="an .h5ad file with counts in X, or 'simulated'")
    parser.add_argument("--label-key", default="cell_type", help="the file's column of types")
    parser.add_argument("--batch-key", default="batch", help="the file's column of batches")
    parser.add_argument("--n", type=int, default=5000, help="cells; all of a smaller file")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of cold runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    report(found)
    if options.json:
        print(json.dumps(found))


def _use_cores(n_cores: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_cores])


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
