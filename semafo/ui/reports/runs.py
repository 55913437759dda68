"""Finished runs as one page to pass on: scores, maps, curves, settings. Made of the parts of the program's pages."""

import math
from collections.abc import Sequence

import pandas as pd

from semafo import inert, keys, wording
from semafo.runs.compare.schedules import schedule_notes
from semafo.runs.folder import settings_difference
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import PAPER_WEIGHTS
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.charts.scores.forest import SYMBOLS, legend_line
from semafo.ui.colouring import colourings, palettes
from semafo.ui.integration import table as integration_table
from semafo.ui.latent_space import figure_on_page
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps import projections
from semafo.ui.maps.view import View
from semafo.ui.predictions import by_type_and_batch, label_scores, run_differences
from semafo.ui.printing import caption as printing_caption
from semafo.ui.reports import html_page
from semafo.ui.reports.html_page import element, figure, paragraph
from semafo.ui.session import grouping, run_names
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import score_tables

POPULATION = "test"
ONE_SEED = "One seed proves nothing about the methods: differences between these runs are about these runs alone."


def as_html(records: Sequence[RunRecord]) -> str:
    """A page with everything about up to six finished runs. Needs neither server nor network."""
    runs = as_shown(records)
    title = f"{wording.listed(wording.without_common_parts([run.name for run in runs]))} on {_data_sets(runs)}"
    parts = (_head, _scores, _differences, _maps, _matrices, _by_type, _by_batch, _integration, _curves, _settings)
    return html_page.page(title, *(part(runs) for part in parts))


def as_shown(records: Sequence[RunRecord]) -> list[ChosenRun]:
    """The runs with names that tell them apart, and colours by their order."""
    names = run_names.names_of(records)
    pairs = zip(records, names, strict=True)
    return [ChosenRun(record, name, colours.of_slot(i)) for i, (record, name) in enumerate(pairs)]


def _data_sets(runs: Sequence[ChosenRun]) -> str:
    return wording.listed(list(dict.fromkeys(run_names.short_dataset(r.record.config.dataset.name) for r in runs)))


def _head(runs: Sequence[ChosenRun]) -> inert.Html:
    """Which cells, which labels, which seeds, and what to know of the data."""
    lines = [note for note in printing_caption.of(runs) if not note.startswith("Semafo ")]
    last = wording.moment(max(r.record.status.get("finished") or 0 for r in runs))
    when = f"{last.astimezone():%Y-%m-%d}" if last else "an unknown day"
    versions = {run.record.settings["context"].get("versions", {}).get("semafo", "") for run in runs}
    lines.append(f"Trained until {when} by Semafo {' and '.join(sorted(versions))}. {ONE_SEED}")
    warnings = dict.fromkeys(warning for run in runs for warning in run.record.warnings)
    warnings |= dict.fromkeys(schedule_notes([run.record for run in runs], [run.name for run in runs]))
    quiet = [paragraph(line, "quiet") for line in lines]
    return inert.html(*quiet, *(paragraph(warning, "warning") for warning in warnings))


def _scores(runs: Sequence[ChosenRun]) -> inert.Html:
    rows = score_tables.label_rows(runs, POPULATION)
    frame = score_tables.label_scores(rows).drop(columns="").assign(Run=[_row_name(row) for row in rows])
    whole = {name: frame[name].map(wording.count) for name in ("n", "Unseen") if name in frame}
    table = html_page.table(frame.assign(**whole), **_SCORES)
    note = (
        f"On {_cells_scored(runs)}. Low and High bound the accuracy with 95 % (Wilson). Grey names are baselines on "
        "the same cells, given the same labels."
    )
    said = map(paragraph, label_scores.verdicts(runs))
    return inert.html(element("h2", "Label scores"), table, *said, paragraph(note, "caption"))


_SCORES = {"index": False, "na_rep": wording.UNDEFINED, "float_format": wording.score}


def _row_name(row: score_tables.LabelRow) -> inert.Html:
    if row.kind != score_tables.MODEL:
        return element("small", row.name)
    return inert.html(colours.swatch(row.colour), row.name, between=" ")


