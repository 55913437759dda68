"""Numbers and states in words: units, intervals, durations."""

import math
from typing import Any

from semafo import keys

UNDEFINED = "–"
STATES = {
    keys.QUEUED: "Waiting",
    keys.RUNNING: "Training",
    keys.DONE: "Done",
    keys.FAILED: "Failed",
    keys.CANCELLED: "Cancelled",
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


def is_number(value: Any) -> bool:
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
    return f"{count(n)} cell" if n == 1 else f"{count(n)} cells"


def percent(value: Any, digits: int = 0) -> str:
    """A share from 0 to 1 as percent."""
    return f"{100 * value:.{digits}f} %" if is_number(value) else UNDEFINED


def interval(low: Any, high: Any, digits: int = 2) -> str:
    """`[0.81, 0.90]`, or nothing where it is not known."""
    return f"[{low:.{digits}f}, {high:.{digits}f}]" if is_number(low) and is_number(high) else ""


def accuracy(scores: dict[str, Any]) -> str:
    """`0.862 [0.81, 0.90]`: accuracy with its 95 % interval."""
    text = score(scores.get("accuracy"))
    return f"{text} {interval(scores.get('accuracy_low'), scores.get('accuracy_high'))}".strip()


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


def about(seconds: Any) -> str:
    """A rough duration: `about 40 s`, `about 3 min`."""
    if not is_number(seconds):
        return UNDEFINED
    step = 5 if seconds < 60 else 60
    return f"about {duration(max(step, step * round(seconds / step)))}"


def size(n_bytes: Any) -> str:
    """`0.4 GB`, `350 MB`."""
    if not is_number(n_bytes):
        return UNDEFINED
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{max(1, round(n_bytes / 1e6))} MB"


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
