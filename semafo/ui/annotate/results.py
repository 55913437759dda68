"""A finished annotation: predicted types, confidence, markers, the table, and files to take away."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.data import catalogue
from semafo.data.reading import gene_overlap
from semafo.errors import DataError
from semafo.runs.background.process import last_said
from semafo.runs.background.reading import run_reading
from semafo.runs.export import annotated_query
from semafo.runs.folder.run_record import RunRecord
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.colouring import palettes
from semafo.ui.session.home import all_rows, current_home
from semafo.ui.session.run_names import names_of, short_dataset
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets import downloads
from semafo.ui.widgets.figure import show_figure

MOST_ROWS = 2000  # of the table on the page; the file has all


def finished() -> list[RunRecord]:
    """Annotation runs of this home that are done, newest first."""
    rows = [row for row in all_rows() if row.get("query") and row["state"] == keys.DONE]
    return [RunRecord(current_home().run(row["run_id"])) for row in rows]


def choose(records: Sequence[RunRecord]) -> RunRecord:
    """The annotation to look at."""
    names = names_of(records)
    titles = {record.run_id: title(record, name) for record, name in zip(records, names, strict=True)}
    by_id = {record.run_id: record for record in records}
    if st.session_state.get("annotation") not in by_id:
        st.session_state.pop("annotation", None)
    picked = st.selectbox(
        "Annotation", list(by_id), format_func=lambda run_id: titles.get(run_id, run_id), key="annotation"
    )
    return by_id[picked]


def title(record: RunRecord, name: str) -> str:
    """`query onto reference · scANVI · seed 0`."""
    reference = short_dataset(record.config.dataset.name)
    return f"{_query_of(record)} onto {reference} · {name.replace(' · 0 %', '')}"


def _query_of(record: RunRecord) -> str:
    """Name of the query's data set."""
    query = record.config.dataset.query
    assert query is not None  # every annotation has one, see `finished`
    return short_dataset(query)


def threshold() -> float:
    """Confidence below which a cell is unknown, 0 to 1."""
    percent = st.slider(
        "Unknown below a confidence of",
        0,
        100,
        round(100 * annotated_query.THRESHOLD),
        5,
        format="%d %%",
        key="annotation_threshold",
        persist_state="session",
        help="Probability that the model gives the predicted type, times what the genes of the query support. "
        "Confidence is not accuracy: a type that the "
        "reference lacks can be named with confidence.",
    )
    return percent / 100


def show_types(record: RunRecord, limit: float) -> pd.DataFrame:
    """Predicted composition and confidence at a threshold; returns the query's cells."""
    cells = artefacts(record).cells
    cells = cells[cells[keys.ROLE] == keys.QUERY]
    unknown = annotated_query.unknown_label(record)
    labels = annotated_query.labels_at(cells, limit, unknown)
    narrow, shown = is_narrow(), _as_shown(record)
    st.markdown(inert.markdown(headline(record, labels)))
    mapping = artefacts(record).predictions.get("mapping")  # runs of earlier versions have none
    types, confidence, *beside = st.columns([5, 4, 4] if mapping else [6, 5], gap="large")
    with types:
        looks = palettes.of_types([record], artefacts(record).predictions["types"])
        show_figure(
            charts.predicted_bars(labels, looks, unknown, narrow=narrow),
            "annotation_types",
            alt="Number of cells of each predicted type, unknown ones apart, as bars.",
            runs=shown,
        )
    with confidence:
        show_figure(
            charts.confidence_histogram(cells[keys.CONFIDENCE].to_numpy(float), limit),
            "annotation_confidence",
            alt="Histogram of the cells' confidence, with the threshold below which a cell is unknown.",
            runs=shown,
        )
    if mapping:
        with beside[0]:
            show_figure(
                charts.mapping_histogram(cells[keys.MAPPING_SCORE].to_numpy(float), mapping["threshold"]),
                "annotation_mapping",
                alt="Histogram of the cells' mapping score, with the one below which a cell lies beyond the reference.",
                runs=shown,
            )
    said = [truth(record), *agreement(record, cells), *([wording.beyond_reference(mapping)] if mapping else [])]
    st.caption(inert.markdown(*said))
    return cells.assign(**{annotated_query.LABEL: labels})


def headline(record: RunRecord, labels: pd.Series) -> inert.Markdown:
    """Cells, coverage and genes."""
    unknown = annotated_query.unknown_label(record)
    kept = labels[labels != unknown]
    overlap = annotated_query.overlap(record)
    return inert.Markdown(
        f"**{wording.cells(len(labels))}**, {wording.count(kept.nunique())} predicted types. "
        f"**{wording.percent(len(kept) / max(len(labels), 1))} keep their prediction**, "
        f"{wording.count(len(labels) - len(kept))} are {inert.markdown(unknown)}. "
        f"{inert.markdown(gene_overlap.sentence(overlap), annotated_query.support_sentence(record))}"
    )


