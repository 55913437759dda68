"""Requests to the engine: files, so that none is lost when no engine is there to take it."""

import time
import uuid
from collections.abc import Iterator
from typing import Any, Required, TypedDict

from semafo.files import read_json, write_json
from semafo.runs.home import Home


class _Request(TypedDict, total=False):
    """What is asked for; each action has what it needs of these."""

    action: Required[str]
    run_id: str
    run_ids: list[str]
    items: list[list[str]]


def send(home: Home, request: dict[str, Any]) -> None:
    """Leave a request; its `action` says what it is."""
    home.require_there()
    write_json(home.inbox / f"{time.time_ns():020d}-{uuid.uuid4().hex[:6]}.json", request)


def taken(home: Home) -> Iterator[dict[str, Any]]:
    """Requests in the order in which they came, each once: the engine's side. One that is none is empty."""
    for path in sorted(home.inbox.glob("*.json")):
        request = read_json(path, {}, _Request)
        path.unlink(missing_ok=True)
        yield request


def withdraw(home: Home, request: dict[str, Any]) -> bool:
    """Take back a request; False where there is none such, or none any more."""
    found = [path for path in home.inbox.glob("*.json") if read_json(path) == request]
    for path in found:
        path.unlink(missing_ok=True)
    return bool(found)
