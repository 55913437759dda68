"""Measure cases, several at a time, each with one thread. What lies in the folder is not measured again."""

import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.fidelity.cases import Case

_DIGITS = 6


def measure_all(
    folder: Path, cases: Iterable[Case], kang: str, schedule: str, n_jobs: int
) -> dict[Case, dict[str, Any]]:
    """What was found for each case."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # before the workers import anything
    folder.mkdir(parents=True, exist_ok=True)
    paths = {case: folder / f"{case.slug}.json" for case in cases}
    missing = [case for case, path in paths.items() if not path.exists()]
    start = time.monotonic()
    with ProcessPoolExecutor(n_jobs, max_tasks_per_child=1) as pool:
        jobs = [pool.submit(_measure_one, paths[case], case, kang, schedule) for case in missing]
        for n_done, job in enumerate(as_completed(jobs), 1):
            minutes = (time.monotonic() - start) / 60
            print(f"{schedule}: {job.result()}, {n_done} of {len(missing)}, {minutes:.1f} min", file=sys.stderr)
    return {case: json.loads(path.read_text()) for case, path in paths.items()}


def _measure_one(path: Path, case: Case, kang: str, schedule: str) -> str:
    import logging
    import warnings

    warnings.filterwarnings("ignore")  # libraries' greetings
    logging.disable(logging.WARNING)
    from benchmarks.fidelity.measured import measure

    found = measure(case, kang, schedule)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(_rounded(found), indent=1) + "\n")
    draft.rename(path)
    return case.slug


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return value
