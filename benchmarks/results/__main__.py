"""`python -m benchmarks.results`: make the trainings, score them, and write the tables into docs/results.md."""

import re
from collections.abc import Iterable
from pathlib import Path

import click
import pandas as pd

from benchmarks.results import latent, leak, run, tables
from benchmarks.results.methods import Setting, settings
from benchmarks.results.scores import by_division, cell_table

DOCUMENT = Path(__file__).parents[2] / "docs" / "results.md"


@click.command()
@click.option("--kang", type=click.Path(exists=True), help="Kang et al. 2018, .h5ad; without it simulated cells only.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".results"), show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Trainings at a time, one thread each.")
@click.option("--part", "parts", multiple=True, default=("choose", "report", "leak"), help="Repeatable [all].")
@click.option("--document", type=click.Path(path_type=Path), default=DOCUMENT, help="Where the tables go.")
def main(kang: str | None, folder: Path, jobs: int, parts: tuple[str, ...], document: Path) -> None:
    """Repeat every table of docs/results.md. Trainings that are finished in FOLDER are not repeated."""
    found = {}
    if "choose" in parts:
        run.make(folder, "choose", kang, jobs)
        found |= choose_tables(folder, kang)
    if "report" in parts:
        run.make(folder, "report", kang, jobs)
        found |= report_tables(folder, kang)
    if "leak" in parts and kang:
        found["leak"] = leak.table(folder, kang, jobs)
    for name, text in found.items():
        click.echo(f"\n{name}\n\n{text}")
    write_tables(document, found)


def choose_tables(folder: Path, kang: str | None) -> dict[str, str]:
    """What was tried, on the divisions to choose on."""
    scores = by_division(cell_table(folder, settings("choose", kang), tried=True))
    forms = scores.index.get_level_values("form").unique()
    return {f"tried {form}": tables.tried_table(scores, form) for form in forms}


def report_tables(folder: Path, kang: str | None) -> dict[str, str]:
    """Scores and differences on the divisions to report on."""
    table = cell_table(folder, settings("report", kang))
    scores = by_division(table)
    found = {}
    for data, form in dict.fromkeys((data, form) for data, form, *_ in scores.index):
        for metric in ("accuracy", "balanced accuracy"):
            found[f"{metric} {data} {form}"] = tables.scores_table(scores, data, form, metric)
    for form in pd.unique(table["form"]):
        found[f"differences {form}"] = tables.differences_table(table, scores, form)
    for (data, form), members in _at_one_rate(settings("report", kang)).items():
        found[f"latent {data} {form}"] = latent.table(folder, members)
    return found


def _at_one_rate(all_settings: Iterable[Setting]) -> dict[tuple[str, str], list[Setting]]:
    groups: dict[tuple[str, str], list[Setting]] = {}
    for setting in all_settings:
        if setting.rate == latent.RATE:
            groups.setdefault((setting.data, setting.form), []).append(setting)
    return groups


def write_tables(document: Path, found: dict[str, str]) -> None:
    """Put each table between its two marks; everything else in the document stays."""
    text = document.read_text(encoding="utf-8")
    for name, table in found.items():
        marks = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marks.search(text):
            raise click.ClickException(f"{document} has no place for the table {name!r}.")
        text = marks.sub(lambda match, table=table: f"{match[1]}\n{table}\n\n{match[2]}", text)
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
