"""Requests to the engine: files, so that none is lost when no engine is there to take it."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Required, TypedDict

from semafo.files import read_json, write_json
from semafo.runs.home import Home

_DIGITS = 20  # of the number, by which requests are sorted
_BEGUN = ".taken"  # what the engine is carrying out: nobody can take it back


class _Request(TypedDict, total=False):
    """What is asked for; each action has what it needs of these."""

    action: Required[str]
    run_id: str
    run_ids: list[str]
    items: list[list[str]]


def send(home: Home, request: dict[str, Any]) -> None:
    """Leave a request; its `action` says what it is. It comes after those that lie there, whatever the clock says."""
    home.require_there()
    last = max((path.name[:_DIGITS] for path in home.inbox.glob("*.json")), default="")
    number = max(time.time_ns(), int(last) + 1 if last.isdecimal() else 0)
    write_json(home.inbox / f"{number:0{_DIGITS}d}-{uuid.uuid4().hex[:6]}.json", request)


def taken(home: Home) -> Iterator[dict[str, Any]]:
    """Requests in the order in which they came: the engine's side. One that is none is empty.

    Each goes when the next one is asked for. One that an engine had begun when it was killed comes again.
    """
    for path in sorted([*home.inbox.glob("*.json"), *home.inbox.glob(f"*{_BEGUN}")]):
        begun = path.with_suffix(_BEGUN)
        try:
            path.rename(begun)
        except FileNotFoundError:  # withdrawn in this moment
            continue
        yield read_json(begun, {}, _Request)
        begun.unlink(missing_ok=True)


def withdraw(home: Home, request: dict[str, Any]) -> bool:
    """Take back a request; False where there is none such, or where the engine has begun to carry it out."""
    found = [path for path in home.inbox.glob("*.json") if read_json(path) == request]
    return any([_is_removed(path) for path in found])


def _is_removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
