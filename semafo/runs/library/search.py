"""Finding runs among many, and what people may write about them. Works with an engine and without."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from semafo.runs.folder.name_tags_notes import About, as_name, as_notes, as_tags
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store

_Row = TypeVar("_Row", bound=Mapping[str, Any])
_SEARCHED = ("name", "title", "notes", "dataset", "query", "mix", "form", "state", "run_id", "batch", "reason")


def rename(home: Home, run_id: str, name: str) -> RunRecord:
    """Give a run a name of its own; an empty one takes it back. Raises RunNotFound, SettingsError."""
    return annotate(home, run_id, name=name)


def tag(home: Home, run_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> RunRecord:
    """Add and remove tags; capitals make no difference. Raises RunNotFound, SettingsError."""
    leaving = {text.casefold() for text in as_tags(remove)}
    kept = [text for text in About.of(store.get(home, run_id).folder).tags if text.casefold() not in leaving]
    return annotate(home, run_id, tags=[*kept, *add])


def note(home: Home, run_id: str, notes: str) -> RunRecord:
    """Replace a run's notes. Raises RunNotFound, SettingsError."""
    return annotate(home, run_id, notes=notes)


def annotate(
    home: Home, run_id: str, *, name: str | None = None, tags: Iterable[str] | None = None, notes: str | None = None
) -> RunRecord:
    """Write what people say about a run, and tell the engine. What is None stays as it is.

    Raises
    ------
    RunNotFound
        There is no such run.
    SettingsError
        A text cannot be kept as it is; the message says what can.
    """
    record = store.get(home, run_id)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = as_name(name)
    if tags is not None:
        changes["tags"] = as_tags(tags)
    if notes is not None:
        changes["notes"] = as_notes(notes)
    replace(About.of(record.folder), **changes).write(record.folder)
    store.announce(home, record.run_id)
    return record


def search(
    rows: Sequence[_Row],
    text: str = "",
    *,
    dataset: str | None = None,
    state: str | None = None,
    tag: str | None = None,
    sweep: str | None = None,
) -> list[_Row]:
    """The rows in which every word of a text occurs, in their order; capitals make no difference, numbers are whole.

    Parameters
    ----------
    rows
        As `store.rows` gives them.
    text
        Looked for in name, title, tags, notes, data set, mix, state, reason and id.
    dataset
        Name of the data set; a file is found by its name without folders too.
    state
        One of the states of `keys`.
    tag, sweep
        A whole tag; the start of a sweep's id. None asks for nothing, as elsewhere.
    """
    wanted = _comparable(text).split()
    return [
        row
        for row in rows
        if (dataset is None or dataset in (row["dataset"], Path(row["dataset"]).name, Path(row["dataset"]).stem))
        and (state is None or row["state"] == state)
        and (tag is None or tag.casefold() in _folded(row.get("tags")))
        and (sweep is None or str(row.get("batch") or "").startswith(sweep))
        and _holds(row, wanted)
    ]


def tags_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """All tags, the most frequent first."""
    counts = Counter(text for row in rows for text in row.get("tags") or ())
    return sorted(counts, key=lambda text: (-counts[text], text.casefold()))


def _holds(row: Mapping[str, Any], wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    said = [str(row.get(key) or "") for key in _SEARCHED] + list(row.get("tags") or ())
    haystack = _comparable("\n".join(said))
    return all(_occurs(word, haystack) for word in wanted)


def _occurs(word: str, haystack: str) -> bool:
    """Part of a word is enough, but a number is looked for as a whole: seed 2 is not 20 %."""
    return re.search(rf"(?<!\w){word}(?!\w)", haystack) is not None if word.isdecimal() else word in haystack


def _comparable(text: str) -> str:
    """Titles have a blank before the percent sign; people leave it out."""
    return text.casefold().replace(" %", "%")


def _folded(tags: Iterable[str] | None) -> set[str]:
    return {text.casefold() for text in tags or ()}
