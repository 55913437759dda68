"""Settings of a run as frozen dataclasses, with their defaults.

A `RunConfig` is everything that decides a run's numbers (with the machine type and the installed versions). Two equal
configs are the same run, see `RunConfig.fingerprint`. What is None in `TrainSettings` is chosen by
`semafo.settings.schedule` for the number of cells.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from semafo import keys
from semafo.errors import require
from semafo.settings import fingerprint as settings_fingerprint
from semafo.settings.mix import Mix

DEFAULT_DATASET = "pbmc68k"
# Schedules, see `semafo.settings.schedule`. A name keeps its meaning for ever: runs are stored under it.
CONDENSED, CONSTANT, ONE_CYCLE = "condensed", "constant", "one-cycle"
# In the titles of runs that are not on the default
SCHEDULE_MARKS = {CONSTANT: "constant schedule", ONE_CYCLE: "preview"}
PAPER_WEIGHTS = 0.5  # share of the bio scores in the total: paper 0.5
SCIB_WEIGHTS = 0.6  # scIB's own


@dataclass(frozen=True)
class DatasetSpec:
    """Which cells, and which of their columns.

    Parameters
    ----------
    name
        Name in the catalogue (`pbmc68k`, `simulated`, `simulated:pancreas-like`, `simulated:cells=5000,genes=800`) or
        the path of an .h5ad file.
    label_key, batch_key
        obs columns; None takes the catalogue's default. Without a batch column all cells are one batch.
    counts
        Where the counts are: "auto", "X", "raw" or "layers/NAME".
    n_hvg
        Highly variable genes to keep, at least 1; all genes where the data have fewer.
    query
        A second data set (catalogue name or path) without labels of its own, to be annotated by the first; None where
        one data set holds everything.
    min_overlap
        Share of the genes that the model reads which `query` must have, 0 to 1, weighted by what they carry, see
        `semafo.data.reading.gene_overlap`. Missing genes count as zeros.
    gene_key
        var column with the names of the genes, for data whose var_names are something else; None takes var_names.
    query_gene_key
        The same of `query`; None takes `gene_key` where the query has such a column, and its var_names where not.
    missing_labels
        Values of the label column that are no types, such as "unassigned": these cells have no label.
    round_counts
        Round counts with decimals to whole ones. Without it the models read them as they are, as scvi-tools does.
    """

    name: str = DEFAULT_DATASET
    label_key: str | None = None
    batch_key: str | None = None
    counts: str = "auto"
    n_hvg: int = 2000
    query: str | None = None
    min_overlap: float = 0.7
    gene_key: str | None = None
    query_gene_key: str | None = None
    missing_labels: tuple[str, ...] = ()
    round_counts: bool = False

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "The data set has no name. Give a name from the catalogue or an .h5ad file.")
        require(self.n_hvg >= 1, f"n_hvg is {self.n_hvg}: keep at least one gene (2000 is usual).")
        known = self.counts in ("auto", "X", "raw") or self.counts.startswith("layers/")
        require(known, f"counts is {self.counts!r}: choose 'auto', 'X', 'raw' or 'layers/NAME'.")
        overlap = self.min_overlap
        require(0 <= overlap <= 1, f"The least gene overlap is {overlap}: give a share between 0 and 1.")
        object.__setattr__(self, "missing_labels", tuple(sorted(set(self.missing_labels))))  # a set, and one spelling

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what is younger than stored runs is left out where it is the default."""
        values = asdict(self)
        return {name: value for name, value in values.items() if name not in _YOUNGER or value != _YOUNGER[name]}


# Fields that runs of earlier versions do not have: at their defaults they compute the same, under the same id
_YOUNGER = {
    name: getattr(DatasetSpec, name) for name in ("gene_key", "query_gene_key", "missing_labels", "round_counts")
}


