"""`semafo datasets` and `semafo check`: which cells there are, and whether they can be trained on."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from semafo import keys
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.data import catalogue
from semafo.data.paper import splits as paper_splits
from semafo.files import read_json, write_atomically, write_json
from semafo.runs.background import preflight
from semafo.runs.workers.memory import memory_for_reading
from semafo.settings.run_config import DatasetSpec


@click.command()
@click.option("--presets", "splits", is_flag=True, help="List the paper's splits instead, for compare --preset.")
@cli_options.as_json
def datasets(splits: bool, as_json: bool) -> None:
    """List the built-in data sets. Any .h5ad file works too."""
    for entry in paper_splits.presets() if splits else catalogue.entries():
        output.say(entry, as_json)


@click.command()
@click.argument("name")
@cli_options.of_pair
@click.option("--query", help="A second data set, to be annotated by this one: check how they fit.")
@click.option("--keep", type=click.Path(path_type=Path), hidden=True, help="Folder for the report and the cells.")
@cli_options.as_json
def check(name: str, keep: Path | None, as_json: bool, **options: Any) -> None:
    """Say what is in a data set and whether it can be trained on."""
    with output.errors(as_json):
        spec = cli_options.pair(name, options)
        if keep:
            _check_here(spec, keep)
            return
        with TemporaryDirectory() as folder:  # in another process: what a damaged file crashes or stops is not this one
            preflight.check(spec, Path(folder))
            output.say(read_json(Path(folder) / preflight.REPORT_FILE), as_json)


def _check_here(spec: DatasetSpec, keep: Path) -> None:
    """Check a data set in this process, and leave the report and the cells in a folder."""
    from semafo.data.reading.preflight import preflight as read  # with anndata, which other commands do without

    with memory_for_reading(catalogue.files_of(spec), f"The check of {spec.name}"):
        adata, report = read(spec)
    keep.mkdir(parents=True, exist_ok=True)
    names = (keys.TRUE, keys.BATCH_COLUMN, *((keys.ROLE, keys.ROW) if spec.query else ()))
    cells = adata.obs[list(names)]
    write_atomically(keep / preflight.CELLS_FILE, lambda handle: cells.to_parquet(handle))
    write_json(keep / preflight.REPORT_FILE, report.to_dict())  # last: its presence says that both are there
