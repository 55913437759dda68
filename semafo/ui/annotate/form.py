"""The Annotate page's controls: a labelled reference, a query, and what the two have in common."""

from collections.abc import Sequence
from itertools import product

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.data import catalogue
from semafo.data.reading import gene_overlap
from semafo.errors import DataError
from semafo.runs.background import file_columns
from semafo.runs.background.preflight import Inspection
from semafo.runs.background.reading import run_reading
from semafo.runs.export import annotated_query
from semafo.settings.mix import HEADS, LABEL_WEIGHTINGS, Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, TrainSettings
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.forms import column_choice, gene_names
from semafo.ui.forms.mixes import corner_mixes
from semafo.ui.forms.training import train_settings
from semafo.ui.session import dataset
from semafo.ui.session.home import current_home
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell.errors import guarded
from semafo.ui.widgets import controls
from semafo.ui.widgets.figure import show_figure

FILE, BUILT_IN = "File on this machine", "Built in"
NO_BATCHES = "None: one batch a file"
EXAMPLE_REFERENCE = "Pancreas inDrop,Pancreas CelSeq,Pancreas Fluidigm C1"
EXAMPLE_QUERY = "Pancreas CelSeq2,Pancreas SS2"


def choose() -> DatasetSpec | None:
    """Controls for both data sets and their columns. None while something is still to be chosen."""
    reference = _source("Reference", "Labelled cells. All of its batches are reference.")
    query = _source("Query", "Cells to annotate. Labels that it may have are never shown to the model.")
    if not reference or not query:
        return None
    spec = _resolved(reference)
    columns = _columns(spec)
    if columns is None:
        return None
    return DatasetSpec(
        spec.name,
        *columns,
        query=query,
        gene_key=gene_names.gene_key(spec, "reference"),
        query_gene_key=gene_names.gene_key(_resolved(query), "query"),
        min_overlap=_least_overlap(),
    )


def _resolved(name: str) -> DatasetSpec:
    """A file by its whole path; refuses what is no .h5ad before anything is read."""
    spec = DatasetSpec(name)
    return catalogue.resolve(spec) if catalogue.is_file(spec) else spec


def _source(who: str, help: str) -> str:
    """A path or a built-in name; empty while there is none."""
    key = who.lower()
    kind = controls.choice(who, [FILE, BUILT_IN], f"annotate_{key}_kind", help=help and inert.markdown(help))
    if kind == FILE:
        path = st.text_input(
            inert.markdown(f"Path of the {key}"),
            key=f"annotate_{key}_path",
            persist_state="session",
            placeholder=f"/data/{key}.h5ad",
            label_visibility="collapsed",
        )
        return path.strip()
    entries = {entry.title: entry.name for entry in catalogue.entries()}
    title = st.selectbox(
        inert.markdown(f"Built-in {key}"),
        list(entries),
        key=f"annotate_{key}_entry",
        persist_state="session",
        label_visibility="collapsed",
    )
    return entries[title]


def _columns(spec: DatasetSpec) -> tuple[str | None, str | None] | None:
    """Label and batch column of the reference; those of built-in data are known."""
    if not catalogue.is_file(spec):
        known = catalogue.resolve(spec)
        return known.label_key, known.batch_key
    found = dataset.columns_of_file(spec)
    names = [column["name"] for column in found]
    column_choice.say_where_none_fits(found)
    label = file_columns.guess(found, file_columns.LABEL_WORDS)
    batch = file_columns.guess(found, file_columns.BATCH_WORDS, avoid=label)
    first, second = controls.two_fields()
    label = first.selectbox(
        "Label column",
        names,
        index=names.index(label) if label in names else None,
        key=f"annotate_label-{spec.name}",
        persist_state="session",
        format_func=column_choice.described(found),
        placeholder="Choose the cell types",
    )
    batches = [NO_BATCHES, *names]
    batch = second.selectbox(
        "Batch column",
        batches,
        index=batches.index(batch) if batch in batches else 0,
        key=f"annotate_batch-{spec.name}",
        persist_state="session",
        format_func=column_choice.described(found),
        help="Of both files. A query that lacks it is one batch.",
    )
    return None if label is None else (label, None if batch == NO_BATCHES else batch)


