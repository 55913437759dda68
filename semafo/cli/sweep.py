"""`semafo sweep` and `semafo report`: a grid of runs, and what came out."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from semafo import keys, wording
from semafo.cli import comparison, output
from semafo.cli import options as cli_options
from semafo.data import catalogue
from semafo.errors import SettingsError
from semafo.files import write_atomically
from semafo.runs import names_as_typed
from semafo.runs.background.preflight import inspect
from semafo.runs.engine.launch import ensure_engine, n_workers
from semafo.runs.home import Home
from semafo.runs.sweeps import cost, summary
from semafo.runs.sweeps.grid import PRESET_FAMILIES, Grid, Point, preset_points
from semafo.runs.sweeps.sweep import Sweep
from semafo.settings.run_config import DatasetSpec, SplitSettings


@click.command()
@cli_options.of_runs
@click.option("--preset", type=click.Choice(PRESET_FAMILIES), help="All of the paper's splits of one tissue.")
@click.option("--labelled-rate", "rates", type=float, multiple=True, help="0 to 1. Repeatable.")
@click.option("--name", help="What people call it.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what it would cost, and start nothing.")
@cli_options.home
@cli_options.as_json
def sweep(home: str | None, as_json: bool, name: str | None, only_plan: bool, **options: Any) -> None:
    """Train every mix at every labelled rate with every seed, and print how they compare.

    Begun again, a sweep does only what is missing. Ctrl-C pauses it.
    """
    with output.errors(as_json):
        where = cli_options.home_at(home)
        grid = grid_from(where, options)
        output.remark(_foreseen(cost.forecast(where, grid.configs(), n_workers(where))), as_json)
        if only_plan:
            return
        ensure_engine(where)
        begun = Sweep.start(where, grid, name)
        output.remark(
            f"Sweep {begun.sweep_id}: {begun.name}. `semafo report {begun.sweep_id}` says what came out.", as_json
        )
        for record in output.watch(where, begun.facts["run_ids"], quiet=as_json, stop=begun.pause):
            output.say_run(record, as_json)
        _say_result(begun, as_json)
    if begun.counts()[keys.DONE] < len(begun.facts["run_ids"]):
        sys.exit(2)


@click.command()
@click.argument("sweep_id", metavar="SWEEP")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="report.html or report.csv [the terminal].")
@cli_options.home
@cli_options.as_json
def report(sweep_id: str, to: Path | None, home: str | None, as_json: bool) -> None:
    """Print what a sweep found, or write it as a page (.html) or a table (.csv). SWEEP may be the start of an id."""
    with output.errors(as_json):
        found = Sweep.of(cli_options.home_at(home), sweep_id)
        if to is None:
            _say_result(found, as_json)
            return
        written = _written(found, to).encode()
        write_atomically(to, lambda handle: handle.write(written))
        output.say({"report": str(to)}, as_json)


def _written(found: Sweep, to: Path) -> str:
    """Content of the file, of the kind that its name says."""
    kind = to.suffix.lower()
    if kind == ".csv":
        return summary.as_csv(found)
    if kind == ".html":
        from semafo.ui.sweep.report import as_html  # with streamlit and plotly, which other commands do without

        return as_html(found)
    raise SettingsError(f"A report is a .html or a .csv file, and {to.name} is neither.")


def _say_result(found: Sweep, as_json: bool) -> None:
    """As JSON everything that `compare` says, point by point; for people a table and what is clear in it.

    Raises SemafoError where no run is finished.
    """
    summary.require_results(found)
    if as_json:
        for records in found.by_point().values():
            output.say_comparison(comparison.lines(records), comparison.missing(records), as_json)
        return
    output.show(summary.as_text(found))


def grid_from(home: Home, options: dict[str, Any]) -> Grid:
    """The grid that `sweep`'s options ask for."""
    family = options["preset"]
    if family and (options["rates"] or options["reference"]):
        raise click.UsageError("--preset chooses reference and labels: leave --reference and --labelled-rate out.")
    if not family and not options["rates"]:
        raise click.UsageError("Give --labelled-rate at least once, or --preset.")
    spec = cli_options.dataset(options)
    rest: dict[str, Any] = {name: tuple(dict.fromkeys(options[name])) for name in ("seeds", "split_seeds")}
    rest |= {"mixes": tuple(cli_options.mixes(options)), "train": cli_options.train(options)}
    if family:
        points = _preset_points(home, family, spec)
        split = cli_options.split(names_as_typed.resolved(home, points[0].dataset, options))
        points = [replace(point, split=replace(point.split, **split)) for point in points]
        return Grid(tuple(points), preset=family, **rest)
    options = names_as_typed.resolved(home, spec, options)
    split = cli_options.split(options)
    return Grid.of_rates(spec, SplitSettings(options["reference"], **split), options["rates"], **rest)


def _preset_points(home: Home, family: str, spec: DatasetSpec) -> Sequence[Point]:
    is_open = spec.name.strip() == catalogue.SIMULATED
    studies = None if is_open else set(inspect(home, spec).cells[keys.BATCH_COLUMN].astype(str))
    return preset_points(family, spec, studies)


def _foreseen(found: cost.Forecast) -> str:
    """The plan in a sentence."""
    done = f", {found.n_done} of them done already" if found.n_done else ""
    pace = "as fast as this home's latest runs" if found.is_measured else "at a laptop's pace"
    return (
        f"{found.n_runs} runs{done}, {found.n_shared} scVI stages ({found.n_shared_done} trained already), about "
        f"{max(1, round(found.seconds / 60))} min with {found.n_workers} workers {pace}, "
        f"{wording.size(found.n_bytes)} on disk."
    )
