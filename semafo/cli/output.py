"""What the commands print: for people, or one JSON object a line."""

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import click

from semafo import inert, keys, shortages
from semafo.errors import EngineError, SemafoError
from semafo.runs.engine.launch import ensure_engine, notice
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store

_POLL_SECONDS = 0.2
_MOST_SHOWN, _WAITING = 6, "waiting"
_SCORED = "{:<28} {:<34} {}"
_ROW = "{run_id:<28} {state:<10} {dataset:<22} {title:<34} {accuracy}"


def show(text: str, *, err: bool = False) -> None:
    """Print a line for people: nothing in it moves their cursor or colours what follows."""
    click.echo(inert.terminal(text), err=err)


def say(value: Any, as_json: bool) -> None:
    """Print a flat mapping or dataclass."""
    values = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    if as_json:
        click.echo(inert.as_json(values))
        return
    for name, item in values.items():
        _say_item(name, item)
    click.echo()


def _say_item(name: str, item: Any) -> None:
    if isinstance(item, list | tuple) and item:
        show(f"{name}:")
        for part in item:
            show(f"  - {part}")
    elif item not in (None, [], (), {}):
        show(f"{name}: {item}")


def complain(message: str, as_json: bool) -> None:
    """Print an error to stderr."""
    _aside("error", message, as_json)


def remark(message: str, as_json: bool) -> None:
    """Print to stderr what is no error but should be known."""
    _aside("warning", message, as_json)


def _aside(kind: str, message: str, as_json: bool) -> None:
    if as_json:
        click.echo(inert.as_json({kind: message}), err=True)
    else:
        show(f"semafo: {message}", err=True)


def say_found(warnings: Iterable[str], as_json: bool, said: Collection[str] = ()) -> None:
    """Print to stderr what is to be known of the data, each sentence once; JSON lines have it already."""
    for warning in () if as_json else dict.fromkeys(warnings):
        if warning not in said:
            remark(warning, as_json)


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """Turn what a user can mend into one message and exit code 2."""
    try:
        yield
    except SemafoError as error:
        complain(str(error), as_json)
        sys.exit(2)
    except BrokenPipeError:  # who read has read enough; click ends without a word
        raise
    except Exception as error:
        said = shortages.in_words(error, _home_path())
        if said is None and isinstance(error, OSError):
            said = f"{error.filename or 'The home'}: {error.strerror}."
        if said is None:
            raise
        complain(said, as_json)
        sys.exit(2)


def _home_path() -> Path:
    """The home of the command that runs, which need not be there."""
    context = click.get_current_context(silent=True)
    given = context.params.get("home") if context else None
    return Home.path_of(given)


def say_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print a list of runs."""
    if as_json:
        for row in rows:
            click.echo(inert.as_json(row))
    elif not rows:
        show("No runs yet. `semafo compare` makes some.")
    else:
        for row in rows:
            shown = {"dataset": Path(row["dataset"]).name[-22:], "title": _called(row), "accuracy": _accuracy(row)}
            show(_ROW.format(**{**row, **shown}).rstrip())
            if row["state"] == keys.UNREADABLE:
                show(f"  {row['reason']}")


def _called(row: dict[str, Any]) -> str:
    """Own name, settings in short, tags."""
    name = f"{row['name']}: " if row.get("name") else ""
    tags = "".join(f" #{tag}" for tag in row.get("tags") or ())
    return f"{name}{row['title']}{tags}"


def say_run(record: RunRecord, as_json: bool, whole: bool = False) -> None:
    """Print a run as its summary; `whole` adds where it lies and how it ended."""
    summary, about = record.summary(), record.about
    extra = {"folder": str(record.folder), "reason": record.status.get("reason"), "split": record.split()}
    extra |= {"name": about.name, "tags": list(about.tags), "notes": about.notes or None}
    if record.state in (keys.FAILED, keys.CANCELLED):
        complain(f"{record.title}: {record.state}. {extra['reason']}", as_json)
    if as_json:
        click.echo(inert.as_json({**summary, **extra} if whole else summary))
        return
    if whole:
        first = {name: extra[name] for name in ("name", "tags", "notes")}
        last = {name: extra[name] for name in ("folder", "reason")}
        say({"title": record.default_title, **first, **summary, **last}, as_json=False)
    else:
        show(_SCORED.format(record.run_id, record.title, _accuracy(summary)))


def say_comparison(lines: Iterable[dict[str, Any]], missing: Iterable[str], as_json: bool) -> None:
    """Print what `semafo.cli.comparison` found, and complain about what it could not find."""
    for line in lines:
        if as_json:
            click.echo(inert.as_json(line))
        else:
            _say_line(line)
    for sentence in missing:
        complain(sentence, as_json)


def _say_line(line: dict[str, Any]) -> None:
    """Scores aligned under the runs' own, differences as sentences; what has no test cells is left out."""
    if "words" in line:
        show(line["words"])
    elif line["kind"] == "method":
        low, high = line["accuracy_low"], line["accuracy_high"]
        interval = "" if low is None else f" ({low:.3f} to {high:.3f} over seeds and splits)"
        show(_SCORED.format(f"mean, n = {line['n_runs']}", line["mix"], f"accuracy {line['accuracy']:.3f}{interval}"))
    elif line["accuracy"] is not None:
        name = f"{line['of']}, before the query stage" if "of" in line else line["mix"]
        head = f"split {line['split_seed']}, seed {line['seed']}"
        show(_SCORED.format(head, name, _accuracy(line)))


