"""Names of batches and types as options give them: one, several between commas, or a file with one a line.

A comma separates only where it cannot belong to a name: "Doe, 2020" is one batch where the data have a batch of that
name. Names are looked up in the data for that.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import SettingsError
from semafo.runs.background.preflight import inspect
from semafo.runs.home import Home
from semafo.settings.run_config import DatasetSpec

_FILE = "@"
_OF_BATCHES, _OF_TYPES = ("reference", "labelled"), ("leave_out",)


def resolved(home: Home, spec: DatasetSpec, options: dict[str, Any]) -> dict[str, Any]:
    """The options with lists of names in place of what was typed for batches and types.

    Raises
    ------
    DataError, SettingsError
        The data cannot be read, where they are needed to tell names apart, or a file of names cannot.
    """
    found = dict(options)
    for column, fields in ((keys.BATCH_COLUMN, _OF_BATCHES), (keys.TRUE, _OF_TYPES)):
        given = [field for field in fields if options.get(field)]
        if given:
            known = set(inspect(home, spec).cells[column].dropna().astype(str))
            found |= {field: named(options[field], known) for field in given}
    return found


def named(texts: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """The names that the values of a repeatable option mean, each once.

    Parameters
    ----------
    known
        Names that there are. What is none of them is passed on, for whoever looks it up to refuse it.

    Raises
    ------
    SettingsError
        A file of names cannot be read.
    """
    return tuple(dict.fromkeys(name for text in texts for name in _names_in(text.strip(), known)))


def _names_in(text: str, known: Collection[str]) -> Sequence[str]:
    if text in known or not text:
        return [text] if text else []
    if text.startswith(_FILE):
        return _lines_of(Path(text.removeprefix(_FILE)))
    parts, found = text.split(","), []
    while parts:  # the longest name that begins here
        size = next((size for size in range(len(parts), 0, -1) if _joined(parts[:size]) in known), 1)
        found.append(_joined(parts[:size]))
        parts = parts[size:]
    found = [name for name in found if name]
    return found if not known or any(name in known for name in found) else [_joined([text])]


def _joined(parts: Sequence[str]) -> str:
    """Parts between commas as one name, without the quotation marks that may stand around it."""
    text = ",".join(parts).strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def _lines_of(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The names in {path} cannot be read: {_why(error)}. Give a text file, one name a line."
        ) from None
    return [line.strip() for line in lines if line.strip()]


def _why(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is no text in UTF-8"