def _cells_scored(runs: Sequence[ChosenRun]) -> str:
    """Which cells the scores are of."""
    sizes = dict.fromkeys((run.record.predictions().get(POPULATION) or {}).get("n_scored") or 0 for run in runs)
    return f"{' / '.join(map(wording.count, sizes))} test cells, whose labels no model saw at any rate"


def _differences(runs: Sequence[ChosenRun]) -> inert.Html:
    groups = [[run for run in group if score_tables.is_tested(run)] for group in grouping.by_test_cells(runs)]
    groups = [group for group in groups if group]
    rows = [
        row
        for group in groups
        for row in run_differences.difference_rows(group, False, _group_head(group) if len(groups) > 1 else "")
    ]
    if not rows:
        return inert.html()
    drawn = charts.forest(rows, run_differences.DIFFERENCE_AXIS, zero=0.0)
    alt = f"{len(rows)} differences in accuracy between runs on the same test cells, with their intervals."
    caption = (
        f"Same test cells. Right of the line the first named is better; grey is {wording.NO_CLEAR_DIFFERENCE}. "
        "Intervals: 95 %, "
        "paired bootstrap over cells; p: McNemar's exact test."
    )
    return inert.html(element("h2", "Differences between these runs"), figure(drawn, alt, caption))


def _group_head(group: Sequence[ChosenRun]) -> str:
    config = group[0].record.config
    return f"{run_names.short_dataset(config.dataset.name)}, split {config.split.split_seed}: "


def _maps(runs: Sequence[ChosenRun]) -> inert.Html:
    """UMAPs by type and, where there are several, by batch; then the latent space itself on one scale.

    Points of the first say what they are on hover.
    """
    several = any(len(palettes.batches_of(run.record)) > 1 for run in runs)
    looks_at = [("By type", View(hollow=True))]
    looks_at += [("By batch", View(colouring=colourings.BATCH))] * several
    looks_at += [("In latent units, on one scale", View(projection=projections.PCA))]
    drawn = [
        part
        for i, (title, view) in enumerate(looks_at)
        for part in (element("h3", title), _map(runs, view, texts=not i))
    ]
    return inert.html(element("h2", "Latent spaces"), *drawn)


def _map(runs: Sequence[ChosenRun], view: View, texts: bool) -> inert.Html:
    alt = f"{view.projection} of {wording.listed([run.name for run in runs])}, coloured by {view.colouring.lower()}."
    return figure(map_figures.draw(runs, view), alt, figure_on_page.caption(view, runs), texts=texts)


def _matrices(runs: Sequence[ChosenRun]) -> inert.Html:
    parts = []
    for types, group in grouping.by_types(runs).items():
        matrices = [grouping.matrix(run, POPULATION) for run in group]
        if all(matrix.counts is None for matrix in matrices):
            continue
        alt = f"Confusion matrices of {wording.listed([run.name for run in group])}, {len(types)} types."
        caption = "Rows are observed types, columns predicted ones: shares of each observed type, on the test cells."
        parts.append(figure(charts.confusion_panels(matrices, types, "row"), alt, caption))
    return _section("Confusion", *parts)


def _by_type(runs: Sequence[ChosenRun]) -> inert.Html:
    caption = (
        f"{by_type_and_batch.MEANINGS['Recall']} n is the number of cells of the type. {by_type_and_batch.BASELINE}"
    )
    drawn = _dots(runs, "per_type", ("type", "recall", "Recall"), caption)
    return _section("Each type", *drawn)


def _by_batch(runs: Sequence[ChosenRun]) -> inert.Html:
    if all(len(palettes.batches_of(run.record)) < 2 for run in runs):
        return inert.html()
    caption = f"Accuracy in each batch with its 95 % interval (Wilson). {by_type_and_batch.BASELINE}"
    drawn = _dots(runs, "by_batch", ("batch", "accuracy", "Accuracy"), caption)
    return _section("Each batch", *drawn)


