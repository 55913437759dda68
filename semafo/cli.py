"""The same work without a browser: `python -m semafo COMMAND`.

With `--json` every command prints one JSON object a line. Errors go to stderr and end with exit code 2.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

import semafo
from semafo import keys, terminal
from semafo.data import catalogue
from semafo.errors import SemafoError
from semafo.files import write_atomically, write_json
from semafo.runs import store
from semafo.runs.home import Home
from semafo.runs.inspect import CELLS_FILE, REPORT_FILE, rehearse
from semafo.runs.launch import ensure_engine
from semafo.settings import DatasetSpec, Mix, RunConfig, SplitSettings, TrainSettings

_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_home_option = click.option(
    "--home", type=click.Path(file_okay=False), help="Folder of the runs [SEMAFO_HOME, ~/.semafo]"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(semafo.__version__)
def cli() -> None:
    """See what semi-supervision does to the latent space of a single-cell VAE."""


@cli.command()
@_json_option
def datasets(as_json: bool) -> None:
    """List the built-in data sets. Any .h5ad file works too."""
    for entry in catalogue.entries():
        terminal.say(entry, as_json)


@cli.command()
@click.argument("name")
@click.option("--label-key", help="obs column with the cell types.")
@click.option("--batch-key", help="obs column with the batches.")
@click.option("--counts", default="auto", show_default=True, help="Where the counts are: auto, X, raw or layers/NAME.")
@click.option("--keep", type=click.Path(path_type=Path), hidden=True, help="Folder for the report and the cells.")
@_json_option
def check(
    name: str, label_key: str | None, batch_key: str | None, counts: str, keep: Path | None, as_json: bool
) -> None:
    """Say what is in a data set and whether it can be trained on."""
    with _errors(as_json):
        from semafo.data.check import preflight  # reads with anndata, which other commands do without

        spec = catalogue.resolve(DatasetSpec(name, label_key, batch_key, counts))
        adata, report = preflight(spec)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            cells = adata.obs[[keys.TRUE, keys.BATCH_COLUMN]]
            write_atomically(keep / CELLS_FILE, lambda handle: cells.to_parquet(handle))
            write_json(keep / REPORT_FILE, report.to_dict())  # last: its presence says that both are there
        terminal.say(report, as_json)


@cli.command()
@click.option("--dataset", default=DatasetSpec.name, show_default=True, help="Built-in name or an .h5ad file.")
@click.option("--label-key", help="obs column with the cell types.")
@click.option("--batch-key", help="obs column with the batches.")
@click.option("--counts", default=DatasetSpec.counts, show_default=True, help="auto, X, raw or layers/NAME.")
@click.option("--n-hvg", default=DatasetSpec.n_hvg, show_default=True, help="Highly variable genes to keep.")
@click.option("--reference", multiple=True, help="Reference batches, B1,B2: train by surgery. Repeatable.")
@click.option("--labelled-rate", type=float, help="Share of labelled cells, 0 to 1 [0.2].")
@click.option("--labelled", multiple=True, help="Label whole batches, B3,B4, instead of a rate. Repeatable.")
@click.option(
    "--test-share", default=SplitSettings.test_share, show_default=True, help="Cells that are never labelled."
)
@click.option("--unstratified", is_flag=True, help="Draw test and labelled cells blindly, not by type.")
@click.option(
    "--mix", "mixes", multiple=True, help="scanvi, semafo, both or W:W such as 0.7:0.3. Repeatable [all three]."
)
@click.option("--label-weighting", default=Mix.label_weighting, show_default=True, help="published or normalised.")
@click.option("--seed", default=0, show_default=True, help="Training seed.")
@click.option("--split-seed", default=0, show_default=True, help="Seed of the test cells and the labelled cells.")
@click.option("--threads", default=1, show_default=True, help="Threads a run; other numbers give other bits.")
@click.option("--epochs-pretrain", type=int, help="scVI stage [by number of cells].")
@click.option("--epochs-reference", default=TrainSettings.epochs_reference, show_default=True)
@click.option("--epochs-query", default=TrainSettings.epochs_query, show_default=True)
@_home_option
@_json_option
def compare(home: str | None, as_json: bool, **options: Any) -> None:
    """Train mixes on the same split, and print how they compare."""
    with _errors(as_json):
        configs = configs_from(options)
        where = _home(home)
        rehearse(where, configs[0])  # the mixes share data and split
        run_ids = store.submit(where, configs)
        ensure_engine(where)
        failed = False
        for record in terminal.watch(where, run_ids, quiet=as_json):
            failed |= record.state != keys.DONE
            terminal.say_run(record, as_json)
    if failed:
        sys.exit(2)


def configs_from(options: dict[str, Any]) -> list[RunConfig]:
    """Settings of the runs that `compare`'s options ask for, one a mix."""
    dataset = DatasetSpec(*(options[name] for name in ("dataset", "label_key", "batch_key", "counts", "n_hvg")))
    labelled = _listed(options["labelled"])
    if labelled and options["labelled_rate"] is not None:
        raise click.UsageError("Give --labelled-rate or --labelled, not both.")
    rate = options["labelled_rate"]
    split = SplitSettings(
        reference=_listed(options["reference"]),
        labelled_rate=SplitSettings.labelled_rate if rate is None else rate,
        labelled_batches=labelled or None,
        test_share=options["test_share"],
        stratified=not options["unstratified"],
        split_seed=options["split_seed"],
    )
    train = TrainSettings(
        epochs_pretrain=options["epochs_pretrain"],
        epochs_reference=options["epochs_reference"],
        epochs_query=options["epochs_query"],
        seed=options["seed"],
        n_threads=options["threads"],
    )
    mixes = [Mix.parse(text, options["label_weighting"]) for text in options["mixes"] or ("scanvi", "semafo", "both")]
    return [RunConfig(dataset, split, mix, train) for mix in dict.fromkeys(mixes)]


