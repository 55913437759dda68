"""Stages that several runs share, kept by what decides their numbers.

The scVI stage sees no labels, so all mixes and labelled rates of a seed share it, and so do scVI's and PCA's
embeddings. Their scores depend on the test cells as well, and the classifiers on all labels that are seen. Light to
import: the engine asks here which stages a run would have to make.
"""

import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Required, TypedDict

from semafo import keys
from semafo.files import read_json, remove_folder, write_json
from semafo.settings.fingerprint import fingerprint
from semafo.settings.run_config import RunConfig

_PRETRAIN_FIELDS = (
    *("schedule", "epochs_pretrain", "batch_size", "learning_rate", "kl_warmup_epochs"),
    *("seed", "n_threads", "accelerator"),
)
# What decides the cells that the scib table is about: the test cells or, where there are none, labelled ones.
_TEST_FIELDS = (
    *("test_share", "stratified", "split_seed", "labelled_batches"),
    *("reference_only", "left_out_types", "calibration_share"),
)


def pretrain_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of the scVI stage: data, genes, reference, architecture and training, but no labels."""
    dataset = {name: getattr(config.dataset, name) for name in ("batch_key", "counts", "n_hvg")}
    dataset |= _younger(config, "gene_key", "query_gene_key", "round_counts")
    train = {name: getattr(config.train, name) for name in _PRETRAIN_FIELDS}
    return f"scvi-{fingerprint(dataset, sorted(config.split.reference), config.form, train, context)[:16]}"


def scvi_query_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of scVI's own query surgery."""
    return f"scvi-query-{fingerprint(pretrain_key(config, context), config.train.epochs_query)[:16]}"


def embeddings_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of scVI's and PCA's embeddings of all cells."""
    has_query = config.form == keys.SURGERY and not config.split.reference_only
    latent = scvi_query_key(config, context) if has_query else pretrain_key(config, context)
    cells = (config.split.reference_only, config.dataset.query)
    return f"embeddings-{fingerprint(latent, cells, config.evaluation.seed)[:16]}"


def baselines_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of the scib scores of scVI and PCA on a split's test cells."""
    test = {name: getattr(config.split, name) for name in _TEST_FIELDS}
    embeddings = embeddings_key(config, context)
    return f"baselines-{fingerprint(embeddings, _labels(config), test, asdict(config.evaluation))[:16]}"


def classifiers_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of the baselines' predictions: everything but the mix and the training of the models."""
    split = {name: sorted(value) if isinstance(value, tuple) else value for name, value in asdict(config.split).items()}
    embeddings = embeddings_key(config, context)
    return f"classifiers-{fingerprint(embeddings, _labels(config), split, config.evaluation.seed)[:16]}"


def expression_key(config: RunConfig, context: dict[str, Any]) -> str:
    """Name of the expression kept for views: the data, and what decides which cells take part and which genes."""
    split = (config.form, sorted(config.split.reference), config.split.reference_only)
    return f"expression-{fingerprint(config.dataset.to_dict(), split, context)[:16]}"


def _labels(config: RunConfig) -> Any:
    """What decides the true labels: the column, and which of its values are none."""
    younger = _younger(config, "missing_labels")
    return [config.dataset.label_key, younger] if younger else config.dataset.label_key


def _younger(config: RunConfig, *names: str) -> dict[str, Any]:
    """Settings that stages of earlier versions were stored without, where they are not at their defaults."""
    values = config.dataset.to_dict()
    return {name: values[name] for name in names if name in values}


def all_keys(config: RunConfig, context: dict[str, Any]) -> tuple[str, ...]:
    """Every shared stage that a run could read or make."""
    of_training = (key(config, context) for key in (pretrain_key, scvi_query_key, expression_key))
    return (*of_training, *scoring_keys(config, context))


def scoring_keys(config: RunConfig, context: dict[str, Any]) -> tuple[str, ...]:
    """The shared stages of a run's second half, in the order in which they are made."""
    return tuple(key(config, context) for key in (embeddings_key, classifiers_key, baselines_key))


class _Meta(TypedDict, total=False):
    """What is relied on of a stage's note."""

    seconds: Required[float]
    n_epochs: int


@dataclass(frozen=True)
class StageCache:
    """A folder of stages. A stage is there whole or not at all."""

    folder: Path

    def has(self, key: str) -> bool:
        """Whether that stage is finished."""
        return self.meta(key) is not None

    def path(self, key: str) -> Path:
        """Folder of a finished stage."""
        return self.folder / key

    def meta(self, key: str) -> dict[str, Any] | None:
        """What was noted about a finished stage: `seconds`, and what its maker added."""
        noted: dict[str, Any] | None = read_json(self.folder / key / "meta.json", kind=_Meta)
        return noted

    def make(self, key: str, write: Callable[[Path], dict[str, Any]]) -> Path:
        """The stage's folder; where it is missing, `write` fills a draft that is then moved into place.

        `write` returns what is to be noted about the stage. Its time in seconds is added.
        """
        if self.has(key):
            return self.path(key)
        draft = self.folder / f".{key}-{uuid.uuid4().hex[:8]}"
        draft.mkdir(parents=True)
        try:
            start = time.perf_counter()
            noted = write(draft)
            write_json(draft / "meta.json", {**noted, "seconds": time.perf_counter() - start})
            if not self.has(key):
                self._move_in(draft, key)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return self.path(key)

    def _move_in(self, draft: Path, key: str) -> None:
        """Another worker may have made the same stage in this very moment: then its stage is as good.

        What lies there without saying what it is was damaged, and gives way.
        """
        try:
            draft.rename(self.path(key))
        except OSError:
            if not self.has(key):
                remove_folder(self.path(key))
                draft.rename(self.path(key))
