"""What the engine does for a home besides training: the trash, clean-up, disk use, rows of the index."""

import logging
import shutil
import threading
import time
from typing import Any

from semafo.runs.engine.half_run import clear_draft
from semafo.runs.home import Home
from semafo.runs.library import cleanup, disk_use, trash
from semafo.runs.library.index import Index

_MEASURE_SECONDS = 5.0  # between two walks through the home, which happen only after something changed
_TRASH_SECONDS = 3600.0  # between two looks for what has been in the trash long enough
_logger = logging.getLogger(__name__)


class Housekeeper:
    """Held by the queue, whose thread calls everything here."""

    def __init__(self, home: Home, index: Index) -> None:
        self._home = home
        self._index = index
        self._n_changes = -1  # of the index, when the disk was measured
        self._next_measure = self._next_emptying = float("-inf")
        self._walk = threading.Thread()

    def clear_drafts(self) -> None:
        """Delete what others began to write, long ago, and never finished."""
        for folder in (self._home.runs, self._home.cache):
            for draft in folder.glob(".*"):
                clear_draft(draft)

    def take(self, request: dict[str, Any]) -> None:
        """A request that is none about training."""
        match request.get("action"):
            case "index":
                self._index.update(request["run_id"])
            case cleanup.ACTION:
                gone = cleanup.carry_out(self._home, request["items"])
                _logger.info("Cleaned up: %s", ", ".join(f"{item.kind} {item.name}" for item in gone) or "nothing")
                for item in gone:
                    if item.kind == cleanup.FAILED:
                        self._index.update(item.name)
                self._n_changes = -1

    def throw_away(self, run_id: str) -> None:
        """Move a run that nobody works on to the trash."""
        if not trash.move_in(self._home, run_id):
            shutil.rmtree(self._home.run(run_id), ignore_errors=True)
        self._index.update(run_id)

    def round(self) -> None:
        """Empty what is old in the trash, and measure the disk after something changed. Rows that are owed go first."""
        self._index.pay()
        now = time.monotonic()
        if now > self._next_emptying:
            self._next_emptying = now + _TRASH_SECONDS
            trash.empty(self._home, trash.kept_days())
        if now > self._next_measure and self._n_changes != self._index.n_changes and not self._walk.is_alive():
            self._next_measure, self._n_changes = now + _MEASURE_SECONDS, self._index.n_changes
            self._walk = threading.Thread(target=self._measure, name="disk", daemon=True)
            self._walk.start()

    def _measure(self) -> None:
        """A walk over many files: the queue does not wait for it."""
        try:
            disk_use.write_measured(self._home)
        except OSError:
            _logger.exception("The home could not be measured.")
