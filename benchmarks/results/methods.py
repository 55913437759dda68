"""What each method predicts on a division, cell by cell: the trained mixes, heads on top of them, and the baselines."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results.protocol import Division, Task, tasks
from benchmarks.results.training import prepared, scvi_latent, train
from semafo import keys
from semafo.evaluation.labels import classifiers
from semafo.evaluation.latent import embedding
from semafo.models.mixture_head import hybrid_probabilities
from semafo.settings.mix import Mix
from semafo.training.artefacts.baselines import N_COMPONENTS

PROPOSED = "SemafoVAE normalised + mixture"
SCVI_MIXTURE = "scVI latent + mixture"
GENES, LATENT, NEIGHBOURS = "logistic regression, HVGs", "logistic regression, scVI latent", "kNN, PCA"
MAJORITY = "majority type"
TRIED_WEIGHTS, TRIED_TEMPERATURES = (0.03, 0.1, 0.3), (0.5, 1.0)
BASELINES = (LATENT, GENES, NEIGHBOURS, MAJORITY)


@dataclass(frozen=True, eq=False)
class Setting:
    """The same cells and labels for all methods: a data set, a division, a labelled rate."""

    data: str
    form: str
    rate: float
    division: Division
    tasks: dict[Mix, Task]

    @property
    def config(self) -> object:
        """Settings that all mixes share."""
        return next(iter(self.tasks.values())).config

    def cells(self) -> pd.DataFrame:
        """The split's table."""
        return prepared(self.config).split.cells

    def visible_labels(self) -> np.ndarray:
        """(n,) what the models see: a type, or `keys.UNLABELLED`."""
        return prepared(self.config).cells.obs[keys.LABEL].astype(str).to_numpy()


def settings(part: str, kang: str | None) -> Iterator[Setting]:
    """All settings of a part."""
    groups: dict[tuple, dict[Mix, Task]] = {}
    for task in tasks(part, kang):
        key = (task.data, task.config.form, task.config.split.labelled_rate, task.division)
        groups.setdefault(key, {})[task.config.mix] = task
    for (data, form, rate, division), members in groups.items():
        yield Setting(data, form, rate, division, members)


def predictions(folder: Path, setting: Setting) -> dict[str, np.ndarray]:
    """Predicted type of every cell by method."""
    found = {}
    for mix, task in setting.tasks.items():
        arrays = train(folder, task).arrays
        found |= _by_model(mix, arrays, setting.visible_labels())
    return found | _by_baseline(folder, setting)


def tried_predictions(folder: Path, setting: Setting) -> dict[str, np.ndarray]:
    """Predicted type of every cell for each setting of the head that was tried."""
    labels, found = setting.visible_labels(), {}
    for mix, task in setting.tasks.items():
        arrays = train(folder, task).arrays
        types, classifier = arrays["types"], arrays["probabilities"]
        codes = pd.Index(types).get_indexer(labels)
        found[mix.name] = types[classifier.argmax(1)]
        for weight, temperature in product(TRIED_WEIGHTS, TRIED_TEMPERATURES):
            options = {"unlabelled_weight": weight, "temperature": temperature}
            name = f"{mix.name} + mixture (unlabelled {weight:g}, temperature {temperature:g})"
            found[name] = types[hybrid_probabilities(arrays["z"], classifier, codes, **options).argmax(1)]
    return found | {name: found_ for name, found_ in _by_baseline(folder, setting).items() if name != MAJORITY}


def _by_model(mix: Mix, arrays: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, np.ndarray]:
    types = arrays["types"]
    name = mix.name
    found = {name: types[arrays["probabilities"].argmax(1)]}
    if "before" in arrays:
        found[f"{name}, before the query stage"] = types[arrays["before"].argmax(1)]
    if name in ("scANVI", "SemafoVAE normalised"):
        codes = pd.Index(types).get_indexer(labels)
        hybrid = hybrid_probabilities(arrays["z"], arrays["probabilities"], codes)
        title = PROPOSED if name == "SemafoVAE normalised" else f"{name} + mixture"
        found[title] = types[hybrid.argmax(1)]
    return found


def _by_baseline(folder: Path, setting: Setting) -> dict[str, np.ndarray]:
    """Fitted on the labels that the models see."""
    cells, config = prepared(setting.config), setting.config
    labels = setting.visible_labels()
    is_labelled = labels != keys.UNLABELLED
    latent = scvi_latent(folder, config)
    genes = embedding.log_normalise(cells.cells.X)
    first = embedding.log_normalise(cells.training_cells().X)
    _, pca = embedding.pca(first, N_COMPONENTS, also=genes, seed=0)
    return {
        LATENT: classifiers.predict_logistic(latent, labels, is_labelled),
        GENES: classifiers.predict_logistic(genes, labels, is_labelled, classifiers.GENES_PENALTY),
        NEIGHBOURS: classifiers.predict_neighbours(pca, labels, is_labelled),
        MAJORITY: classifiers.predict_majority(labels, is_labelled),
        SCVI_MIXTURE: _scvi_mixture(latent, labels, is_labelled),
    }


def _scvi_mixture(latent: np.ndarray, labels: np.ndarray, is_labelled: np.ndarray) -> np.ndarray:
    """The same head without any semi-supervised VAE: what the VAE adds is the difference to this."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / classifiers.LATENT_PENALTY, max_iter=5000)
    model.fit(latent[is_labelled], labels[is_labelled])
    codes = pd.Index(model.classes_).get_indexer(labels)
    return model.classes_[hybrid_probabilities(latent, model.predict_proba(latent), codes).argmax(1)]
