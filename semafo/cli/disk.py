"""`semafo disk` and `semafo clean`: what a home takes on disk, and what of it could go."""

from typing import Any

import click

from semafo import wording
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.home import Home
from semafo.runs.library import cleanup, trash
from semafo.runs.library import disk_use as library_disk_use
from semafo.runs.library.cleanup import CACHE, EXPORTS, FAILED, KINDS, TRASH, UPLOADS, Item

_PARTS = {
    library_disk_use.RUNS: "runs",
    library_disk_use.TRASH: "deleted runs",
    library_disk_use.CACHE: "shared stages",
    library_disk_use.UPLOADS: "uploads",
    library_disk_use.EXPORTS: "exported files",
    library_disk_use.CHECKS: "reports of data sets",
    library_disk_use.SWEEPS: "sweeps",
}
_KINDS = {
    TRASH: "deleted runs, for good",
    FAILED: "failed and cancelled runs, to the trash",
    CACHE: "shared stages that no run needs",
    UPLOADS: "uploads that no run refers to",
    EXPORTS: "exported files",
}


@click.command(name="disk")
@cli_options.home
@cli_options.as_json
def disk_use(home: str | None, as_json: bool) -> None:
    """Print what the home takes on disk."""
    with output.errors(as_json):
        parts = library_disk_use.measure(cli_options.home_at(home))
        for part in parts:
            if as_json:
                output.say(part, as_json)
            else:
                output.show(f"{wording.size(part.n_bytes):>10}  {_PARTS[part.name]}: {part.n}")
        if not as_json:
            output.show(f"{wording.size(sum(part.n_bytes for part in parts)):>10}  together")


@click.command()
@click.option("--trash", "kinds", flag_value=TRASH, multiple=True, help="Deleted runs, for good.")
@click.option("--failed", "kinds", flag_value=FAILED, multiple=True, help="Failed and cancelled runs, to the trash.")
@click.option("--cache", "kinds", flag_value=CACHE, multiple=True, help="Shared stages that no run needs.")
@click.option("--uploads", "kinds", flag_value=UPLOADS, multiple=True, help="Uploads that no run refers to.")
@click.option("--exports", "kinds", flag_value=EXPORTS, multiple=True, help="Exported files, to be written again.")
@click.option("--yes", is_flag=True, help="Do it; without, only what would go is printed.")
@cli_options.home
@cli_options.as_json
def clean(kinds: tuple[str, ...], yes: bool, home: str | None, as_json: bool) -> None:
    """Say what could go, and let it go with --yes."""
    if yes and not kinds:
        raise click.UsageError(f"Say what is to go with --yes: {', '.join(f'--{kind}' for kind in KINDS)}.")
    with output.errors(as_json):
        where = cli_options.home_at(home)
        wanted = kinds or KINDS
        items = cleanup.plan(where, wanted)
        _say_plan(where, wanted, items, as_json)
        if not yes or not items:
            return
        free = cleanup.freed(items)
        cleanup.request(where, items)
        ensure_engine(where)
        output.wait_until(where, lambda: not any(item.path.exists() for item in items), seconds=120)
        output.say({"removed": len(items), "freed_bytes": free} if as_json else {"freed": wording.size(free)}, as_json)


def _say_plan(home: Home, kinds: tuple[str, ...], items: list[Item], as_json: bool) -> None:
    stays = cleanup.why_stages_stay(home) if CACHE in kinds else None
    if stays:
        output.remark(stays, as_json)
    for kind in (kind for kind in KINDS if kind in kinds):
        of_kind = [item for item in items if item.kind == kind]
        if as_json:
            for item in of_kind:
                output.say(_plain(item), as_json)
            continue
        output.show(
            f"{wording.size(sum(item.n_bytes for item in of_kind)):>10}  {_KINDS[kind]}: {len(of_kind)}  (--{kind})"
        )
        for item in of_kind:
            title = "" if item.title == item.name else f"  {item.title}"
            output.show(f"{wording.size(item.n_bytes):>14}  {item.name}{title}")
    if not as_json and TRASH in kinds:
        output.show(f"What is in the trash goes by itself after {trash.kept_days():g} days.")


def _plain(item: Item) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "title": item.title, "bytes": item.n_bytes}