@cli.command()
@_home_option
@_json_option
def runs(home: str | None, as_json: bool) -> None:
    """List the runs, newest first."""
    with _errors(as_json):
        terminal.say_rows(store.rows(_home(home)), as_json)


@cli.command()
@click.argument("run")
@_home_option
@_json_option
def show(run: str, home: str | None, as_json: bool) -> None:
    """Print one run: scores, warnings, where its files are. RUN may be the start of an id."""
    with _errors(as_json):
        terminal.say_run(store.get(_home(home), run), as_json, whole=True)


@cli.command()
@click.argument("run")
@_home_option
@_json_option
def delete(run: str, home: str | None, as_json: bool) -> None:
    """Delete a run and its files. RUN may be the start of an id."""
    with _errors(as_json):
        where = _home(home)
        record = store.get(where, run)
        store.delete(where, record.run_id)
        ensure_engine(where)
        terminal.wait_until(lambda: not record.folder.exists())
        terminal.say({"deleted": record.run_id}, as_json)


@cli.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@_home_option
def app(port: int, home: str | None) -> None:
    """Start the dashboard in a browser."""
    with _errors(as_json=False):
        script = Path(semafo.__file__).parent.parent / "app.py"
        if not script.exists():
            raise SemafoError(f"{script} is missing: the dashboard runs from a clone of the repository.")
        environment = {**os.environ, "SEMAFO_HOME": str(_home(home).path)}
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        sys.exit(subprocess.run(command, env=environment, cwd=script.parent, check=False).returncode)


def main() -> None:
    """Entry of the console script."""
    cli(prog_name="semafo")


def _home(path: str | None) -> Home:
    return Home.at(path) if path else Home.default()


def _listed(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Values of a repeatable option whose values may hold several, separated by commas."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """Turn what a user can mend into one message and exit code 2."""
    try:
        yield
    except SemafoError as error:
        terminal.complain(str(error), as_json)
        sys.exit(2)
    except OSError as error:
        terminal.complain(f"{error.filename or 'The home'}: {error.strerror}.", as_json)
        sys.exit(2)


if __name__ == "__main__":
    main()
