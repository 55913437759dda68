"""`semafo figure`: the comparison of runs as one figure, as the Compare page shows it."""

from pathlib import Path

import click

from semafo import wording
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.cli.export import require_free
from semafo.errors import SettingsError
from semafo.files import write_atomically
from semafo.runs.export import formats as export_formats

SUFFIXES = (".svg", ".png", ".pdf", ".html")
COLOURS = ("True type", "Predicted type", "Batch", "Right or wrong", "Confidence", "Entropy")


@click.command("figure")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write: .svg, .png or .pdf (needs Chromium or Chrome), or .html, interactive and self-contained.",
)
@click.option(
    "--colour",
    type=click.Choice(COLOURS, case_sensitive=False),
    default=COLOURS[0],
    show_default=True,
    help="What the maps are coloured by.",
)
@click.option(
    "--scale",
    type=click.Choice(("row", "column", "counts")),
    default="row",
    show_default=True,
    help="What the confusion matrices show.",
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@cli_options.home
@cli_options.as_json
def figure(
    names: tuple[str, ...], to: Path, colour: str, scale: str, force: bool, home: str | None, as_json: bool
) -> None:
    """Write the comparison of finished runs, or of a SWEEP, as one figure.

    A column a method: its map, confusion matrix and label scores; below them the scib table and a caption with
    settings, n, intervals and schedule. Runs that differ in their seeds only share a column. RUN may be the start of
    an id.
    """
    with output.errors(as_json):
        if to.suffix.lower() not in SUFFIXES:
            raise SettingsError(f"{to} is no file that this writes. Give a name that ends in {' or '.join(SUFFIXES)}.")
        require_free(to, force)
        where = cli_options.home_at(home)
        records = export_formats.find(where, names).records
        from semafo.ui.colouring import colourings  # with streamlit and plotly, which other commands do without
        from semafo.ui.compare import composite
        from semafo.ui.session import tray

        columns = composite.columns_of(records)
        if len(columns) > tray.TRAY_SIZE:
            raise SettingsError(
                f"These runs are {wording.counted(len(columns), 'column')} of different settings, and a figure has "
                f"room for {tray.TRAY_SIZE}. Give fewer."
            )
        painted = next(one for one in colourings.COLOURINGS if one.lower() == colour.lower())
        content = composite.written(columns, composite.look(painted, scale), None, to.suffix[1:].lower())
        write_atomically(to, lambda handle: handle.write(content))
        output.say({"written": str(to), "runs": [record.run_id for record in records]}, as_json)