@dataclass(frozen=True)
class SplitSettings:
    """Which cells are reference, labelled, hidden and test.

    Parameters
    ----------
    reference
        Batches that make the reference. Empty: one stage, all cells trained together.
    labelled_rate
        Share of labelled cells, 0 to 1: of the query's cells (surgery), of the cells that may be labelled (one stage).
    labelled_batches
        Whole query batches that are labelled; every other query batch is hidden and makes the test part. Replaces
        `labelled_rate` where it is not None (an empty tuple labels none).
    test_share
        Share of the query that is never labelled at any rate, 0 to 1 exclusive.
    stratified
        Draw test and labelled cells by type. False draws them blindly, as people do who do not know the truth.
    split_seed
        Seed of the split alone.
    reference_only
        Train on the reference alone and leave every other batch out: no query, no test cells.
    left_out_types
        Types whose labels no model sees, the reference's included: a check of what happens to types nobody labelled.
    calibration_share
        Share of the cells that the labelled rate labels whose labels are kept from the model to fit the temperature on,
        0 (no temperature) to 1 exclusive.
    leak
        Repeat the published notebook's way of hiding labels, which hides none: every query label is trained on. For
        demonstration; scores are then of labels that the model has seen.
    """

    reference: tuple[str, ...] = ()
    labelled_rate: float = 0.2
    labelled_batches: tuple[str, ...] | None = None
    test_share: float = 0.3
    stratified: bool = True
    split_seed: int = 0
    reference_only: bool = False
    left_out_types: tuple[str, ...] = ()
    calibration_share: float = 0.0
    leak: bool = False

    def __post_init__(self) -> None:
        rate = self.labelled_rate
        require(0 <= rate <= 1, f"The labelled rate is {rate}: give a share between 0 and 1 (0.2 is 20 %).")
        require(0 < self.test_share < 1, f"The test share is {self.test_share}: give a share between 0 and 1.")
        require(self.split_seed >= 0, f"The split seed is {self.split_seed}: seeds are 0 or more.")
        both = set(self.reference) & set(self.labelled_batches or ())
        require(not both, f"{_names(both)} cannot be both reference and labelled query. Choose one.")
        share = self.calibration_share
        require(0 <= share < 1, f"The calibration share is {share}: give a share of 0 or more, below 1.")
        require(
            bool(self.reference) or not self.reference_only,
            "Only the reference is to be trained on, and there is none. Choose reference batches.",
        )
        if not self.reference:
            require(
                rate > 0 or self.labelled_batches is not None,
                "A labelled rate of 0 without a reference leaves no label to learn from. Raise the rate, or choose "
                "reference batches.",
            )
            require(
                self.labelled_batches is None or len(self.labelled_batches) > 0,
                "No batch is labelled and there is no reference, so there is no label to learn from. Label a batch, or "
                "choose reference batches.",
            )

    @property
    def form(self) -> str:
        """`keys.SURGERY` where a reference is chosen, `keys.ONE_STAGE` otherwise."""
        return keys.SURGERY if self.reference else keys.ONE_STAGE


@dataclass(frozen=True)
class Architecture:
    """Networks of the reconstruction VAE. The controlling VAE takes its sizes from it."""

    n_layers: int
    n_latent: int
    n_hidden: int
    gene_likelihood: str
    scarches: bool  # layer norm and encoded covariates, which query surgery needs

    def scvi_kwargs(self) -> dict[str, Any]:
        """Keyword arguments of `scvi.model.SCVI`."""
        sizes = {name: getattr(self, name) for name in ("n_layers", "n_latent", "n_hidden", "gene_likelihood")}
        if not self.scarches:
            return sizes
        norms = {"use_layer_norm": "both", "use_batch_norm": "none"}
        return {**sizes, **norms, "encode_covariates": True, "deeply_inject_covariates": False}


ARCHITECTURES = {
    keys.SURGERY: Architecture(n_layers=2, n_latent=10, n_hidden=128, gene_likelihood="zinb", scarches=True),
    keys.ONE_STAGE: Architecture(n_layers=2, n_latent=30, n_hidden=128, gene_likelihood="nb", scarches=False),
}
SAMPLES_PER_LABEL = {keys.SURGERY: None, keys.ONE_STAGE: 100}


