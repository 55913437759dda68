"""A worker with a limit: a run that needs more fails, in words, and the worker lives."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from semafo import keys
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers.memory import MEMORY_VARIABLE
from semafo.runs.workers.work import reason_of
from semafo.settings.run_config import DatasetSpec
from tests.support.clusters import ROOT
from tests.support.needs import missing
from tests.support.tiny import tiny_config

PROGRAM = """
import sys
from semafo.runs.workers.memory import limit_memory
from semafo.runs.workers.work import TRAIN, work
limit_memory()
outcome = work(*sys.argv[1:], TRAIN)
print(outcome.state, outcome.reason)
"""


@pytest.mark.long
def test_a_run_that_needs_more_than_the_limit_fails_in_words_and_its_worker_lives(tmp_path):
    if sys.platform != "linux":
        missing("a system that keeps RLIMIT_DATA: macOS takes the limit and lets everything through")
    home = Home.at(tmp_path / "home")
    big = replace(tiny_config(), dataset=DatasetSpec("simulated:cells=100000,genes=2000,types=3,batches=3,seed=1"))
    (run_id,) = store.submit(home, [big])
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(home.runs / run_id), str(home.cache)]
    environment = {**os.environ, MEMORY_VARIABLE: "1.5GB", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert keys.FAILED in done.stdout
    assert f"more memory than a worker may take (1.5GB, set by {MEMORY_VARIABLE})" in done.stdout


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), RuntimeError("std::bad_alloc")]
)
def test_every_library_s_word_for_too_little_memory_is_understood(error, tmp_path):
    assert "There was not enough memory" in reason_of(error, tmp_path)
