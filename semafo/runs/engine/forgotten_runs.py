"""Runs that wait in the home and of which the engine was never told: who queued them was killed before it could."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from semafo import keys
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home, is_run_id

_SECONDS_BETWEEN_LOOKS = 3.0


class ForgottenRuns:
    """Held by the queue. A look costs one call a folder; files are opened of those that have changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._changed: dict[str, int] = {}  # when each folder was changed, as the last look found it
        self._settled: dict[str, int] = {}  # the same of those folders that were opened since
        self._next_look = 0.0

    def found(self, known: set[str]) -> Iterator[str]:
        """Ids of runs that wait, are not `known`, and whose folder has rested since the last look."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _SECONDS_BETWEEN_LOOKS
        before, self._changed = self._changed, self._look()
        for run_id, changed in self._changed.items():
            has_rested = before.get(run_id) == changed
            if run_id in known or not has_rested or self._settled.get(run_id) == changed:
                continue
            self._settled[run_id] = changed
            if RunRecord(self._home.run(run_id)).state == keys.QUEUED:
                yield run_id

    def _look(self) -> dict[str, int]:
        found = {}
        with os.scandir(self._home.runs) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # deleted in this moment
                    found[entry.name] = entry.stat().st_mtime_ns
        return {name: changed for name, changed in found.items() if is_run_id(name)}
