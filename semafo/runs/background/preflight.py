"""A data set's preflight for those who must not load it themselves.

Reading an .h5ad file needs seconds and memory, so it happens in a process of its own (`semafo check`), once for each
content and choice of columns. What is kept is the report and the label and batch of every cell.
"""

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

import semafo
from semafo import keys
from semafo.data import catalogue
from semafo.data.reading.preflight import Report
from semafo.data.splitting.split import Split, make_split
from semafo.errors import DamagedRun, DataError
from semafo.files import read_json
from semafo.runs.background.process import last_said
from semafo.runs.background.reading import run_reading
from semafo.runs.folder import checked_files
from semafo.runs.home import Home
from semafo.settings.fingerprint import fingerprint
from semafo.settings.reading_options import reading_options
from semafo.settings.run_config import DatasetSpec, RunConfig

REPORT_FILE = "report.json"
CELLS_FILE = "cells.parquet"
_ALWAYS = {entry.name for entry in fields(Report) if entry.default is MISSING}


@dataclass(frozen=True)
class Inspection:
    """What the preflight found.

    Attributes
    ----------
    report
        `semafo.data.reading.preflight.Report` as plain values.
    cells
        One row a cell with `keys.TRUE` and `keys.BATCH_COLUMN`: enough to draw a split without loading the data. Where
        a query was joined, `keys.ROLE` and `keys.ROW` as well.
    """

    report: dict[str, Any]
    cells: pd.DataFrame


def inspect(home: Home, spec: DatasetSpec) -> Inspection:
    """Check a data set in another process, or read what an earlier check found.

    Raises
    ------
    DataError
        Training cannot work with these data; the message says why and what to do.
    """
    spec = catalogue.resolve(spec)
    folder = folder_of(home, spec)
    found = _kept(folder)
    if found is None:
        check(spec, folder)
        found = _kept(folder)
    if found is None:
        raise DataError(f"The report of the check cannot be read. Delete the folder {folder} and check again.")
    return found


def folder_of(home: Home, spec: DatasetSpec) -> Path:
    """Where the check of a resolved spec is kept: another content, or another version of Semafo, is another check."""
    content = catalogue.content_fingerprint(spec)
    return home.checks / fingerprint(spec.to_dict(), content, semafo.__version__)[:16]


def _kept(folder: Path) -> Inspection | None:
    """What an earlier check found; None where there was none, or its files are damaged."""
    report = read_json(folder / REPORT_FILE, {}, Report)
    if not set(report) >= _ALWAYS:
        return None
    try:
        return Inspection(report, checked_files.read_cells(folder, CELLS_FILE))
    except (FileNotFoundError, DamagedRun):
        return None


def rehearse(home: Home, config: RunConfig) -> Split:
    """Check the data and make the split of a run that is about to be queued, so that what cannot work says so now.

    Raises
    ------
    DataError, SettingsError
        As the run itself would.
    """
    cells = inspect(home, config.dataset).cells
    return make_split(cells[keys.TRUE], cells[keys.BATCH_COLUMN], config.split)


def check(spec: DatasetSpec, folder: Path) -> None:
    """Check a data set in another process, which writes the report and the cells into the folder. Raises DataError."""
    arguments = ["-m", "semafo", "check", spec.name, *reading_options(spec), "--keep", str(folder), "--json"]
    done = run_reading(arguments, catalogue.files_of(spec), f"The check of {spec.name}")
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1][-500:]
        nothing = f"The check of the data set ended without a result. It said: {said}"
        raise DataError(last_said(done.stderr, "error") or nothing)
