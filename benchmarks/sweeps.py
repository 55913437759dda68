"""What a sweep costs: minutes against runs and workers: `python -m benchmarks.sweeps [--json] [--dataset D]`.

Sweeps of two labelled rates and three mixes with one, two and four seeds are run in fresh homes with one and with two
workers, as `semafo sweep` runs them, engine start included. The same sweeps are foreseen from the seconds that the runs
themselves took, with the schedule of `semafo.runs.sweeps.cost`; and so are larger ones on more workers, up to 64, which
says what to expect of a cluster whose nodes are as fast as this machine. A foreseen sweep knows nothing of slow disks.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import described, machine
from semafo import keys
from semafo.runs.engine.launch import engine_pid
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.sweeps.cost import Task, makespan

ROOT = Path(__file__).parent.parent
RATES, N_MIXES = ("0.05", "0.2"), 3
SEEDS = (1, 2, 4)  # of the sweeps that are run
WORKERS = (1, 2)  # on which they are run
FORESEEN_SEEDS, FORESEEN_WORKERS = (6, 24, 96), (1, 2, 8, 64)
PACKAGES = ("torch", "scvi-tools", "distributed")


@dataclass(frozen=True)
class Costs:
    """Seconds that the parts of a sweep take, medians over its runs."""

    start: float  # until the first worker can train
    stage: float  # an scVI stage
    run: float  # all the rest of a run, its scores included

    def foreseen(self, n_seeds: int, n_workers: int) -> float:
        """Seconds of a sweep with so many seeds on so many workers."""
        tasks = [Task(str(seed), self.stage, self.run) for seed in range(n_seeds) for _ in range(len(RATES) * N_MIXES)]
        return self.start + makespan(tasks, n_workers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, foresee, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pbmc68k")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args(arguments)
    facts = machine(PACKAGES, 1)
    print(described(facts))
    rows = [measured(options.dataset, n_seeds, n_workers) for n_workers in WORKERS for n_seeds in SEEDS]
    costs = {n: _costs([row for row in rows if row["n_workers"] == n]) for n in WORKERS}
    print(" workers    runs  measured min  foreseen min")
    for row in rows:
        row["foreseen"] = costs[row["n_workers"]].foreseen(row["n_seeds"], row["n_workers"])
        print(f"{row['n_workers']:8}{row['n_runs']:8}{row['seconds'] / 60:14.2f}{row['foreseen'] / 60:14.2f}")
    busy = costs[max(WORKERS)]  # seconds of a run beside another one
    print(f"a run {busy.run:.1f} s, an scVI stage {busy.stage:.1f} s, a start {busy.start:.1f} s; foreseen from these:")
    print("    runs" + "".join(f"{n:>6} workers" for n in FORESEEN_WORKERS))
    foreseen = {n: {w: busy.foreseen(n, w) for w in FORESEEN_WORKERS} for n in FORESEEN_SEEDS}
    for n_seeds, by_workers in foreseen.items():
        print(f"{_n_runs(n_seeds):8}" + "".join(f"{seconds / 60:10.1f} min" for seconds in by_workers.values()))
    if options.json:
        found = {"rows": rows, "seconds_foreseen": {_n_runs(n): by_workers for n, by_workers in foreseen.items()}}
        print(json.dumps({"benchmark": "sweeps", "machine": facts, "dataset": options.dataset, **found}))


def measured(dataset: str, n_seeds: int, n_workers: int) -> dict[str, Any]:
    """Run a sweep in a fresh home: its seconds, and those of its parts."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(folder)
        rates = [part for rate in RATES for part in ("--labelled-rate", rate)]
        seeds = [part for seed in range(n_seeds) for part in ("--seed", str(seed))]
        command = [
            sys.executable,
            "-m",
            "semafo",
            "sweep",
            "--dataset",
            dataset,
            *rates,
            *seeds,
            "--home",
            folder,
            "--json",
        ]
        environment = {**os.environ, "SEMAFO_WORKERS": str(n_workers), "SEMAFO_ENGINE_LINGER_SECONDS": "1"}
        started = time.time()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        seconds = time.time() - started
        records = [RunRecord(path) for path in home.runs.iterdir()]
        row = {"n_seeds": n_seeds, "n_runs": len(records), "n_workers": n_workers, "seconds": seconds}
        row |= _parts([record.status for record in records], started)
        while engine_pid(home) is not None:
            time.sleep(0.2)
    return row


def _parts(statuses: Sequence[dict[str, Any]], asked: float) -> dict[str, float]:
    stages = [status["seconds"][keys.PRETRAIN] for status in statuses if not status.get("reused_seconds")]
    own = [sum(s for name, s in status["seconds"].items() if name != keys.PRETRAIN) for status in statuses]
    first = min(status["started"] for status in statuses)
    return {"start": first - asked, "stage": statistics.median(stages), "run": statistics.median(own)}


def _costs(rows: Sequence[dict[str, Any]]) -> Costs:
    return Costs(*(statistics.median(row[name] for row in rows) for name in ("start", "stage", "run")))


def _n_runs(n_seeds: int) -> int:
    return n_seeds * len(RATES) * N_MIXES


if __name__ == "__main__":
    main()
