"""Finished runs as one page to pass on: scores, maps, curves, settings. Made of the parts of the program's pages."""

import math
from collections.abc import Sequence
from html import escape

import pandas as pd

from semafo import keys, wording
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
from semafo.ui.reports.html_page import figure, paragraph, wide
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
    return html_page.page(title, f"<h1>{escape(title)}</h1>" + "".join(part(runs) for part in parts))


def as_shown(records: Sequence[RunRecord]) -> list[ChosenRun]:
    """The runs with names that tell them apart, and colours by their order."""
    names = run_names.names_of(records)
    pairs = zip(records, names, strict=True)
    return [ChosenRun(record, name, colours.of_slot(i)) for i, (record, name) in enumerate(pairs)]


def _data_sets(runs: Sequence[ChosenRun]) -> str:
    return wording.listed(list(dict.fromkeys(run_names.short_dataset(r.record.config.dataset.name) for r in runs)))


def _head(runs: Sequence[ChosenRun]) -> str:
    """Which cells, which labels, which seeds, and what to know of the data."""
    lines = [note for note in printing_caption.of(runs) if not note.startswith("Semafo ")]
    last = wording.moment(max(r.record.status.get("finished") or 0 for r in runs))
    when = f"{last.astimezone():%Y-%m-%d}" if last else "an unknown day"
    versions = {run.record.settings["context"].get("versions", {}).get("semafo", "") for run in runs}
    lines.append(f"Trained until {when} by Semafo {' and '.join(sorted(versions))}. {ONE_SEED}")
    warnings = dict.fromkeys(warning for run in runs for warning in run.record.warnings)
    warnings |= dict.fromkeys(schedule_notes([run.record for run in runs], [run.name for run in runs]))
    said = "".join(paragraph(line, "quiet") for line in lines)
    return said + "".join(paragraph(warning, "warning") for warning in warnings)


def _scores(runs: Sequence[ChosenRun]) -> str:
    rows = score_tables.label_rows(runs, POPULATION)
    frame = score_tables.label_scores(rows).drop(columns="").assign(Run=[_row_name(row) for row in rows])
    looks = {"index": False, "border": 0, "na_rep": wording.UNDEFINED, "float_format": wording.score}
    whole = {name: frame[name].map(wording.count) for name in ("n", "Unseen") if name in frame}
    table = frame.assign(**whole).to_html(escape=False, **looks)
    sentences = [printing_caption.plain(sentence) for sentence in label_scores.verdicts(runs)]
    note = (
        f"On {_cells_scored(runs)}. Low and High bound the accuracy with 95 % (Wilson). Grey names are baselines on "
        "the same cells, given the same labels."
    )
    said = "".join(map(paragraph, sentences)) + paragraph(note, "caption")
    return f"<h2>Label scores</h2>{wide(table)}{said}"


def _row_name(row: score_tables.LabelRow) -> str:
    if row.kind != score_tables.MODEL:
        return f"<small>{escape(row.name)}</small>"
    return f"<span style='color:{row.colour}' aria-hidden='true'>■</span> {escape(row.name)}"


def _cells_scored(runs: Sequence[ChosenRun]) -> str:
    """Which cells the scores are of."""
    sizes = dict.fromkeys((run.record.predictions().get(POPULATION) or {}).get("n_scored") or 0 for run in runs)
    return f"{' / '.join(map(wording.count, sizes))} test cells, whose labels no model saw at any rate"


def _differences(runs: Sequence[ChosenRun]) -> str:
    groups = [[run for run in group if score_tables.is_tested(run)] for group in grouping.by_test_cells(runs)]
    groups = [group for group in groups if group]
    rows = [
        row
        for group in groups
        for row in run_differences.difference_rows(group, False, _group_head(group) if len(groups) > 1 else "")
    ]
    if not rows:
        return ""
    drawn = charts.forest(rows, run_differences.DIFFERENCE_AXIS, zero=0.0)
    alt = f"{len(rows)} differences in accuracy between runs on the same test cells, with their intervals."
    caption = (
        f"Same test cells. Right of the line the first named is better; grey is {wording.NO_CLEAR_DIFFERENCE}. "
        "Intervals: 95 %, "
        "paired bootstrap over cells; p: McNemar's exact test."
    )
    return f"<h2>Differences between these runs</h2>{figure(drawn, alt, caption)}"


def _group_head(group: Sequence[ChosenRun]) -> str:
    config = group[0].record.config
    return f"{run_names.short_dataset(config.dataset.name)}, split {config.split.split_seed}: "


def _maps(runs: Sequence[ChosenRun]) -> str:
    """UMAPs by type and, where there are several, by batch; then the latent space itself on one scale.

    Points of the first say what they are on hover.
    """
    several = any(len(palettes.batches_of(run.record)) > 1 for run in runs)
    looks_at = [("By type", View(hollow=True))]
    looks_at += [("By batch", View(colouring=colourings.BATCH))] * several
    looks_at += [("In latent units, on one scale", View(projection=projections.PCA))]
    drawn = [f"<h3>{title}</h3>{_map(runs, view, texts=not i)}" for i, (title, view) in enumerate(looks_at)]
    return f"<h2>Latent spaces</h2>{''.join(drawn)}"


