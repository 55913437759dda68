"""What the latent spaces are like beside accuracy: scib scores, calibration and scale, on the test cells."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results.methods import PROPOSED, Setting
from benchmarks.results.tables import markdown
from benchmarks.results.training import prepared, scvi_latent, train
from semafo import keys
from semafo.evaluation.integration.columns import aggregate
from semafo.evaluation.integration.table import integration_scores
from semafo.evaluation.labels.calibration import expected_calibration_error
from semafo.evaluation.latent import embedding
from semafo.evaluation.latent.diagnostics import latent_scale
from semafo.evaluation.uncertainty.significance import mean_interval
from semafo.models.mixture_head import hybrid_probabilities
from semafo.training.artefacts.baselines import N_COMPONENTS

RATE = 0.2
COLUMNS = {"bio": "bio", "batch": "batch", "total": "total (0.5/0.5)", "ece": "calibration error", "scale": "sd of z"}


def table(folder: Path, settings: list[Setting]) -> str:
    """Means and 95 % intervals over divisions of one data set and form, at the labelled rate `RATE`."""
    rows = pd.DataFrame(
        [
            {"method": method, "division": setting.division.seed, **values}
            for setting in settings
            for method, values in _scores(folder, setting)
        ]
    )
    total = rows.pivot(index="division", columns="method", values="total")
    beside = total.sub(total["scANVI"], axis=0).drop(columns="scANVI")
    lines = [
        [str(method), *(_text(group[column]) for column in COLUMNS), _text(beside.get(method, pd.Series(dtype=float)))]
        for method, group in rows.groupby("method", sort=False)
    ]
    return markdown(lines, ["", *COLUMNS.values(), "total minus scANVI's"])


def _scores(folder: Path, setting: Setting) -> Iterator[tuple[str, dict[str, float]]]:
    """Each embedding's scores on one division. The mixture head changes no embedding, so it has a calibration only."""
    cells = setting.cells()
    test = (cells[keys.PART] == keys.TEST).to_numpy()
    labels, batches = (cells.loc[test, name].astype(str).to_numpy() for name in (keys.TRUE, keys.BATCH_COLUMN))
    pca = _pca(setting)[test]

    def scib(z: np.ndarray) -> dict[str, float]:
        return {**aggregate(integration_scores(z, labels, batches, pca)), "scale": latent_scale(z)}

    for mix, task in setting.tasks.items():
        arrays = train(folder, task).arrays
        types, z, classifier = arrays["types"], arrays["z"], arrays["probabilities"]
        yield mix.name, {**scib(z[test]), "ece": _ece(classifier[test], types, labels)}
        if mix.name == "SemafoVAE normalised":
            codes = pd.Index(types).get_indexer(setting.visible_labels())
            yield PROPOSED, {"ece": _ece(hybrid_probabilities(z, classifier, codes)[test], types, labels)}
    yield "scVI", scib(scvi_latent(folder, setting.config)[test])
    yield "PCA", scib(pca)


def _pca(setting: Setting) -> np.ndarray:
    cells = prepared(setting.config)
    first, all_cells = embedding.log_normalise(cells.training_cells().X), embedding.log_normalise(cells.cells.X)
    return embedding.pca(first, N_COMPONENTS, also=all_cells, seed=0)[1]


def _ece(probabilities: np.ndarray, types: np.ndarray, labels: np.ndarray) -> float:
    seen = np.isin(labels, types)
    return expected_calibration_error(probabilities.max(1)[seen], (types[probabilities.argmax(1)] == labels)[seen])


def _text(values: pd.Series) -> str:
    interval = mean_interval(values.dropna().to_numpy(float))
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]" if interval else ""
