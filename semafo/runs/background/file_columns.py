"""`python -m semafo.runs.background.file_columns FILE`: columns that could be labels, batches or gene names, as JSON.

A process of its own, because reading a file loads libraries that the pages do without.
"""

import json
import sys
from pathlib import Path
from typing import Any

from semafo.data.reading.obs_columns import TEXT
from semafo.errors import DataError, SemafoError
from semafo.runs.background.reading import run_reading
from semafo.runs.workers.memory import memory_for_reading

# Names of columns, most telling first
LABEL_WORDS = ("cell_type", "celltype", "bulk_labels", "label", "annotation", "cluster", "type")
BATCH_WORDS = ("batch", "study", "donor", "sample", "site", "tech", "condition")


def read(path: str) -> dict[str, Any]:
    """What could be chosen in a file. Raises DataError.

    Returns
    -------
    dict
        `columns`: `name`, `n_values`, `n_missing` and `kind` of each obs column that could be label or batch.
        `gene_columns`: names of the var columns that could name the genes.
    """
    done = run_reading(["-m", "semafo.runs.background.file_columns", path], [Path(path)], _reading(path))
    for line in reversed(done.stdout.splitlines()):
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "error" in answer:
            raise DataError(answer["error"])
        found: dict[str, Any] = answer
        return found
    raise DataError(f"{path} could not be read. The reader said: {done.stderr.strip()[-300:] or 'nothing'}")


def guess(columns: list[dict[str, Any]], words: tuple[str, ...], avoid: str | None = None) -> str | None:
    """The first column whose name is one of the words, or else holds one, text before numbers."""
    names = [column["name"] for column in columns if column["name"] != avoid]
    texts = [column["name"] for column in columns if column.get("kind", TEXT) == TEXT and column["name"] != avoid]
    exact = [name for word in words for name in names if name.lower() == word]
    partial = [name for some in (texts, names) for word in words for name in some if word in name.lower()]
    return next(iter(exact + partial), None)


def _reading(path: str) -> str:
    return f"Reading the columns of {path}"


def _main(path: str) -> None:
    from dataclasses import asdict

    from semafo.data import catalogue
    from semafo.data.reading.preflight import columns, gene_columns
    from semafo.settings.run_config import DatasetSpec

    try:
        with memory_for_reading([Path(path)], _reading(path)):
            found = columns(path)
            of_genes = gene_columns(catalogue.resolve(DatasetSpec(path)))
        print(json.dumps({"columns": [asdict(column) for column in found], "gene_columns": of_genes}))
    except SemafoError as error:
        print(json.dumps({"error": str(error)}))


if __name__ == "__main__":
    _main(sys.argv[1])
