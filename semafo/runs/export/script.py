"""A finished run as a Python script and as a notebook, which train it again step by step and print its numbers."""

import json
from textwrap import fill
from typing import Any

from semafo import inert, keys
from semafo.runs.export.script_steps import WIDTH, map_step, steps
from semafo.runs.folder.run_record import RunRecord


def as_script(record: RunRecord) -> str:
    """The run as a Python script. Where the data lie elsewhere, their paths can be given as arguments."""
    words = "\n\n".join([_title(record), *map(_wrapped, _introduction(record)), _usage(record)])
    head = f'"""{inert.docstring(words)}\n"""\n'
    parts = [f"{head}\nimport sys\n"]
    for step in steps(record, "sys.argv[{place}] if len(sys.argv) > {place} else {name}"):
        words = "".join(f"# {line}\n" for line in _wrapped(step.words).splitlines())
        parts.append(f"# {step.title}\n# {'-' * len(step.title)}\n{words}{step.code}\n")
    return "\n".join(parts)


def as_notebook(record: RunRecord) -> str:
    """The run as a Jupyter notebook (nbformat 4), without outputs. It ends with the UMAP."""
    introduction = "\n\n".join([f"# {inert.notebook(_title(record))}", *map(inert.notebook, _introduction(record))])
    cells = [_cell("markdown", introduction)]
    for step in [*steps(record), map_step(record)]:
        cells += [_cell("markdown", f"## {step.title}\n\n{step.words}"), _cell("code", step.code)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.rstrip().splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _title(record: RunRecord) -> str:
    return f"{record.title}: the run {record.run_id}, trained again step by step."


def _introduction(record: RunRecord) -> list[str]:
    """Paragraphs: what was trained, and what the check of the data found."""
    versions = record.settings["context"]["versions"]
    config = record.config
    form = (
        "in one stage, all cells together" if config.form == keys.ONE_STAGE else "by surgery, a query onto a reference"
    )
    trained = (
        f"Semafo {versions.get('semafo')} trained it on {config.dataset.name}, {form}. On the same machine type, with "
        "the same versions and number of threads, the same numbers come out, to the last digit; elsewhere they differ "
        "a little, as they would with another seed."
    )
    return [trained, *(["What the check found: " + " ".join(record.warnings)] if record.warnings else [])]


def _usage(record: RunRecord) -> str:
    versions = record.settings["context"]["versions"]
    pinned = ", ".join(f"{name} {version}" for name, version in versions.items())
    query = "" if record.config.dataset.query is None else " [QUERY]"
    return f"{_wrapped(f'Trained with {pinned}.')}\n\nUsage: python THIS_FILE [DATA_SET]{query}"


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