def _map(runs: Sequence[ChosenRun], view: View, texts: bool) -> str:
    alt = f"{view.projection} of {wording.listed([run.name for run in runs])}, coloured by {view.colouring.lower()}."
    return figure(map_figures.draw(runs, view), alt, figure_on_page.caption(view, runs), texts=texts)


def _matrices(runs: Sequence[ChosenRun]) -> str:
    parts = []
    for types, group in grouping.by_types(runs).items():
        matrices = [grouping.matrix(run, POPULATION) for run in group]
        if all(matrix.counts is None for matrix in matrices):
            continue
        alt = f"Confusion matrices of {wording.listed([run.name for run in group])}, {len(types)} types."
        caption = "Rows are observed types, columns predicted ones: shares of each observed type, on the test cells."
        parts.append(figure(charts.confusion_panels(matrices, types, "row"), alt, caption))
    return f"<h2>Confusion</h2>{''.join(parts)}" if parts else ""


def _by_type(runs: Sequence[ChosenRun]) -> str:
    caption = (
        f"{by_type_and_batch.MEANINGS['Recall']} n is the number of cells of the type. {by_type_and_batch.BASELINE}"
    )
    drawn = _dots(runs, "per_type", ("type", "recall", "Recall"), caption)
    return f"<h2>Each type</h2>{drawn}" if drawn else ""


def _by_batch(runs: Sequence[ChosenRun]) -> str:
    if all(len(palettes.batches_of(run.record)) < 2 for run in runs):
        return ""
    caption = f"Accuracy in each batch with its 95 % interval (Wilson). {by_type_and_batch.BASELINE}"
    drawn = _dots(runs, "by_batch", ("batch", "accuracy", "Accuracy"), caption)
    return f"<h2>Each batch</h2>{drawn}" if drawn else ""


def _dots(runs: Sequence[ChosenRun], what: str, score: tuple[str, str, str], caption: str) -> str:
    """Dots of each type or batch: a figure for each set of types."""
    by, key, title = score
    parts = []
    for group in grouping.by_types(runs).values():
        found = by_type_and_batch.with_baseline(group, what, POPULATION)
        rows = by_type_and_batch.dot_rows(found, by, key)
        if not rows:
            continue
        looks = [(escape(source.name), source.colour, SYMBOLS[i % len(SYMBOLS)]) for i, source in enumerate(found)]
        ends = [end for row in rows for e in row.estimates for end in (e.value, e.low) if end is not None]
        span = (math.floor(10 * min(ends, default=0)) / 10 - 0.01, 1.02)
        alt = f"{title} of {wording.listed([source.name for source in found])} in each of {len(rows)} {by} groups."
        parts.append(f"<p>{legend_line(looks)}</p>{figure(charts.forest(rows, title, span=span), alt, caption)}")
    return "".join(parts)


def _integration(runs: Sequence[ChosenRun]) -> str:
    rows = score_tables.score_rows(runs, PAPER_WEIGHTS)
    if not rows:
        return ""
    alt = f"Integration scores of {wording.listed([row.name for row in rows])}, sorted by total."
    table = score_tables.score_frame(rows).to_html(
        index=False, border=0, float_format=wording.score, na_rep=wording.UNDEFINED
    )
    drawn = figure(charts.score_table(rows), alt, integration_table.caption(runs))
    return f"<h2>Integration scores (scib)</h2>{drawn}{wide(table)}"


def _curves(runs: Sequence[ChosenRun]) -> str:
    """Loss terms of each stage."""
    histories = {run.name: run.record.history() for run in runs}
    looks = {run.name: run.colour for run in runs}
    parts = []
    for stage in (keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE):
        found = {name: history[history["stage"] == stage] for name, history in histories.items() if len(history)}
        found = {name: history for name, history in found.items() if len(history)}
        if found:
            alt = f"Loss terms of {wording.listed(list(found))} against the epochs of this stage."
            parts.append(f"<h3>{wording.STAGES[stage]}</h3>{figure(charts.loss_terms(found, looks), alt)}")
    caption = paragraph(
        "Loss terms in nats a cell against epochs, then latent scale and label gap. The scVI stage is shared by runs "
        "of the same cells and seed: its lines lie on one another.",
        "caption",
    )
    return f"<h2>Training</h2>{''.join(parts)}{caption}" if parts else ""


def _settings(runs: Sequence[ChosenRun]) -> str:
    """What differs first, then all settings of each run, and how to have them again."""
    differing = settings_difference.between([run.record for run in runs]) if len(runs) > 1 else []
    different = pd.DataFrame(
        [one.values for one in differing], index=[one.setting for one in differing], columns=[run.name for run in runs]
    )
    all_of_them = pd.DataFrame({run.name: _in_words(run.record) for run in runs}).fillna("")
    parts = [f"<h3>What differs</h3>{wide(different.to_html(border=0))}"] if differing else []
    parts.append(
        f"<details><summary>All settings and versions</summary>{wide(all_of_them.to_html(border=0))}</details>"
    )
    lines = "".join(f"<br><code>python -m semafo export {run.run_id} --to again.py</code>" for run in runs)
    return (
        f"<h2>Settings</h2>{''.join(parts)}<p class='caption'>Where the runs are kept, these commands write scripts "
        f"that train them again with the exact label mask:{lines}</p>"
    )


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
