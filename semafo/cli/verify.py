"""`semafo verify`: whether the files of finished runs are still what the runs left."""

import sys

import click

from semafo import wording
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.verification import verify as verified
from semafo.runs.library import store
from semafo.runs.library.rows import names_of


@click.command()
@click.argument("found", metavar="[RUN]...", nargs=-1)
@cli_options.home
@cli_options.as_json
def verify(found: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """Read every file of finished runs, and say which is not what the run left.

    All finished runs are read where no RUN is named; RUN may be the start of an id. Exit code 1 where a file is
    damaged.
    """
    with output.errors(as_json):
        where = cli_options.home_at(home)
        every = [RunRecord(where.run(name)) for name in names_of(where)]
        records = [store.get(where, run) for run in found] or every
        n_runs = n_damaged = 0
        for _, damages in verified(records):
            n_runs, n_damaged = n_runs + 1, n_damaged + bool(damages)
            for damage in damages:
                output.say(damage, True) if as_json else output.show(damage.words)
        if not as_json:
            output.show(f"{wording.counted(n_runs, 'finished run')} read, {n_damaged or 'none'} damaged.")
    sys.exit(1 if n_damaged else 0)
