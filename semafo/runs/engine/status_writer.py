"""Statuses of runs, written at once or, where the disk is full, as soon as it has room again."""

import logging
from collections.abc import Iterator
from typing import Any

from semafo import keys
from semafo.files import write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.shortages import is_disk_shortage

_logger = logging.getLogger(__name__)


class StatusWriter:
    """Held by the queue: a run that has ended must not be taken for one that works because the disk was full.

    Attributes
    ----------
    owed
        By run id: the record and the whole status that the disk had no room for.
    """

    def __init__(self) -> None:
        self.owed: dict[str, tuple[RunRecord, dict[str, Any]]] = {}

    def write(self, record: RunRecord, changes: dict[str, Any]) -> None:
        """Change what a run's status says, now or later. Raises OSError for anything but a full disk."""
        _, said = self.owed.pop(record.run_id, (record, record.status))
        values = {**said, **changes}
        try:
            write_json(record.folder / keys.STATUS_FILE, values)
        except OSError as error:
            if not is_disk_shortage(error):
                raise
            _logger.warning("The status of %s is written later: %s.", record.run_id, error)
            self.owed[record.run_id] = (record, values)

    def pay(self) -> Iterator[str]:
        """Write what is owed; yields the run's id after each. Raises OSError where that still cannot be done."""
        for run_id, (record, values) in list(self.owed.items()):
            if record.folder.is_dir():  # not one that was deleted meanwhile
                write_json(record.folder / keys.STATUS_FILE, values)
            del self.owed[run_id]
            yield run_id
