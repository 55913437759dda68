"""How each regulariser changes the scale of the latent space: `python -m benchmarks.shrinkage`.

Built-in pbmc68k in one stage, constant schedule, a fifth of the cells labelled: scVI for 200 epochs a seed, then each
mix for 20 epochs from its weights. Everything is measured on the test cells, at the means of q(z|x), and printed as a
table.
"""

import argparse
import logging
import os
import warnings
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from anndata import AnnData

from semafo import keys
from semafo.evaluation.latent.diagnostics import label_gap, latent_scale
from semafo.models.semafovi import SemafoVI
from semafo.runs.library.store import in_context
from semafo.settings.mix import Mix
from semafo.settings.run_config import CONSTANT, DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared, prepare

MIXES = (Mix(1, 0), Mix(0, 1), Mix(0, 1, "normalised"), Mix(1, 1), Mix(1, 1, "normalised"))
COLUMNS = ("sd of z over cells", "sd of q(z given x)", "label gap, nats", "accuracy")


class Silent:
    """A progress that nobody watches."""

    def plan(self, expected: dict[str, float]) -> None:
        """Say nothing."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Say nothing."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Say nothing."""

    def checkpoint(self) -> None:
        """Go on."""


def measure(model: SemafoVI, cells: AnnData, truth: np.ndarray) -> list[float]:
    """The columns of one row, on the given cells; label gap and accuracy are NaN where the model knows no labels."""
    mean, variance = model.get_latent_representation(cells, return_dist=True)
    row = [latent_scale(mean), float(np.sqrt(variance).mean())]
    if not isinstance(model, SemafoVI):
        return [*row, np.nan, np.nan]
    codes = np.array([model.label_names.index(name) for name in truth])
    gap = label_gap(model.label_log_density(cells), codes)
    return [*row, gap, float((model.predict(cells) == truth).mean())]


def measure_seed(config: RunConfig, prepared: Prepared) -> dict[str, list[float]]:
    """A row for scVI and for each mix, from one scVI stage."""
    split = prepared.split.cells
    test = (split[keys.PART] == keys.TEST).to_numpy()
    cells, truth = prepared.cells[test].copy(), split.loc[test, keys.TRUE].astype(str).to_numpy()
    pretrained = stage_models.pretrain(prepared.training_cells(), config, Silent())
    rows = {"scVI, before": measure(pretrained, cells, truth)}
    for mix in MIXES:
        model = stage_models.semi_supervise(pretrained, replace(config, mix=mix), Silent())
        rows[mix.name] = measure(model, cells, truth)
    return rows


def as_table(by_seed: list[dict[str, list[float]]]) -> str:
    """Mean over seeds, with the smallest and the largest in brackets, as Markdown."""
    lines = ["| after 20 epochs | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name in by_seed[0]:
        values = np.array([rows[name] for rows in by_seed])  # (seeds, columns)
        cells = [
            "–" if np.isnan(column).any() else f"{column.mean():.2f} [{column.min():.2f}, {column.max():.2f}]"
            for column in values.T
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="pbmc68k")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    config = RunConfig(
        DatasetSpec(options.dataset), SplitSettings(labelled_rate=0.2), train=TrainSettings(CONSTANT, 200)
    )
    config, context = in_context(config)
    prepared = prepare(config, context)
    by_seed = [
        measure_seed(replace(config, train=replace(config.train, seed=seed)), prepared) for seed in range(options.seeds)
    ]
    n_test = int((prepared.split.cells[keys.PART] == keys.TEST).sum())
    print(f"{options.dataset}, one stage, {n_test} test cells, mean of {options.seeds} seeds [smallest, largest]\n")
    print(as_table(by_seed))


if __name__ == "__main__":
    main()
