"""A program: read the files named on stdin, below the limits of a check.

One line of JSON a file: what each of the readers came to. A process of its own, because a damaged file may crash the
HDF5 library.
"""

import json
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

from semafo.data.load import read_whole
from semafo.data.reading.preflight import columns, preflight
from semafo.errors import SemafoError
from semafo.runs.workers.memory import memory_for_reading
from semafo.settings.run_config import DatasetSpec

SAID, FINE, BROKEN = "said", "fine", "broken"


def read_columns(path: str) -> Any:
    return [asdict(column) for column in columns(path)]


def check(path: str) -> Any:
    adata, report = preflight(DatasetSpec(path, "cell_type", "donor"))
    adata.obs[["true_label", "batch"]].to_parquet(BytesIO())
    return report.to_dict()


def check_other_columns(path: str) -> Any:
    return preflight(DatasetSpec(path, "donor", "site", counts="raw"))[1].to_dict()


def check_as_query(path: str) -> Any:
    whole = str(Path(path).with_name("whole.h5ad"))
    return preflight(DatasetSpec(whole, "cell_type", "donor", query=path, min_overlap=0.1))[1].to_dict()


def whole(path: str) -> Any:
    return list(read_whole(DatasetSpec(path)).shape)


READERS = (read_columns, check, check_other_columns, check_as_query, whole)


def outcome(read: Callable[[str], Any], path: str) -> dict[str, Any]:
    """How it ended, what it said, how long it took."""
    start = time.monotonic()
    try:
        with memory_for_reading([Path(path)], f"Reading {path}"):
            json.dumps(read(path), allow_nan=False, ensure_ascii=False).encode()
        how, said = FINE, ""
    except SemafoError as error:
        how, said = SAID, str(error)
    except BaseException:
        how, said = BROKEN, traceback.format_exc()
    if "\udc80" <= max(said, default="") <= "\udcff":
        how, said = BROKEN, f"cannot be printed: {said!r}"
    return {"reader": read.__name__, "how": how, "said": said, "seconds": time.monotonic() - start}


def main() -> None:
    """Answer until stdin ends."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        found = [outcome(read, line.rstrip("\n")) for read in READERS]
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"outcomes": found, "most_bytes": most}), flush=True)


if __name__ == "__main__":
    main()
