"""Numbers and states in words: units, intervals, durations."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeGuard

from semafo import keys
from semafo.settings.run_config import CONDENSED, CONSTANT, ONE_CYCLE, SCHEDULE_MARKS, RunConfig

UNDEFINED = "–"
_LAST_SECOND = 9e9  # the year 2255: tables hold no time after 2262
STATES = {
    keys.QUEUED: "Waiting",
    keys.RUNNING: "Training",
    keys.DONE: "Done",
    keys.FAILED: "Failed",
    keys.CANCELLED: "Cancelled",
    keys.UNREADABLE: "Cannot be read",
}
STAGES = {
    keys.PRETRAIN: "scVI, without labels",
    keys.SEMI_SUPERVISED: "Semi-supervised stage",
    keys.QUERY_STAGE: "Query stage",
    keys.MAPS: "Predictions and UMAP",
    keys.SCORES: "Integration scores",
}
FORMS = {keys.ONE_STAGE: "one stage", keys.SURGERY: "surgery"}
PARTS = {
    keys.REFERENCE: "Reference",
    keys.LABELLED: "Labelled",
    keys.HIDDEN: "Hidden",
    keys.TEST: "Test, never labelled",
    keys.CALIBRATION: "Kept for the temperature",
    keys.MISSING: "No label in the data",
}
TERMS = {
    "reconstruction": "Reconstruction",
    "kl": "KL",
    "loss": "Loss",
    "scanvi_regulariser": "scANVI regulariser",
    "semafo_regulariser": "SemafoVAE regulariser",
    "kl_u": "KL of u",
    "kl_y": "KL of y",
    "classification": "Classification",
}
BASELINES = {
    keys.MAJORITY: "majority type",
    keys.LOGISTIC_GENES: "logistic regression on HVGs",
    keys.LOGISTIC_LATENT: "logistic regression on the scVI latent",
    keys.KNN: "kNN on PCA",
    keys.BEFORE_QUERY_MIX: "before the query stage",
}
LEAKED, REFERENCE_ONLY = "labels leaked", "reference only"  # behind a run's name, wherever it is written
PREVIEW = SCHEDULE_MARKS[ONE_CYCLE]  # likewise
SCHEDULES = {
    CONDENSED: "Condensed",
    CONSTANT: "Constant (scvi-tools)",
    ONE_CYCLE: "Preview (one-cycle)",
}
LEAK_NOTE = (
    "Labels leaked on purpose: every query label was trained on, as the published notebook does. Scores of these runs "
    "are of labels that the model has seen, and say nothing about how well it does on cells without labels."
)
REFERENCE_NOTE = (
    "Trained on the reference alone, so there are no test cells: scores of these runs are on their training cells and "
    "cannot be compared with the others."
)
PREVIEW_NOTE = (
    "Previews are trained too short for the latent space of a full training: on the Kang cells batches mix worse, and "
    "the differences between scANVI and SemafoVAE in batches mixed and biology kept vanish or turn round."
)
MIXED_SCHEDULES = (
    "Different schedules: what differs between these runs may come from the training and not from the method."
)
MIXED_VERSIONS = (
    "These runs were trained by versions of Semafo that choose epochs or rates differently, so what differs between "
    "them may come from the training and not from the method. The Runs page has each run's epochs and rates."
)
NO_CLEAR_DIFFERENCE = "no clear difference"


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value can be shown as a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def score(value: Any, digits: int = 3) -> str:
    """A score with so many decimals, or a dash where it is undefined."""
    return f"{value:.{digits}f}" if is_number(value) else UNDEFINED


def count(value: Any) -> str:
    """A count with a thin space between thousands."""
    return f"{int(value):,}".replace(",", "\u2009") if is_number(value) else UNDEFINED


def cells(n: int) -> str:
    """`1 cell`, `2 299 cells`."""
    return counted(n, "cell")


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """`1 pair`, `12 pairs`; with a plural of its own `2 batches`."""
    return f"{count(n)} {numbered(n, noun, plural)}"


def numbered(n: int, noun: str, plural: str | None = None) -> str:
    """The noun as it stands behind a number: `pair` of one, `pairs` of all others."""
    return noun if n == 1 else plural or f"{noun}s"


def percent(value: Any, digits: int = 0) -> str:
    """A share from 0 to 1 as percent."""
    return f"{100 * value:.{digits}f} %" if is_number(value) else UNDEFINED


def interval(low: Any, high: Any, digits: int = 2) -> str:
    """`[0.81, 0.90]`, or nothing where it is not known."""
    return f"[{low:.{digits}f}, {high:.{digits}f}]" if is_number(low) and is_number(high) else ""


def accuracy(scores: Mapping[str, Any]) -> str:
    """`0.862 [0.81, 0.90]`: accuracy with its 95 % interval."""
    text = score(scores.get("accuracy"))
    return f"{text} {interval(scores.get('accuracy_low'), scores.get('accuracy_high'))}".strip()


def beyond_reference(mapping: Mapping[str, Any]) -> str:
    """How many of the query's cells lie beyond the reference: the note `mapping` of a run's predictions, in words."""
    threshold = mapping["threshold"]
    return (
        f"{percent(mapping['share_beyond'])} of the query's cells ({count(mapping['n_beyond'])} of "
        f"{count(mapping['n_query'])}) lie beyond the reference (mapping score below {threshold:g}): farther from its "
        f"cells than {percent(1 - threshold)} of its own of the same type."
    )


def points(share: Any, signed: bool = True) -> str:
    """A share or difference of shares in percentage points: `+1.2`, `−0.4`."""
    if not is_number(share):
        return UNDEFINED
    return f"{100 * share:{'+' if signed else ''}.1f}".replace("-", "−")


def points_interval(low: Any, high: Any) -> str:
    """`[−0.5, 3.3]`, percentage points, or nothing where it is not known."""
    return f"[{points(low, False)}, {points(high, False)}]" if is_number(low) and is_number(high) else ""


def p_value(p: Any) -> str:
    """`p 0.21`, `p < 0.001`."""
    if not is_number(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p {p:.3f}" if p < 0.1 else f"p {p:.2f}"


def named(names: Collection[object]) -> str:
    """Names in alphabetical order, with commas; those that hold a comma in quotation marks."""
    return ", ".join(repr(name) if "," in name else name for name in sorted(map(str, names)))


def listed(parts: Sequence[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def capitalised(text: str) -> str:
    """Text with a capital at its start, but for names that begin with a small letter."""
    return text if text.startswith("kNN") else text[:1].upper() + text[1:]


def marked_title(config: RunConfig, own: str | None = None) -> str:
    """A run's own name or title, with a mark where its scores mean something else than those of other runs."""
    title = own or config.title
    marks = {
        PREVIEW: config.train.schedule == ONE_CYCLE,
        LEAKED: config.split.leak,
        REFERENCE_ONLY: config.split.reference_only,
    }
    missing = [mark for mark, holds in marks.items() if holds and mark not in title]
    return " · ".join([title, *missing])