@dataclass(frozen=True)
class TrainSettings:
    """How long and how each stage is trained.

    Parameters
    ----------
    schedule
        "condensed", "constant" or "one-cycle", see `semafo.settings.schedule`, which chooses whatever is None here.
    epochs_pretrain, epochs_reference, epochs_query
        Epochs of the scVI stage, of the semi-supervised stage and, in surgery, of the query stage.
    learning_rate
        Adam's in every stage; the highest one where a schedule changes it.
    kl_warmup_epochs
        Epochs in which the KL terms' weight rises from 0 to 1; begins again in each stage.
    seed
        Training seed: weights, minibatches and draws.
    n_threads
        Threads of OpenMP, BLAS, numba and torch. Part of the run: another number gives other bits.
    accelerator
        "auto" trains on a GPU where there is one, "cpu" never does. Other bits, too.
    """

    schedule: str = CONDENSED
    epochs_pretrain: int | None = None
    epochs_reference: int | None = None
    epochs_query: int | None = None
    batch_size: int = 128
    learning_rate: float | None = None
    kl_warmup_epochs: float | None = None
    classification_ratio: float = 50.0
    seed: int = 0
    n_threads: int = 1
    accelerator: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs_pretrain", "epochs_reference", "epochs_query", "batch_size", "n_threads"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"{name} is {value}: give 1 or more.")
        require(self.seed >= 0, f"The seed is {self.seed}: seeds are 0 or more.")
        for name in ("learning_rate", "kl_warmup_epochs"):
            value = getattr(self, name)
            require(value is None or value > 0, f"{name} is {value}: give a number above 0.")
        known = self.schedule in (CONDENSED, CONSTANT, ONE_CYCLE)
        known_device = self.accelerator in ("auto", "cpu")
        require(known_device, f"The accelerator is {self.accelerator!r}: choose 'auto' or 'cpu'.")
        require(known, f"The schedule is {self.schedule!r}: choose {CONDENSED!r}, {CONSTANT!r} or {ONE_CYCLE!r}.")


@dataclass(frozen=True)
class EvaluationSettings:
    """How a trained model is looked at. `seed` is that of UMAP and KMeans."""

    seed: int = 0
    umap_neighbours: int = 15
    umap_min_dist: float = 0.3


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's numbers, with the machine type and the installed versions."""

    dataset: DatasetSpec = field(default_factory=DatasetSpec)
    split: SplitSettings = field(default_factory=SplitSettings)
    mix: Mix = field(default_factory=Mix)
    train: TrainSettings = field(default_factory=TrainSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)

    @property
    def form(self) -> str:
        """`keys.SURGERY` or `keys.ONE_STAGE`."""
        return self.split.form

    @property
    def title(self) -> str:
        """Short name for people: mix · rate · seed, and the schedule where it is not the default."""
        if self.split.reference_only:
            labels = "reference only"
        elif self.split.labelled_batches is None:
            labels = f"{self.split.labelled_rate:.0%}".replace("%", " %")
        else:
            labels = "+".join(self.split.labelled_batches) or "0 %"
        leaked = " · labels leaked" if self.split.leak else ""
        schedule = "".join(f" · {mark}" for name, mark in SCHEDULE_MARKS.items() if name == self.train.schedule)
        return f"{self.mix.name} · {labels} · seed {self.train.seed}{schedule}{leaked}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "dataset": self.dataset.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; unknown or bad values raise SettingsError."""
        return settings_fingerprint.build(cls, values)

    def fingerprint(self, **context: Any) -> str:
        """Hash of the settings and of anything else that decides the numbers (data, versions), 64 hex digits."""
        return settings_fingerprint.fingerprint(self.to_dict(), context)


def _names(values: Any) -> str:
    return ", ".join(sorted(map(str, values)))
