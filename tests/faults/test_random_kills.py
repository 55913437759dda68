"""Processes killed at random moments: no finished run is lost or changed, and nothing half-written is shown.

The seed decides what is done and killed; SEMAFO_FAULT_SEED sets another one. `python -m pytest -m long tests/faults -s`
prints how many kills there were of which kind.
"""

import os
import time

import pytest

from semafo.runs.home import Home
from tests.support.kills import Storm

FEW, MANY = 4, 100


def survive(folder, seed, n_kills, is_trained):
    """So many kills in one home. The first that is not survived ends the test, and says what was done before."""
    start = time.monotonic()
    with Storm(Home.at(folder / "home"), folder, seed, is_trained).begun() as storm:
        while len(storm.kills) < n_kills:
            wrong = storm.strike()
            assert not wrong, "\n".join([*wrong, *map(str, storm.kills), storm.said()])
    print(f"{storm.tally()}; {time.monotonic() - start:.0f} s")


def test_a_few_kills_lose_nothing_and_show_nothing_half_written(tmp_path):
    survive(tmp_path, int(os.environ.get("SEMAFO_FAULT_SEED", "1")), FEW, is_trained=False)


@pytest.mark.long
def test_a_hundred_kills_lose_nothing_and_show_nothing_half_written(tmp_path):
    survive(tmp_path, int(os.environ.get("SEMAFO_FAULT_SEED", "2")), MANY, is_trained=True)