def without_common_parts(names: Sequence[str]) -> list[str]:
    """Names without the parts that all share: `scANVI · 20 % · seed 0` beside `Both · 20 % · seed 0` is `scANVI`.

    Marks (see `marked_title`) stay.
    """
    split = [name.split(" · ") for name in names]
    common = set(split[0]).intersection(*split[1:]) if len(split) > 1 else set()
    common -= {PREVIEW, LEAKED, REFERENCE_ONLY}
    short = [" · ".join(part for part in parts if part not in common) for parts in split]
    return short if all(short) and len(set(short)) == len(short) else list(names)


def plain(text: str) -> str:
    """HTML without its tags, as long as people see it."""
    return re.sub(r"<[^>]+>", "", text).replace("&nbsp;", " ")


def duration(seconds: Any) -> str:
    """`40 s`, `3 min 20 s`, `1 h 5 min`."""
    if not is_number(seconds):
        return UNDEFINED
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(seconds: Any) -> datetime | None:
    """Time of a clock in seconds since 1970; None for what no clock, not even a wrong one, can have said."""
    return datetime.fromtimestamp(seconds, UTC) if is_number(seconds) and 0 <= seconds < _LAST_SECOND else None


def about(seconds: Any) -> str:
    """A rough duration: `about 40 s`, `about 3 min`."""
    if not is_number(seconds):
        return UNDEFINED
    step = 5 if seconds < 60 else 60
    return f"about {duration(max(step, step * round(seconds / step)))}"


def size(n_bytes: Any) -> str:
    """`2.5 GB`, `350 MB`, `18.6 MB`, `45 kB`: powers of ten, as disks are sold."""
    if not is_number(n_bytes):
        return UNDEFINED
    for unit, one in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= one:
            return f"{n_bytes / one:.{0 if n_bytes >= 100 * one else 1}f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB" if n_bytes >= 1e3 else f"{n_bytes:.0f} B"


def shortened(text: str, limit: int) -> str:
    """At most so many characters, with an ellipsis in the middle: both ends of a type's name tell it apart."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def progress_line(progress: dict[str, Any]) -> str:
    """`Query stage · epoch 12 of 100 · 20 s left`."""
    parts = [STAGES.get(progress.get("stage", ""), "Starting")]
    if progress.get("n_epochs"):
        parts.append(f"epoch {progress.get('epoch', 0)} of {progress['n_epochs']}")
    if is_number(progress.get("seconds_left")):
        parts.append(f"{duration(progress['seconds_left'])} left")
    return " · ".join(parts)


def courses(stated: dict[str, dict[str, Any]]) -> list[str]:
    """`Semi-supervised stage: 20 epochs, learning rate up to 0.01 (one-cycle), weight of the KL terms up to 0.05.`"""
    return [
        f"{STAGES.get(stage, stage)}: {counted(course['n_epochs'], 'epoch')}, learning rate {learning_rate(course)}, "
        f"weight of the KL terms up to {_last_kl_weight(course):.2g}."
        for stage, course in stated.items()
    ]


def learning_rate(course: dict[str, Any]) -> str:
    """`up to 0.01 (one-cycle)`, `0.003, falling to 0.0006`, `0.001 (constant)`. course: as a run's folder has it."""
    rate = course["learning_rate"]
    if course["one_cycle"]:
        return f"up to {rate:g} (one-cycle)"
    if course.get("rate_path"):
        return f"{rate:g}, falling to {rate * course['rate_path'][-1][1]:g}"
    return f"{rate:g} (constant)"


def _last_kl_weight(course: dict[str, Any]) -> float:
    if course.get("kl_path"):
        return float(course["kl_path"][-1][1])
    return float(min(1.0, (course["n_epochs"] - 1) / course["kl_warmup_epochs"]))