def _least_overlap() -> float:
    percent = st.slider(
        "Least gene overlap",
        0,
        100,
        round(100 * DatasetSpec.min_overlap),
        5,
        format="%d %%",
        key="annotate_overlap",
        persist_state="session",
        help="Share of the genes that the model reads which the query must have, each by how much it varies in the "
        "reference. Genes that the query lacks count as zero.",
    )
    return percent / 100


def mixes() -> list[Mix]:
    """One model."""
    corners = corner_mixes()
    variants = product(HEADS, LABEL_WEIGHTINGS, corners)
    found = [Mix(mix.w_scanvi, mix.w_semafo, weighting, head) for head, weighting, mix in variants]
    options = {mix.name: mix for mix in found}
    name = st.selectbox("Model", list(options), key="annotate_mix", persist_state="session")
    return [options[name]]


def trains() -> list[TrainSettings]:
    """One for each chosen seed."""
    return train_settings()


def example_button() -> None:
    """Fill the form with five simulated studies: three with labels, two without."""
    st.button("Try it with simulated cells", type="tertiary", key="annotate_example", on_click=_use_example)


@guarded
def _use_example() -> None:
    folder = current_home().uploads
    parts = {"reference": ["--batch", EXAMPLE_REFERENCE], "query": ["--batch", EXAMPLE_QUERY, "--without-labels"]}
    for who, options in parts.items():
        path = folder / f"simulated-{who}.h5ad"
        if not path.exists():
            _save(["simulated", *options, "--out", str(path)])
        st.session_state[f"annotate_{who}_kind"] = FILE
        st.session_state[f"annotate_{who}_path"] = str(path)


def _save(arguments: Sequence[str]) -> None:
    done = run_reading(["-m", "semafo", "save", *arguments], [], "Writing the example")
    if done.returncode != 0:
        raise DataError(f"The example could not be written: {done.stderr.strip()[-300:]}")


def show_found(inspection: Inspection) -> None:
    """Cells, types and genes of both, and the reference's cells by type."""
    joined, report = inspection.report["joined"], inspection.report
    st.markdown(inert.markdown(found_sentence(report)))
    is_reference = inspection.cells[keys.ROLE] == keys.REFERENCE
    labelled = inspection.cells[is_reference]
    counts = pd.crosstab(labelled[keys.TRUE].astype(str), labelled[keys.BATCH_COLUMN].astype(str))
    counts = counts.drop(index="nan", errors="ignore")
    st.caption("The reference")
    show_figure(
        charts.composition(counts, colours.of_types(counts.index), narrow=is_narrow()),
        "annotate_reference",
        alt=f"Number of cells of each of {len(counts)} types in each batch of the reference, as bars.",
        runs=(),
    )
    for warning in report["warnings"]:
        st.caption(inert.markdown(warning))
    if joined["n_query_labels"]:
        st.caption(
            f"{wording.cells(joined['n_query_labels'])} of the query have labels of their own. No model sees them."
        )


def found_sentence(report: dict) -> inert.Markdown:
    """What the two data sets are, and what they share."""
    joined = report["joined"]
    n_types = len(report["composition"])
    reference, query = (
        wording.counted(len(joined[f"{part}_batches"]), "batch", "batches") for part in ("reference", "query")
    )
    return inert.Markdown(
        f"**Reference: {wording.cells(joined['n_reference'])}**, {wording.count(n_types)} types, "
        f"{inert.markdown(reference)}. **Query: {wording.cells(joined['n_query'])}**, {inert.markdown(query)}. "
        f"{inert.markdown(gene_overlap.sentence(joined['overlap']))}"
    )


def configs(spec: DatasetSpec, chosen: Sequence[Mix], train: Sequence[TrainSettings]) -> list[RunConfig]:
    """The runs that the button starts."""
    return annotated_query.configs(current_home(), spec, chosen, train)
