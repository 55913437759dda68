"""What the JSON files of a run's scores hold; see `semafo.runs.folder.file_contents`.

Entries that a reader does without are not required: runs of earlier versions lack some.
"""

from typing import Any, NotRequired, Required, TypedDict

from semafo.evaluation.labels.scores import LabelScores

Number = float | None


class BinNote(TypedDict):
    """A bin of the reliability diagram."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


class CalibrationReport(TypedDict, total=False):
    """How well confidence is calibrated on the test cells."""

    n: int
    ece: Number
    ece_scaled: Number
    bins: list[BinNote]
    bins_scaled: list[BinNote] | None


class CalibrationNote(TypedDict, total=False):
    """The temperature, and calibration with and without it."""

    temperature: Number
    n_fitted: int
    test: CalibrationReport


class TypeNote(TypedDict):
    """Scores of one type."""

    type: str
    n: int
    n_predicted: int
    precision: Number
    recall: Number
    f1: Number
    recall_low: Number
    recall_high: Number


class BatchNote(TypedDict):
    """Accuracy in one batch."""

    batch: str
    n: int
    n_correct: int
    accuracy: Number
    low: Number
    high: Number


class CoverageNote(TypedDict):
    """What a threshold keeps."""

    threshold: float
    coverage: Number
    n_kept: int
    accuracy: Number
    low: Number
    high: Number
    unseen_unknown: Number


class SupportNote(TypedDict, total=False):
    """What the reference's own cells lose without the genes that the query lacks."""

    by_type: dict[str, float]
    right: Required[float]
    right_with_all: Required[float]
    n_cells: int
    n_missing: int


class MappingNote(TypedDict):
    """How far the query lies from the reference."""

    k: int
    n_reference: int
    threshold: float
    n_query: int
    n_beyond: int
    share_beyond: float


class PredictionsNote(TypedDict, total=False):
    """predictions.json."""

    types: Required[list[str]]
    probability_types: list[str]
    test: LabelScores
    query: LabelScores
    reference: LabelScores | None
    before_query: dict[str, LabelScores] | None
    confusion: dict[str, list[list[int]]]
    per_type: dict[str, list[TypeNote]]
    by_batch: dict[str, list[BatchNote]]
    calibration: CalibrationNote
    coverage: dict[str, list[CoverageNote]]
    latent_scale: Number
    label_gap: Number
    support: SupportNote | None
    mapping: MappingNote


class IntegrationNote(TypedDict, total=False):
    """integration.json; without rows but with a reason where the scores could not be computed."""

    population: str
    n_cells: int
    n_batches: int
    rows: Required[dict[str, dict[str, float | bool | None]]]
    error: str


class BaselinesNote(TypedDict, total=False):
    """baselines.json."""

    rows: Required[dict[str, dict[str, LabelScores]]]
    error: str


class MarkersNote(TypedDict, total=False):
    """markers.json."""

    types: list[str]
    genes: list[str]
    mean: list[list[float]]
    share: list[list[float]]
    n: list[int]
    overlap: dict[str, Any]
    rows: dict[str, Any]
    error: str


class FactorNote(TypedDict):
    """What the dimensions carry of one factor."""

    name: str
    kind: str
    n: int
    n_values: int | None
    information: list[Number]


class TraversalNote(TypedDict):
    """Names of the axes of traversal.npy."""

    types: list[str]
    n_cells: list[int]
    batches: list[str]
    steps: list[float]
    genes: list[str]
    kept: list[list[int]] | None
    reach: NotRequired[list[float]]


class FactorScoresNote(TypedDict, total=False):
    """Disentanglement scores, see `semafo.evaluation.latent.disentanglement`."""

    of: str
    factors: list[str]
    mig: list[Number] | None
    sap: list[Number] | None
    completeness: list[Number] | None
    informativeness: list[Number] | None
    disentanglement: Number | list[Number]
    n_cells: int
    mean: dict[str, Number]


class FactorsNote(TypedDict, total=False):
    """factors.json."""

    n_cells: int
    n_used: int
    sd: list[float]
    factors: list[FactorNote]
    left_out: list[str]
    scores: FactorScoresNote | None
    traversal: TraversalNote | None
    rows: dict[str, Any]
    error: str
