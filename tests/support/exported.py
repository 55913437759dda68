"""Tiny finished runs without an engine, for the tests of exports."""

from collections.abc import Sequence

from semafo import keys
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers.work import SCORE, TRAIN, work
from semafo.settings.run_config import RunConfig


def trained(home: Home, configs: Sequence[RunConfig]) -> list[RunRecord]:
    """The runs, trained and scored in this process."""
    run_ids = store.submit(home, configs)
    for path in home.inbox.glob("*.json"):
        path.unlink()  # there is no engine to ask
    records = [RunRecord(home.runs / run_id) for run_id in run_ids]
    for record in records:
        for half in (TRAIN, SCORE):
            outcome = work(str(record.folder), str(home.cache), half)
            assert outcome.state == keys.DONE, outcome.reason
        store.write_json(record.folder / keys.STATUS_FILE, {**record.status, "state": keys.DONE})
    return records