def _dots(runs: Sequence[ChosenRun], what: str, score: tuple[str, str, str], caption: str) -> list[inert.Html]:
    """Dots of each type or batch: a figure for each set of types."""
    by, key, title = score
    parts = []
    for group in grouping.by_types(runs).values():
        found = by_type_and_batch.with_baseline(group, what, POPULATION)
        rows = by_type_and_batch.dot_rows(found, by, key)
        if not rows:
            continue
        looks = [(source.name, source.colour, SYMBOLS[i % len(SYMBOLS)]) for i, source in enumerate(found)]
        ends = [end for row in rows for e in row.estimates for end in (e.value, e.low) if end is not None]
        span = (math.floor(10 * min(ends, default=0)) / 10 - 0.01, 1.02)
        alt = f"{title} of {wording.listed([source.name for source in found])} in each of {len(rows)} {by} groups."
        parts += [element("p", legend_line(looks)), figure(charts.forest(rows, title, span=span), alt, caption)]
    return parts


def _integration(runs: Sequence[ChosenRun]) -> inert.Html:
    rows = score_tables.score_rows(runs, PAPER_WEIGHTS)
    if not rows:
        return inert.html()
    alt = f"Integration scores of {wording.listed([row.name for row in rows])}, sorted by total."
    table = html_page.table(score_tables.score_frame(rows), **_SCORES)
    drawn = figure(charts.score_table(rows), alt, integration_table.caption(runs))
    return _section("Integration scores (scib)", drawn, table)


def _curves(runs: Sequence[ChosenRun]) -> inert.Html:
    """Loss terms of each stage."""
    histories = {run.name: run.record.history() for run in runs}
    looks = {run.name: run.colour for run in runs}
    parts = []
    for stage in (keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE):
        found = {name: history[history["stage"] == stage] for name, history in histories.items() if len(history)}
        found = {name: history for name, history in found.items() if len(history)}
        if found:
            alt = f"Loss terms of {wording.listed(list(found))} against the epochs of this stage."
            parts += [element("h3", wording.STAGES[stage]), figure(charts.loss_terms(found, looks), alt)]
    caption = paragraph(
        "Loss terms in nats a cell against epochs, then latent scale and label gap. The scVI stage is shared by runs "
        "of the same cells and seed: its lines lie on one another.",
        "caption",
    )
    return _section("Training", *parts, caption) if parts else inert.html()


def _section(title: str, *parts: inert.Html) -> inert.Html:
    """Parts below a heading; nothing where there are none."""
    return inert.html(element("h2", title), *parts) if parts else inert.html()


def _settings(runs: Sequence[ChosenRun]) -> inert.Html:
    """What differs first, then all settings of each run, and how to have them again."""
    differing = settings_difference.between([run.record for run in runs]) if len(runs) > 1 else []
    different = pd.DataFrame(
        [one.values for one in differing], index=[one.setting for one in differing], columns=[run.name for run in runs]
    )
    all_of_them = pd.DataFrame({run.name: _in_words(run.record) for run in runs}).fillna("")
    parts = [element("h3", "What differs"), html_page.table(different)] if differing else []
    parts += [element("details", element("summary", "All settings and versions"), html_page.table(all_of_them))]
    commands = [element("code", f"python -m semafo export {run.run_id} --to again.py") for run in runs]
    said = "Where the runs are kept, these commands write scripts that train them again with the exact label mask:"
    lines = inert.html(said, *commands, between="<br>")
    return _section("Settings", *parts, element("p", lines, kind="caption"))


def _in_words(record: RunRecord) -> dict[str, str]:
    context = record.settings["context"]
    settings = {
        settings_difference.WORDS.get(f"{part}.{name}", f"{part}.{name}"): value
        for part, values in record.config.to_dict().items()
        for name, value in values.items()
    }
    seconds = record.status.get("seconds") or {}
    times = {f"Time, {wording.STAGES.get(stage, stage)}": wording.duration(value) for stage, value in seconds.items()}
    versions = {f"Version of {name}": version for name, version in context.get("versions", {}).items()}
    found = {"Run": record.run_id, **settings, "Content of the data": context.get("data"), **times, **versions}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) or "–" if isinstance(value, list | tuple) else str(value)
