"""Hundreds of damaged .h5ad files: each is read, or refused in words, in seconds, and below the limit of memory."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from semafo.errors import DataError
from semafo.runs.background import file_columns
from semafo.runs.background.preflight import check
from semafo.settings.run_config import DatasetSpec
from tests.support import reading_server
from tests.support.damaged_files import KINDS, damage, write_whole
from tests.support.imports import ROOT

N_CASES = 300
QUICK = range(0, N_CASES, 12)
MOST_SECONDS = 20.0
MOST_BYTES = 2.6e9  # what a check of a small file may take, and the libraries' own pages


class Reader:
    """The process that reads; another one after a crash."""

    def __init__(self):
        self._process = None

    def read(self, path):
        """What it answered; None where it crashed, or did not end."""
        if self._process is None:
            self._start()
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=MOST_SECONDS)
        except queue.Empty:
            line = ""
        if not line:
            self.close()
            return None
        return json.loads(line)

    def close(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def _start(self):
        command = [sys.executable, reading_server.__file__]
        environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self._answers = queue.Queue()
        threading.Thread(target=self._hear, args=(self._process.stdout, self._answers), daemon=True).start()

    @staticmethod
    def _hear(lines, answers):
        for line in lines:
            answers.put(line)
        answers.put("")


@pytest.fixture(scope="module")
def reader():
    found = Reader()
    yield found
    found.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "whole.h5ad"
    write_whole(path)
    return path


def refusals(path):
    """What pages say of a file."""
    asked = (
        lambda: file_columns.read(str(path)),
        lambda: check(DatasetSpec(str(path), "cell_type", "donor"), path.with_suffix("")),
        lambda: check(DatasetSpec(str(path), "donor", "site", counts="raw"), path.with_suffix("")),
    )
    for ask in asked:
        try:
            ask()
        except DataError as error:
            yield str(error)


def case(number):
    marks = () if number in QUICK else (pytest.mark.long,)
    return pytest.param(number, id=f"{number}-{KINDS[number % len(KINDS)].__name__}", marks=marks)


def test_the_whole_file_is_fine(reader, whole):
    assert {outcome["said"] for outcome in reader.read(whole)["outcomes"]} == {""}


@pytest.mark.parametrize("number", [case(number) for number in range(N_CASES)])
def test_a_damaged_file_is_read_or_refused_in_words(reader, whole, number, monkeypatch):
    path = Path(shutil.copyfile(whole, whole.with_name(f"{number}.h5ad")))
    damage(path, number)
    answer = reader.read(path)
    if answer is None:  # the HDF5 library crashed, or goes round for ever: a check is a process of its own, and ends
        monkeypatch.setattr("semafo.runs.background.reading._LEAST_SECONDS", MOST_SECONDS)
        said = " ".join(refusals(path))
        assert re.search(r"crashed|was ended after", said)
        assert "Traceback" not in said
        return
    path.unlink()
    for outcome in answer["outcomes"]:
        assert outcome["how"] != reading_server.BROKEN, outcome["said"]
        assert "Traceback" not in outcome["said"]
    assert answer["most_bytes"] < MOST_BYTES
