"""What people say about a run: a name of their own, tags, notes. In a file that decides no number."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from semafo import keys
from semafo.errors import RunNotFound, SettingsError, require
from semafo.files import read_json, write_json

SCHEMA = 1
MOST_TAGS = 12
LONGEST_NAME, LONGEST_TAG, LONGEST_NOTES = 80, 24, 10_000  # characters
_TAG = re.compile(r"[\w.+%-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class About:
    """What `about.json` says.

    Attributes
    ----------
    name
        Name that people gave the run; None where it has its title only.
    tags
        Short words, in the order in which they were given, none twice.
    notes
        Text of any kind.
    """

    name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """What the folder's file says; what nobody may write is left out, as the file may come from elsewhere."""
        values = _values(folder)
        name, notes, tags = (values.get(key) for key in ("name", "notes", "tags"))
        good = [tag for tag in tags if isinstance(tag, str) and _is_tag(tag)] if isinstance(tags, list) else []
        return cls(
            _plain(name)[:LONGEST_NAME].strip() or None if isinstance(name, str) else None,
            tuple(dict.fromkeys(good))[:MOST_TAGS],
            notes[:LONGEST_NOTES] if isinstance(notes, str) else "",
        )

    def write(self, folder: Path) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        SettingsError
            The file is from a newer version, which may have said more than this one would keep.
        RunNotFound
            The folder is gone.
        """
        schema = _values(folder).get("schema", SCHEMA)
        require(
            isinstance(schema, int) and schema <= SCHEMA,
            f"Name, tags and notes of {folder.name} are from a newer Semafo (layout {schema}). Update Semafo to change "
            "them.",
        )
        try:
            write_json(folder / keys.ABOUT_FILE, {"schema": SCHEMA, **asdict(self)})
        except FileNotFoundError:
            raise RunNotFound(f"The run {folder.name} is gone. It may have been deleted meanwhile.") from None


def as_name(text: str) -> str | None:
    """A run's name as it is kept: one line, None for an empty one. Raises SettingsError."""
    name = " ".join(text.split())
    require(len(name) <= LONGEST_NAME, f"The name has {len(name)} characters: give {LONGEST_NAME} or fewer.")
    require(not _CONTROL.search(name), "The name has a control character, which cannot be seen. Type it anew.")
    return name or None


def as_tags(texts: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept, none twice; blanks within one become hyphens. Raises SettingsError."""
    tags = ["-".join(text.split()) for text in texts if text.strip()]
    bad = [tag for tag in tags if not _is_tag(tag)]
    if bad:
        raise SettingsError(
            f"{bad[0]!r} is no tag: give letters, digits and . + % _ - only, {LONGEST_TAG} characters or fewer."
        )
    once: dict[str, str] = {}
    for tag in tags:
        once.setdefault(tag.casefold(), tag)  # the first spelling stays
    require(len(once) <= MOST_TAGS, f"That makes {len(once)} tags. A run has {MOST_TAGS} or fewer.")
    return tuple(once.values())


def as_notes(text: str) -> str:
    """Notes as they are kept. Raises SettingsError."""
    require(len(text) <= LONGEST_NOTES, f"The notes have {len(text)} characters: give {LONGEST_NOTES} or fewer.")
    return text.strip()


def stamp(folder: Path) -> int | None:
    """When the file was written, in ns since 1970; None where there is none. Tells readers that it changed."""
    try:
        return (folder / keys.ABOUT_FILE).stat().st_mtime_ns
    except OSError:
        return None


def _values(folder: Path) -> dict[str, Any]:
    values = read_json(folder / keys.ABOUT_FILE, {})
    return values if isinstance(values, dict) else {}


def _is_tag(text: str) -> bool:
    return len(text) <= LONGEST_TAG and _TAG.fullmatch(text) is not None


def _plain(text: str) -> str:
    return _CONTROL.sub("", " ".join(text.split()))
