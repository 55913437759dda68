"""Commands about runs that are there: list and search, show, compare settings, name, tag, note, delete, take back."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from semafo import inert, keys
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.errors import SettingsError
from semafo.runs.compare.schedules import schedule_notes
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.folder import settings_difference
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import search as run_search
from semafo.runs.library import store, trash

_STATES = (keys.QUEUED, keys.RUNNING, keys.DONE, keys.FAILED, keys.CANCELLED, keys.UNREADABLE)
_WIDEST = 44  # characters of a column


@click.command()
@click.option("--search", "text", default="", help="Words in name, settings, tags, notes, data set, state or id.")
@click.option("--tag", help="Only runs with this tag.")
@click.option("--dataset", help="Only runs on this data set.")
@click.option("--state", type=click.Choice(_STATES), help="Only runs in this state.")
@click.option("--sweep", help="Only runs of this sweep; the start of its id is enough.")
@cli_options.home
@cli_options.as_json
def runs(home: str | None, as_json: bool, text: str, **filters: Any) -> None:
    """List the runs, newest first."""
    with output.errors(as_json):
        rows = store.rows(cli_options.home_at(home))
        found = run_search.search(rows, text, **filters)
        if rows and not found and not as_json:
            output.show(f"None of {len(rows)} runs fits. `semafo runs` lists them all.")
        else:
            output.say_rows(found, as_json)


@click.command()
@click.argument("run")
@cli_options.home
@cli_options.as_json
def show(run: str, home: str | None, as_json: bool) -> None:
    """Print one run: scores, warnings, name, tags and notes, where its files are. RUN may be the start of an id."""
    with output.errors(as_json):
        output.say_run(store.get(cli_options.home_at(home), run), as_json, whole=True)


@click.command()
@click.argument("found", metavar="RUN RUN...", nargs=-1, required=True)
@cli_options.home
@cli_options.as_json
def diff(found: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """Print the settings, versions and data in which runs differ."""
    with output.errors(as_json):
        where = cli_options.home_at(home)
        records = [store.get(where, run) for run in found]
        if len({record.run_id for record in records}) < max(2, len(records)):
            raise SettingsError("Give two or more different runs to compare. `semafo runs` lists them.")
        _say_differences(records, settings_difference.between(records), as_json)


def _say_differences(records: list[RunRecord], found: list[settings_difference.Difference], as_json: bool) -> None:
    run_ids = [record.run_id for record in records]
    notes = schedule_notes(records, run_ids)
    if as_json:
        for one in found:
            values = dict(zip(run_ids, one.values, strict=True))
            click.echo(inert.as_json({"kind": "setting", "setting": one.setting, "values": values}))
        for note in notes:
            click.echo(inert.as_json({"kind": "note", "words": note}))
        return
    table = [("", *run_ids), ("", *(record.title for record in records))]
    table += [(one.setting, *one.values) for one in found]
    widths = [min(_WIDEST, max(len(text) for text in column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        output.show("  ".join(cells).rstrip())
    for sentence in (settings_difference.same_rest(found), *notes):
        output.show(sentence)


@click.command()
@click.argument("run")
@click.argument("name")
@cli_options.home
@cli_options.as_json
def rename(run: str, name: str, home: str | None, as_json: bool) -> None:
    """Give a run a name of its own; "" takes it back."""
    with output.errors(as_json):
        _say_about(run_search.rename(cli_options.home_at(home), run, name), as_json)


@click.command()
@click.argument("run")
@click.option("--add", multiple=True, help="A tag to add. Repeatable.")
@click.option("--remove", multiple=True, help="A tag to remove. Repeatable.")
@cli_options.home
@cli_options.as_json
def tag(run: str, add: tuple[str, ...], remove: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """Add tags to a run, or remove them; without either, print them."""
    with output.errors(as_json):
        where = cli_options.home_at(home)
        changed = run_search.tag(where, run, add, remove) if add or remove else store.get(where, run)
        _say_about(changed, as_json)


@click.command()
@click.argument("run")
@click.argument("text")
@cli_options.home
@cli_options.as_json
def note(run: str, text: str, home: str | None, as_json: bool) -> None:
    """Write a run's notes, in place of those it had; "" deletes them."""
    with output.errors(as_json):
        _say_about(run_search.note(cli_options.home_at(home), run, text), as_json)


def _say_about(record: RunRecord, as_json: bool) -> None:
    said = record.about
    values = {"run_id": record.run_id, "name": said.name, "tags": list(said.tags), "notes": said.notes}
    output.say(values if as_json else {**values, "notes": said.notes or None}, as_json)


@click.command()
@click.argument("found", metavar="RUN...", nargs=-1, required=True)
@cli_options.home
@cli_options.as_json
def delete(found: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """Move runs to the trash, stopping those that work. `semafo restore` takes it back for some days."""
    with output.errors(as_json):
        where = cli_options.home_at(home)
        records = [store.get(where, run) for run in found]  # all are found before the first is deleted
        for record in records:
            store.delete(where, record.run_id)
        ensure_engine(where)
        for record in records:
            output.wait_until(where, partial(_is_gone, record.folder))
            output.say({"deleted": record.run_id, "kept_days": trash.kept_days()}, as_json)


def _is_gone(folder: Path) -> bool:
    return not folder.exists()


@click.command()
@click.argument("found", metavar="RUN...", nargs=-1, required=True)
@cli_options.home
@cli_options.as_json
def restore(found: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """Take deleted runs out of the trash. RUN may be the start of an id."""
    with output.errors(as_json):
        where = cli_options.home_at(home)
        for run in found:
            output.say({"restored": store.restore(where, run)}, as_json)
