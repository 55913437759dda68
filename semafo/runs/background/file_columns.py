"""`python -m semafo.runs.background.file_columns FILE`: the columns that could serve as label or batch, as JSON.

A process of its own, because reading a file loads libraries that the pages do without.
"""

import json
import subprocess
import sys
from typing import Any

from semafo import installation
from semafo.errors import DataError, SemafoError

# Names of columns, most telling first
LABEL_WORDS = ("cell_type", "celltype", "bulk_labels", "label", "annotation", "cluster", "type")
BATCH_WORDS = ("batch", "study", "donor", "sample", "site", "tech", "condition")


def read(path: str) -> list[dict[str, Any]]:
    """`name`, `n_values` and `n_missing` of each candidate column. Raises DataError."""
    command = [sys.executable, "-m", "semafo.runs.background.file_columns", path]
    done = subprocess.run(command, env=installation.environment(), capture_output=True, text=True, check=False)
    for line in reversed(done.stdout.splitlines()):
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "error" in answer:
            raise DataError(answer["error"])
        found: list[dict[str, Any]] = answer["columns"]
        return found
    raise DataError(f"{path} could not be read. The reader said: {done.stderr.strip()[-300:] or 'nothing'}")


def guess(columns: list[dict[str, Any]], words: tuple[str, ...], avoid: str | None = None) -> str | None:
    """The first column whose name is, or else holds, one of the words."""
    names = [column["name"] for column in columns if column["name"] != avoid]
    exact = [name for word in words for name in names if name.lower() == word]
    partial = [name for word in words for name in names if word in name.lower()]
    return next(iter(exact + partial), None)


def _main(path: str) -> None:
    from dataclasses import asdict

    from semafo.data.reading.preflight import columns

    try:
        print(json.dumps({"columns": [asdict(column) for column in columns(path)]}))
    except SemafoError as error:
        print(json.dumps({"error": str(error)}))


if __name__ == "__main__":
    _main(sys.argv[1])
