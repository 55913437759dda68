"""Whether the faster training is as good: both sides over several seeds, each seed with a split of its own."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.training.sides import MIXES, Ours, Stock, Task, compare
from semafo.settings.run_config import DatasetSpec

MARGIN = 0.01  # by which an accuracy may be lower and still count as no worse


def quality(
    dataset: DatasetSpec, labelled_rate: float, seeds: Iterable[int], n_threads: int, keep: str | None
) -> dict[str, Any]:
    """Means of both sides, and differences (ours - stock) with Student's 95 % interval over seeds."""
    found = {
        seed: {side.name: _reached(dataset, labelled_rate, seed, n_threads, side, keep) for side in (Ours(), Stock())}
        for seed in seeds
    }
    result: dict[str, Any] = {"n_seeds": len(found)}
    names = ["elbo_scvi", *(f"{score}_{mix.name}" for mix in MIXES for score in ("elbo", "accuracy"))]
    for name in names:
        if not all(f"{name}_ours" in each["ours"] for each in found.values()):
            continue
        ours, stock = (
            np.array([each[side][f"{name}_{side}"] for each in found.values()]) for side in ("ours", "stock")
        )
        low, high = _interval(ours - stock)
        result |= {f"{name}_stock": stock.mean(), f"{name}_ours": ours.mean()}
        result |= {f"difference_{name}": (ours - stock).mean(), f"low_{name}": low, f"high_{name}": high}
        if name.startswith("accuracy"):
            result[f"no_worse_{name}"] = bool(low > -MARGIN)
    return {name: float(value) if isinstance(value, np.floating) else value for name, value in result.items()}


def _reached(
    dataset: DatasetSpec, labelled_rate: float, seed: int, n_threads: int, side: Stock | Ours, keep: str | None
) -> dict[str, float]:
    path = Path(keep) / f"{side.name}-{Path(dataset.name).stem}-{labelled_rate:g}-{seed}.json" if keep else None
    if path is not None and path.exists():
        return json.loads(path.read_text())
    found = compare(Task.of(dataset, labelled_rate, seed, n_threads), side).described(side.name)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return found


def _interval(differences: np.ndarray) -> tuple[float, float]:
    n = len(differences)
    if n < 2:
        return float("nan"), float("nan")
    return stats.t.interval(0.95, n - 1, differences.mean(), differences.std(ddof=1) / np.sqrt(n))
