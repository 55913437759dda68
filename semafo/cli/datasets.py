"""`semafo datasets` and `semafo check`: which cells there are, and whether they can be trained on."""

from pathlib import Path
from typing import Any

import click

from semafo import keys
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.data import catalogue
from semafo.data.paper import splits as paper_splits
from semafo.files import write_atomically, write_json
from semafo.runs.background.preflight import CELLS_FILE, REPORT_FILE
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
@click.option("--label-key", help="obs column with the cell types.")
@click.option("--batch-key", help="obs column with the batches.")
@click.option("--counts", default="auto", show_default=True, help="Where the counts are: auto, X, raw or layers/NAME.")
@click.option("--query", help="A second data set, to be annotated by this one: check how they fit.")
@click.option(
    "--min-overlap", default=DatasetSpec.min_overlap, show_default=True, help="Share of the genes it must have."
)
@click.option("--keep", type=click.Path(path_type=Path), hidden=True, help="Folder for the report and the cells.")
@cli_options.as_json
def check(name: str, keep: Path | None, as_json: bool, **options: Any) -> None:
    """Say what is in a data set and whether it can be trained on."""
    with output.errors(as_json):
        from semafo.data.reading.preflight import preflight  # reads with anndata, which other commands do without

        spec = DatasetSpec(name, **options)
        with memory_for_reading(catalogue.files_of(spec), f"The check of {name}"):
            adata, report = preflight(spec)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            names = (keys.TRUE, keys.BATCH_COLUMN, *((keys.ROLE, keys.ROW) if options["query"] else ()))
            cells = adata.obs[list(names)]
            write_atomically(keep / CELLS_FILE, lambda handle: cells.to_parquet(handle))
            write_json(keep / REPORT_FILE, report.to_dict())  # last: its presence says that both are there
        output.say(report, as_json)
