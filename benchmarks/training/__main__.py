"""How long a comparison trains, against scvi-tools with its defaults: `python -m benchmarks.training [--json]`.

Both sides train one stage on the same cells with the same number of threads, in one process: scVI, and from its weights
three semi-supervised models. Epochs are timed in turns (medians). The whole stock training runs once, ours three times.
What the shorter training changes, over many seeds, says `python -m benchmarks.fidelity`.
"""

import argparse
import json
import logging
import os
import warnings
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.machine import described, machine
from semafo.settings.run_config import DatasetSpec, TrainSettings

PACKAGES = ("torch", "scvi-tools", "lightning")
SIMULATED = "simulated:pancreas-like"
NEAR_BEST = 0.001  # how far from the stock's best ELBO counts as having reached it
ROUNDS, REPEATS = 5, 3
FIRST_MIX = "scANVI"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark that the command line asks for."""
    options = _parser().parse_args(arguments)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(options.threads)
    warnings.simplefilter("ignore")
    name = SIMULATED if options.dataset == "simulated" else options.dataset
    dataset = DatasetSpec(name, options.label_key, options.batch_key)
    facts = machine(PACKAGES, options.threads)
    _quieten()
    from benchmarks.training.sides import Task

    found = measure(Task.of(dataset, options.labelled_rate, options.threads, options.schedule))
    print(described(facts))
    for field, value in found.items():
        print(f"{field:32s} {value:.4g}" if isinstance(value, float) else f"{field:32s} {value}")
    if options.json:
        print(json.dumps({"benchmark": "training", "machine": facts, "dataset": name, **found}))


def measure(task: Any) -> dict[str, Any]:
    """Seconds of both sides on a `training_sides.Task`, their ratios, and the quality that each reached."""
    from benchmarks.training.sides import Ours, Stock, compare

    steps = _epochs_in_turns(task, Stock(), Ours())
    first = compare(task, Ours(), look_every=1)
    stock = compare(task, Stock(), look_every=5)
    ours = [first, *(compare(task, Ours()) for _ in range(REPEATS - 1))]
    best = max(elbo for _, _, elbo in stock.scvi.trace)
    to_best = [_seconds_to(best - NEAR_BEST * abs(best), side.scvi.trace) for side in (stock, first)]
    seconds = {"stock": stock.seconds(), "ours": median(side.seconds() for side in ours)}
    single = stock.seconds(FIRST_MIX) / median(side.seconds(FIRST_MIX) for side in ours)
    processor = stock.seconds(clock="processor") / median(side.seconds(clock="processor") for side in ours)
    return {
        "n_cells": task.train.n_obs,
        "n_genes": task.train.n_vars,
        "ratio": seconds["stock"] / seconds["ours"],
        "ratio_processor_seconds": processor,
        "ratio_single": single,
        "ratio_best": None if to_best[1] is None else to_best[0] / to_best[1],
        **steps,
        **{f"seconds_{side}": value for side, value in seconds.items()},
        "elbo_best_stock": best,
        "seconds_to_best_stock": to_best[0],
        "seconds_to_best_ours": to_best[1],
        **stock.described("stock"),
        **first.described("ours"),
    }


def _epochs_in_turns(task: Any, stock: Any, ours: Any) -> dict[str, float]:
    """Median seconds of an epoch of each kind, without what precedes it, in turns; one round before is not counted."""
    from benchmarks.training.clock import Clock
    from benchmarks.training.sides import MIXES

    seconds: dict[tuple[str, str], list[float]] = {}
    for round_number in range(ROUNDS + 1):
        for side in (stock, ours):
            clock = Clock()
            model = side.scvi(task, clock, n_epochs=1)
            spent = {"scvi": clock.epochs[-1]}
            for mix in MIXES:
                clock = Clock()
                side.semi(task, model, mix, clock, n_epochs=1)
                spent[mix.name] = clock.epochs[-1]
            for kind, value in spent.items():
                if round_number:
                    seconds.setdefault((side.name, kind), []).append(value)
    kinds = ["scvi", *(mix.name for mix in MIXES)]
    medians = {key: median(values) for key, values in seconds.items()}
    ratios = {kind: medians["stock", kind] / medians["ours", kind] for kind in kinds}
    epochs = {f"seconds_epoch_{kind}_{side}": medians[side, kind] for kind in kinds for side in ("stock", "ours")}
    return {"ratio_step": min(ratios.values()), **{f"ratio_step_{k}": v for k, v in ratios.items()}, **epochs}


def _seconds_to(goal: float, trace: list[tuple[int, float, float]]) -> float | None:
    """Seconds until the held-out ELBO first reached the goal; None where it never did."""
    return next((seconds for _, seconds, elbo in trace if elbo >= goal), None)


def _quieten() -> None:
    import scvi

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    scvi.settings.verbosity = logging.ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--dataset", default="pbmc68k", help="pbmc68k, simulated, or the path of an .h5ad file")
    parser.add_argument("--label-key")
    parser.add_argument("--batch-key")
    parser.add_argument("--labelled-rate", type=float, default=0.2)
    parser.add_argument("--threads", type=int, default=1, help="of both sides")
    parser.add_argument("--schedule", default=TrainSettings.schedule, help="ours [%(default)s]")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return parser


if __name__ == "__main__":
    main()
