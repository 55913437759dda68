"""`semafo export` and `semafo import`: finished runs as files to take away, and runs from another server."""

from pathlib import Path

import click

from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.errors import DataError, SettingsError
from semafo.files import write_atomically
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.export import formats as export_formats


@click.command("export")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write: .h5ad, .zip, .html, .py or .ipynb; with --as model a folder.",
)
@click.option("--as", "kind", type=click.Choice(export_formats.KINDS), help="What to write [by the file's suffix].")
@click.option("--force", is_flag=True, help="Write over what is there.")
@cli_options.home
@cli_options.as_json
def export_runs(
    names: tuple[str, ...], to: Path, kind: str | None, force: bool, home: str | None, as_json: bool
) -> None:
    """Write finished runs, or those of a SWEEP, as a file to take away.

    .h5ad: cells with predictions and maps. .zip: the runs themselves, for `semafo import`. .html: a report. .py and
    .ipynb: train the run again, step by step. --as model: scvi-tools' model folder. RUN may be the start of an id.
    """
    with output.errors(as_json):
        kind = export_formats.kind_of(to, kind)
        require_free(to, force, kind)
        where = cli_options.home_at(home)
        asked = export_formats.find(where, names)
        export_formats.require_possible(kind, asked, to)
        note = (
            _write_report(asked, to) if kind == export_formats.REPORT else export_formats.write(where, asked, kind, to)
        )
        if note:
            output.remark(note, as_json)
        output.say({"written": str(to), "runs": [record.run_id for record in asked.records]}, as_json)


def _write_report(asked: export_formats.Asked, to: Path) -> str:
    from semafo.ui.reports import runs as run_report  # with streamlit and plotly, which other commands do without

    text = run_report.as_html(asked.records)
    write_atomically(to, lambda handle: handle.write(text.encode()))
    return ""


def require_free(to: Path, force: bool, kind: str = "") -> None:
    """Raise where the file cannot be written, before any time is spent."""
    if not to.parent.is_dir():
        raise DataError(f"There is no folder {to.parent}. Make it first, or give another --to.")
    is_folder = kind == export_formats.MODEL and to.suffix.lower() != ".zip"
    if to.is_dir() and not is_folder:
        raise SettingsError(f"{to} is a folder, and this writes a file. Give the file's name.")
    if is_folder and to.exists() and (not to.is_dir() or not _is_model_folder(to)):
        raise SettingsError(f"{to} is there and is no exported model, so it is left alone. Give another --to.")
    if to.exists() and not force:
        raise SettingsError(f"{to} is there already. Give another --to, or --force to write over it.")


def _is_model_folder(folder: Path) -> bool:
    return not any(folder.iterdir()) or (folder / "model.pt").exists()


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@cli_options.home
@cli_options.as_json
def import_runs(file: Path, home: str | None, as_json: bool) -> None:
    """Take the runs of an exported FILE.zip into this home. Runs that are here already are kept as they are."""
    with output.errors(as_json):
        from semafo.runs.export.archive_import import read_bundle

        if not file.is_file():
            raise DataError(f"There is no file {file}. Give a .zip that `semafo export` wrote.")
        where = cli_options.home_at(home)
        taken = read_bundle(where, file)
        ensure_engine(where)  # it alone writes the index
        if as_json:
            output.say({"runs": taken.runs, "kept": taken.kept, "sweeps": taken.sweeps}, as_json)
        else:
            output.show(taken.words)