def truth(record: RunRecord) -> str:
    """The score where the query has labels of its own, and that there is none where it has not."""
    scores = artefacts(record).predictions.get("query") or {}
    if not scores.get("n_scored"):
        return "The query has no labels of its own, so nothing here is a score."
    return (
        f"Against the query's own labels, which no model saw: accuracy {wording.accuracy(scores)}, "
        f"n = {wording.count(scores['n_scored'])}, majority {wording.score(scores['accuracy_majority'])}."
    )


def agreement(record: RunRecord, cells: pd.DataFrame) -> list[str]:
    """How often logistic regression on genes names the same type. Agreement proves nothing; disagreement warns."""
    others = record.baseline_cells()
    if keys.LOGISTIC_GENES not in others or not cells.index.isin(others.index).all():
        return []
    same = (others.loc[cells.index, keys.LOGISTIC_GENES] == cells[keys.PREDICTED]).mean()
    return [
        f"Logistic regression on the reference's genes names the same type in {wording.percent(same)} of the cells."
    ]


def show_markers(record: RunRecord) -> None:
    """Marker genes of the predicted types in the query."""
    markers = record.markers()
    st.subheader("Markers of the predicted types", anchor=False)
    if markers.get("error"):
        st.info(inert.markdown(markers["error"]))
    elif not markers.get("genes"):
        st.caption("Markers need two predicted types with ten cells or more.")
    else:
        show_figure(
            charts.marker_dots(markers, narrow=is_narrow()),
            "annotation_markers",
            alt=f"Expression of {len(markers['genes'])} marker genes in each predicted type, as dots.",
            caption="Area: share of the cells that express the gene. Colour: mean of log(1 + counts per 10 000). Genes "
            "were chosen in the query by Wilcoxon's test, each predicted type against the others, at any confidence: "
            "check that they are the genes you know the types by.",
            runs=_as_shown(record),
        )


def _as_shown(record: RunRecord) -> list[ChosenRun]:
    """The run as figures want it, whether it is in the tray or not."""
    return [ChosenRun(record, record.title, colours.ACCENT)]


def show_table(record: RunRecord, cells: pd.DataFrame) -> None:
    """The query's cells, the least confident first."""
    st.subheader("Cells", anchor=False)
    table = pd.DataFrame(
        {
            "Batch": cells[keys.BATCH_COLUMN],
            "Predicted type": cells[keys.PREDICTED],
            "Confidence": cells[keys.CONFIDENCE],
            "Label": cells[annotated_query.LABEL],
        }
    )
    if keys.MAPPING_SCORE in cells:
        table.insert(3, "Mapping score", cells[keys.MAPPING_SCORE])
    if cells[keys.TRUE].notna().any():
        table["Own label"] = cells[keys.TRUE]
    ordered = table.sort_values("Confidence", kind="stable")
    st.dataframe(ordered.head(MOST_ROWS), height=280, column_config={"Confidence": _SHARE, "Mapping score": _SHARE})
    if len(ordered) > MOST_ROWS:
        st.caption(
            f"The {wording.count(MOST_ROWS)} least confident cells; the file has all {wording.count(len(ordered))}."
        )
    downloads.csv_button(table.reset_index(), f"annotation-{record.run_id}", "Cells and predictions (CSV)")


_SHARE = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f")


def file_button(record: RunRecord, limit: float) -> None:
    """The annotated query as .h5ad, written when asked for, and the command that writes it."""
    overwrite = catalogue.is_file(catalogue.query_spec(record.config.dataset)) and st.checkbox(
        "Replace items of the same names",
        key="annotation_overwrite",
        persist_state="session",
        help="Where the query has an annotation or a latent representation already, the file gets the new one in its "
        "place. Without this it is refused. The query's own file stays as it is.",
    )
    line = annotated_query.command_line(record.config, "annotated.h5ad", limit, overwrite)
    st.download_button(
        "Annotated query (.h5ad)",
        partial(annotated_file, record.config, limit, overwrite),
        file_name=f"{inert.file_name(_query_of(record))}-annotated.h5ad",
        mime="application/x-hdf5",
        key=f"h5ad-{record.run_id}",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        "The query with all that it has, and predictions beside it. On the command line, without training again:"
    )
    st.code(f"{line} --home {current_home().path}", language="bash", wrap_lines=True)


def annotated_file(config: Any, limit: float, overwrite: bool = False) -> bytes:
    """The annotated query, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "annotated.h5ad"
        arguments = ["-m", *annotated_query.arguments(config, str(path), limit, overwrite)]
        done = run_reading(
            [*arguments, "--home", str(current_home().path), "--json"],
            catalogue.files_of(config.dataset),
            "Writing the annotated file",
        )
        if done.returncode != 0:
            said = last_said(done.stderr, "error") or done.stderr.strip()[-400:]
            raise DataError(f"The file could not be written: {said}")
        return path.read_bytes()
