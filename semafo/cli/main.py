"""The same work without a browser: `python -m semafo COMMAND`.

With `--json` every command prints one JSON object a line. Errors go to stderr and end with exit code 2.
"""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import click

import semafo
from semafo import keys
from semafo.cli import annotate as cli_annotate
from semafo.cli import cluster as cli_cluster
from semafo.cli import comparison, output
from semafo.cli import disk as cli_disk
from semafo.cli import export as cli_export
from semafo.cli import options as cli_options
from semafo.cli import runs as cli_runs
from semafo.cli import sweep as cli_sweep
from semafo.data import catalogue
from semafo.data.paper import splits as paper_splits
from semafo.data.paper.splits import Preset
from semafo.errors import SemafoError
from semafo.files import write_atomically, write_json
from semafo.runs.background.preflight import CELLS_FILE, REPORT_FILE, inspect, rehearse
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(semafo.__version__)
def cli() -> None:
    """See what semi-supervision does to the latent space of a single-cell VAE."""


@cli.command()
@click.option("--presets", "splits", is_flag=True, help="List the paper's splits instead, for compare --preset.")
@cli_options.as_json
def datasets(splits: bool, as_json: bool) -> None:
    """List the built-in data sets. Any .h5ad file works too."""
    for entry in paper_splits.presets() if splits else catalogue.entries():
        output.say(entry, as_json)


@cli.command()
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

        adata, report = preflight(DatasetSpec(name, **options))
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            names = (keys.TRUE, keys.BATCH_COLUMN, *((keys.ROLE, keys.ROW) if options["query"] else ()))
            cells = adata.obs[list(names)]
            write_atomically(keep / CELLS_FILE, lambda handle: cells.to_parquet(handle))
            write_json(keep / REPORT_FILE, report.to_dict())  # last: its presence says that both are there
        output.say(report, as_json)


@cli.command()
@cli_options.of_runs
@click.option("--preset", help="A split of the paper, such as pancreas-82.4 (see: semafo datasets --presets).")
@click.option("--labelled-rate", type=float, help="Share of labelled cells, 0 to 1 [0.2].")
@click.option("--labelled", multiple=True, help="Label whole batches, B3,B4, instead of a rate. Repeatable.")
@cli_options.home
@cli_options.as_json
def compare(home: str | None, as_json: bool, **options: Any) -> None:
    """Train mixes on the same split, and print how they and the baselines compare.

    Several seeds or split seeds train every mix with each of them; means and differences of the methods come last.
    """
    with output.errors(as_json):
        where = cli_options.home_at(home)
        configs = configs_from(options, _fitted_preset(where, options, as_json))
        for config in {config.split: config for config in configs}.values():  # mixes and seeds share data and split
            rehearse(where, config)
        ensure_engine(where)
        run_ids = store.submit(where, configs)
        done = []
        for record in output.watch(where, run_ids, quiet=as_json):
            done += [record] * (record.state == keys.DONE)
            output.say_run(record, as_json)
        output.say_comparison(comparison.lines(done), comparison.missing(done), as_json)
    if len(done) < len(run_ids):
        sys.exit(2)


def configs_from(options: dict[str, Any], preset: Preset | None = None) -> list[RunConfig]:
    """Settings of the runs that `compare`'s options ask for: one a mix, for each split seed and seed."""
    dataset, split = cli_options.dataset(options, preset), _split_from(options, preset)
    train, mixes = cli_options.train(options), cli_options.mixes(options)
    wanted = product(*(dict.fromkeys(values) for values in (options["split_seeds"], options["seeds"], mixes)))
    return [
        RunConfig(dataset, replace(split, split_seed=split_seed), mix, replace(train, seed=seed))
        for split_seed, seed, mix in wanted
    ]


def _split_from(options: dict[str, Any], preset: Preset | None) -> SplitSettings:
    rest = cli_options.split(options)
    labelled, rate = cli_options.listed(options["labelled"]), options["labelled_rate"]
    if preset is not None:
        return preset.split_settings(**rest)
    if labelled and rate is not None:
        raise click.UsageError("Give --labelled-rate or --labelled, not both.")
    rate = SplitSettings.labelled_rate if rate is None else rate
    reference = cli_options.listed(options["reference"])
    return SplitSettings(reference, labelled_rate=rate, labelled_batches=labelled or None, **rest)


def _fitted_preset(home: Home, options: dict[str, Any], as_json: bool) -> Preset | None:
    """The preset that was asked for, as the data spell its studies; how they differ from the paper's goes to stderr."""
    if options["preset"] is None:
        return None
    if options["reference"] or options["labelled"] or options["labelled_rate"] is not None:
        raise click.UsageError("--preset chooses reference and labels: leave --reference, --labelled and the rate out.")
    preset = paper_splits.preset(options["preset"])
    counts = (
        inspect(home, cli_options.dataset(options, preset))
        .cells[keys.BATCH_COLUMN]
        .astype(str)
        .value_counts()
        .to_dict()
    )
    preset = preset.spelled_as(counts)
    for sentence in preset.check(counts):
        output.remark(sentence, as_json)
    return preset


@cli.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@cli_options.scheduler
@cli_options.home
def app(port: int, home: str | None) -> None:
    """Start the dashboard in a browser."""
    with output.errors(as_json=False):
        script = Path(semafo.__file__).parent.parent / "app.py"
        if not script.exists():
            raise SemafoError(f"{script} is missing: the dashboard runs from a clone of the repository.")
        environment = {**os.environ, "SEMAFO_HOME": str(cli_options.home_at(home).path)}
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        sys.exit(subprocess.run(command, env=environment, cwd=script.parent, check=False).returncode)


def main() -> None:
    """Entry of the console script."""
    cli(prog_name="semafo")


cli.add_command(cli_annotate.annotate)
cli.add_command(cli_annotate.save)
cli.add_command(cli_sweep.sweep)
cli.add_command(cli_sweep.report)
cli.add_command(cli_cluster.keys)
cli.add_command(cli_export.export_runs)
cli.add_command(cli_export.import_runs)
for command in (*cli_runs.COMMANDS, *cli_disk.COMMANDS):
    cli.add_command(command)

if __name__ == "__main__":
    main()
