"""What the JSON files of a run's training hold; see `semafo.runs.folder.file_contents`.

Entries that a reader does without are not required: runs of earlier versions lack some.
"""

from typing import Any, Required, TypedDict

from semafo.data.reading.preflight import Report

Number = float | None


class Context(TypedDict, total=False):
    """What decides a run's numbers besides its settings."""

    data: Required[str]
    versions: dict[str, str]


class Settings(TypedDict, total=False):
    """config.json. The config itself is checked by `RunConfig.from_dict`."""

    config: Required[dict[str, Any]]
    context: Required[Context]
    batch: str | None
    schema: int


class ManifestEntry(TypedDict, total=False):
    """Size and hash of a file."""

    bytes: int
    sha256: str


class Manifest(TypedDict, total=False):
    """manifest.json."""

    run_id: str
    committed: float
    files: Required[dict[str, ManifestEntry]]


class ProgressNote(TypedDict, total=False):
    """progress.json."""

    stage: str | None
    stages: list[str | None]
    epoch: int | None
    n_epochs: int | None
    elapsed_seconds: Number
    seconds_left: Number
    fraction: Number
    terms: dict[str, float]


class HistoryLine(TypedDict):
    """A line of history.jsonl; the terms of the loss are further entries, all of them numbers."""

    stage: str
    epoch: int


class SplitNote(TypedDict, total=False):
    """split.json."""

    form: str
    n_cells: int
    n_reference: int
    n_query: int
    n_labelled: int
    n_calibration: int
    n_hidden: int
    n_test: int
    n_missing: int
    n_unseen: int
    n_genes: int
    labelled_rate: Number
    labelled_rate_requested: Number
    seen_types: list[str]
    unseen_types: list[str]
    warnings: list[str]
    by_batch: list[dict[str, str | int]]
    report: Report | None
    courses: "dict[str, CourseNote]"


class CourseNote(TypedDict, total=False):
    """How a stage was trained."""

    n_epochs: Required[int]
    learning_rate: Required[float]
    one_cycle: Required[bool]
    kl_warmup_epochs: Required[float]
    weight_decay: float
    rate_path: list[list[float]]
    kl_path: list[list[float]]
    adam_eps: float
    batch_norm_keeps_up: bool


class GenesNote(TypedDict):
    """genes.json."""

    genes: list[str]
    n_cells: int


class FrameNote(TypedDict):
    """A moment of the training."""

    stage: str
    epoch: int


class ReplayNote(TypedDict, total=False):
    """replay.json."""

    frames: Required[list[FrameNote]]
    n_epochs: Required[dict[str, int]]
    seconds: dict[str, float]
    scvi_stage: Required[str]


class ModelNote(TypedDict, total=False):
    """model.json."""

    genes: Required[list[str]]
    batches: list[str]
    labels: list[str]
    summary: str


class EnvironmentNote(TypedDict, total=False):
    """environment.json."""

    machine: str
    system: str
    python: str
    n_threads: int
    packages: dict[str, str]


class TsneNote(TypedDict, total=False):
    """X_tsne.json."""

    error: str | None
