"""What the published notebook's way of hiding labels does: accuracy on "hidden" cells with the leak and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results import run
from benchmarks.results.protocol import KANG, REPORT, Task, tasks
from benchmarks.results.tables import markdown
from benchmarks.results.training import prepared, train
from semafo import keys
from semafo.evaluation.uncertainty.significance import mean_interval
from semafo.settings.mix import Mix

MIXES = (Mix(1, 0),)


def table(folder: Path, kang: str, jobs: int) -> str:
    """Surgery at a labelled rate of 0: mean and 95 % interval over divisions by Student's t."""
    honest = [task for task in tasks("report", kang, MIXES) if _is_leak_task(task)]
    pairs = [(task, replace(task, config=_leaky(task))) for task in honest]
    run.make_tasks(folder, [task for pair in pairs for task in pair], jobs, "leak")
    rows = []
    for mix in MIXES:
        values = np.array([[_accuracy(folder, task) for task in pair] for pair in pairs if pair[0].config.mix == mix])
        columns = [values[:, 0], values[:, 1], values[:, 1] - values[:, 0]]
        rows.append([mix.name, *(_text(column, difference=i == 2) for i, column in enumerate(columns))])
    header = ["", "labels hidden", "labels “hidden” as in the notebook", "difference, points"]
    return f"{len(REPORT[keys.SURGERY])} divisions.\n\n{markdown(rows, header)}"


def _is_leak_task(task: Task) -> bool:
    return task.data == KANG and task.config.form == keys.SURGERY and task.config.split.labelled_rate == 0


def _leaky(task: Task) -> object:
    return replace(task.config, split=replace(task.config.split, leak=True))


def _accuracy(folder: Path, task: Task) -> float:
    """On every query cell whose label was to be hidden, of types that the reference has."""
    cells = prepared(task.config).split.cells
    arrays = train(folder, task).arrays
    predicted = arrays["types"][arrays["probabilities"].argmax(1)]
    hidden = cells[keys.PART].isin([keys.TEST, keys.HIDDEN]) & cells[keys.TRUE].isin(arrays["types"])
    return float((predicted == cells[keys.TRUE].to_numpy())[hidden.to_numpy()].mean())


def _text(values: np.ndarray, difference: bool) -> str:
    interval = mean_interval(pd.Series(values).to_numpy() * (100 if difference else 1))
    places = "+.1f" if difference else ".3f"
    return f"{interval.mean:{places}} [{interval.low:{places}}, {interval.high:{places}}]"
