"""Labels that say that a cell's type is not known, such as "unknown" or "Unassigned": proposed, never decided.

A model takes every label for a type. "doublet" and "other" are not among these: they say what a cell was found to be.
"""

import re
import shlex
from collections.abc import Mapping

from semafo import wording
from semafo.settings.run_config import DatasetSpec

_NOT_KNOWN = re.compile(
    r"(un(known|label+ed|assigned|annotated|classified|determined|defined|identified|specified|characteri[sz]ed)"
    r"|(not|no|non)( been)? ?(known|label+ed|assigned|annotated|classified|determined|defined|identified|available"
    r"|applicable|label|annotation|type|match)|missing|null|nil|tbd|n ?a|nd)( cells?)?( ?types?)?"
)


def proposed(sizes: Mapping[str, int]) -> dict[str, int]:
    """Those labels, with their cells, that seem to be no types."""
    return {name: n for name, n in sizes.items() if is_no_type(name)}


def is_no_type(name: str) -> bool:
    """Whether a label seems to say that the type is not known; upper case and signs between words do not matter."""
    plain = " ".join(re.findall(r"\w+", name.lower().replace("_", " ")))
    return not plain or bool(_NOT_KNOWN.fullmatch(plain)) or name.strip() == "-1"


def warning_of(found: Mapping[str, int], spec: DatasetSpec) -> str:
    """What to know and to do about labels that seem to be no types, in sentences."""
    named = ", ".join(f"{name!r} ({wording.cells(n)})" for name, n in found.items())
    options = " ".join(f"--missing-label {shlex.quote(name)}" for name in found)
    return (
        f"Labels in {spec.label_key!r} that seem to say that the type is not known: {named}. Models learn and predict "
        "them, and are scored on them, as if they were types. To take these cells as unlabelled: "
        f"{options}, or the button on the pages Data and Annotate."
    )
