"""Sweeps whose runs were never trained."""

from dataclasses import replace

from semafo import keys
from semafo.files import write_json
from semafo.runs.home import Home
from semafo.runs.sweeps.sweep import PREFIX, SWEEP_FILE, Sweep
from semafo.settings.run_config import CONDENSED
from tests.support import fakes

RATES = (0.05, 0.5)


def a_sweep(
    home: Home,
    state: str | None = None,
    preset: str | None = None,
    points: tuple[str, ...] = ("5 %", "50 %"),
    schedule: str = CONDENSED,
) -> Sweep:
    """scANVI, SemafoVAE and Both at two labelled rates; the last run is in another state where one is given."""
    records = []
    for rate in RATES:
        split, train = replace(fakes.REAL.split, labelled_rate=rate), replace(fakes.REAL.train, schedule=schedule)
        config = replace(fakes.REAL, split=split, train=train)
        records += fakes.comparison(home, config, batch=f"{PREFIX}fake")
    if state is not None:
        write_json(records[-1].folder / keys.STATUS_FILE, {**records[-1].status, "state": state})
        (records[-1].folder / keys.MANIFEST_FILE).unlink()
    sweep = Sweep(home, f"{PREFIX}fake")
    sweep.folder.mkdir()
    grid = {"points": list(points), "mixes": ["scANVI", "SemafoVAE", "Both"], "seeds": [0], "split_seeds": [0]}
    facts = {"schema": 1, "name": "Two rates", "created": 1.0, "grid": {"preset": preset, **grid}}
    write_json(sweep.folder / SWEEP_FILE, {**facts, "run_ids": [record.run_id for record in records]})
    return sweep
