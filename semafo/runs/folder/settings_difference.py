"""What differs between the settings of runs, in words. Data and versions count: they decide numbers as settings do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from semafo import keys, wording
from semafo.runs.folder import checked_files
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import RunConfig

# Settings by their place in a RunConfig, in the order in which they are listed.
WORDS = {
    "dataset.name": "Data set",
    "dataset.label_key": "Label column",
    "dataset.batch_key": "Batch column",
    "dataset.counts": "Counts from",
    "dataset.n_hvg": "Highly variable genes",
    "dataset.query": "Query data set",
    "dataset.min_overlap": "Least gene overlap with the query",
    "dataset.gene_key": "Genes named by",
    "dataset.query_gene_key": "Genes of the query named by",
    "dataset.missing_labels": "Labels that are no types",
    "dataset.round_counts": "Counts rounded",
    "split.reference": "Reference batches",
    "split.labelled_rate": "Labelled rate",
    "split.labelled_batches": "Labelled batches",
    "split.test_share": "Test share",
    "split.stratified": "Cells drawn by type",
    "split.split_seed": "Seed of the split",
    "split.reference_only": "Reference only",
    "split.left_out_types": "Types nobody labels",
    "split.calibration_share": "Labels kept back for calibration",
    "split.leak": "Labels leaked, as in the published notebook",
    "mix.w_scanvi": "Weight of scANVI's regulariser",
    "mix.w_semafo": "Weight of SemafoVAE's regulariser",
    "mix.label_weighting": "Label weighting",
    "mix.head": "Predictions by",
    "train.schedule": "Schedule",
    "train.epochs_pretrain": "Epochs, scVI stage",
    "train.epochs_reference": "Epochs, semi-supervised stage",
    "train.epochs_query": "Epochs, query stage",
    "train.batch_size": "Cells in a minibatch",
    "train.learning_rate": "Learning rate",
    "train.kl_warmup_epochs": "Epochs of the KL warm-up",
    "train.classification_ratio": "Weight of the classification loss",
    "train.seed": "Training seed",
    "train.n_threads": "Threads",
    "train.accelerator": "Trained on",
    "evaluation.seed": "Seed of UMAP and KMeans",
    "evaluation.umap_neighbours": "Neighbours of UMAP",
    "evaluation.umap_min_dist": "Least distance of UMAP",
}
_SHARES = ("labelled_rate", "test_share", "calibration_share", "min_overlap")
_NOTHING = {"dataset.label_key": "the data set's own", "dataset.batch_key": "none", "dataset.query": "none"}
_NOTHING |= {"split.labelled_batches": "none, by rate", "dataset.gene_key": "var_names"}
_NOTHING |= {"dataset.query_gene_key": "the same as the reference's"}
_BY_SCHEDULE = "by the schedule"  # whatever else of the training is not given
_UNKNOWN = "not noted"
_DIGITS = 12  # of a fingerprint: enough to tell two apart


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same in all runs: its name, and its value in each run, in words."""

    setting: str
    values: tuple[str, ...]


def differences(settings: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """The settings that differ, data, versions and machine last.

    Parameters
    ----------
    settings
        `RunRecord.settings` of each run, with `environment` where it is known.

    Returns
    -------
    list of Difference
        One value a run, in the order given; a default is marked as such. Empty where everything is the same.
    """
    flat = [{**_flat(one["config"]), **_context(one)} for one in settings]
    names = dict.fromkeys([*WORDS, *(name for one in flat for name in one)])
    return [found for name in names if (found := _difference(name, flat)) is not None]


def between(records: Sequence[RunRecord]) -> list[Difference]:
    """`differences` of runs. Raises SettingsError where one cannot be read."""
    return differences(
        [
            {
                **record.settings,
                "config": asdict(record.config),  # what an older version did not know is at its default
                "environment": checked_files.read_object(record.folder, keys.ENVIRONMENT_FILE) or {},
            }
            for record in records
        ]
    )


def same_rest(found: Sequence[Difference]) -> str:
    """The line below the differences."""
    return "Everything else is the same." if found else "Settings, data and versions are all the same."


def _difference(name: str, flat: Sequence[Mapping[str, Any]]) -> Difference | None:
    values = [one.get(name, _UNKNOWN) for one in flat]
    if all(value == values[0] for value in values):
        return None
    return Difference(WORDS.get(name, name), tuple(_in_words(name, value) for value in values))


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    plain = {f"{part}.{name}": value for part, values in config.items() for name, value in values.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def _context(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Versions of a package that was not noted, and machines of runs that never trained, are left out."""
    context, environment = settings.get("context") or {}, settings.get("environment") or {}
    found = {"Content of the data": str(context.get("data", _UNKNOWN))[:_DIGITS]}
    found |= {f"Version of {package}": version for package, version in (context.get("versions") or {}).items()}
    places = {"machine": "Machine", "system": "System", "python": "Version of Python"}
    return found | {words: environment[name] for name, words in places.items() if name in environment}


def _in_words(name: str, value: Any) -> str:
    text = _value(name, value)
    return f"{text} (default)" if name in _DEFAULTS and value == _DEFAULTS[name] else text


def _value(name: str, value: Any) -> str:
    if value is None:
        return _NOTHING.get(name, _BY_SCHEDULE)
    if name == "train.schedule":
        return wording.SCHEDULES.get(value, str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if name.rpartition(".")[2] in _SHARES:
        return f"{100 * value:g} %"
    return f"{value:g}" if isinstance(value, float) else str(value)


_DEFAULTS = _flat(asdict(RunConfig()))