def _accuracy(row: dict[str, Any]) -> str:
    if row.get("accuracy") is None:
        of_reference = row.get("accuracy_reference")
        return "" if of_reference is None else f"accuracy {of_reference:.3f} on the reference it was trained on"
    interval = f"{row['accuracy_low']:.3f} to {row['accuracy_high']:.3f}"
    return (
        f"accuracy {row['accuracy']:.3f} ({interval}, n = {row['n_scored']}; majority {row['accuracy_majority']:.3f})"
    )


def watch(home: Home, run_ids: list[str], quiet: bool, stop: Callable[[], None] | None = None) -> Iterator[RunRecord]:
    """Yield the runs in their order, each when it has ended. Ctrl-C stops those that have not, or calls `stop`."""
    records = [RunRecord(home.run(run_id)) for run_id in run_ids]
    said, is_seen = None, not quiet and sys.stderr.isatty()  # a file would keep every step of the progress
    try:
        for record in records:
            while record.is_active:
                ensure_engine(home)
                said = _say_news(notice(home), said, quiet)
                if is_seen:
                    _show_progress(records)
                time.sleep(_POLL_SECONDS)
            if is_seen:
                click.echo("\r\033[K", nl=False, err=True)
            yield record
    except KeyboardInterrupt:
        if stop is not None:
            stop()
        for record in records if stop is None else ():
            if record.is_active:
                store.cancel(home, record.run_id)
        complain("Stopped. Finished runs are kept.", as_json=quiet)
        sys.exit(130)


def _say_news(news: str | None, said: str | None, quiet: bool) -> str | None:
    """Say why runs wait, once; returns what was said."""
    if news is not None and news != said:
        if not quiet:
            click.echo("\r\033[K", nl=False, err=True)
        remark(news, as_json=quiet)
    return news


def _show_progress(records: list[RunRecord]) -> None:
    """One line that is written over: how far each run is; of many, those that work, and how many have ended."""
    active = [record for record in records if record.is_active]
    parts = [f"{record.config.mix.name} {_how_far(record)}" for record in active]
    if len(records) > _MOST_SHOWN:
        ended = f"{len(records) - len(active)} of {len(records)} ended"
        parts = [ended, *(part for part in parts if not part.endswith(_WAITING))]
    click.echo(f"\r\033[K{inert.terminal(' · '.join(parts))}"[:160], nl=False, err=True)


def _how_far(record: RunRecord) -> str:
    progress = record.progress()
    if not progress or progress["stage"] is None:
        return _WAITING
    epochs = f" {progress['epoch']}/{progress['n_epochs']}" if progress["n_epochs"] else ""
    return f"{progress['stage']}{epochs}"


def wait_until(home: Home, condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return once `condition` holds; raise EngineError where the engine, or the one after it, does not get there."""
    deadline = time.monotonic() + seconds
    while not condition():
        ensure_engine(home)
        if time.monotonic() > deadline:
            raise EngineError("The engine did not answer in time. Its log is in the home's folder `engine`.")
        time.sleep(_POLL_SECONDS)
