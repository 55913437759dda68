"""The Data page's controls: which cells, which columns, and what the preflight found."""

import hashlib
import shutil
from io import BufferedIOBase
from typing import Any

import streamlit as st

from semafo import inert
from semafo.data import catalogue
from semafo.files import write_atomically
from semafo.runs.background import file_columns
from semafo.settings.run_config import DatasetSpec
from semafo.ui.forms import column_choice, gene_names
from semafo.ui.session import dataset
from semafo.ui.session.home import current_home
from semafo.ui.widgets import controls

BUILT_IN, SERVER_FILE, UPLOAD = "Built in", "File on this machine", "Upload"
ANY_SIZE = "Simulated, any size"
ONE_BATCH = "None: all cells are one batch"


def choose() -> DatasetSpec | None:
    """Controls for the data set and its columns. None while something is still to be chosen."""
    kind = st.segmented_control(
        "Cells",
        [BUILT_IN, SERVER_FILE, UPLOAD],
        default=BUILT_IN,
        required=True,
        key="data_kind",
        persist_state="session",
    )
    name = {BUILT_IN: _built_in, SERVER_FILE: _server_file, UPLOAD: _upload}[kind or BUILT_IN]()
    if not name:
        return None
    spec = DatasetSpec(name)
    if catalogue.is_file(spec):
        spec = catalogue.resolve(spec)  # refuses what is no .h5ad before anything is read
    return _columns(spec)


def _built_in() -> str:
    entries = {entry.title: entry for entry in catalogue.entries()}
    title = st.selectbox("Data set", [*entries, ANY_SIZE], key="data_entry", persist_state="session")
    if title == ANY_SIZE:
        return _simulation()
    st.caption(inert.markdown(f"{entries[title].summary} {entries[title].source}."))
    return entries[title].name


def _simulation() -> str:
    """Size fields of a simulation."""
    fields = (
        ("cells", "Cells", 2000, 100, 200_000),
        ("genes", "Genes", 1000, 50, 20_000),
        ("types", "Types", 8, 2, 40),
        ("batches", "Batches", 5, 1, 20),
        ("seed", "Seed", 0, 0, 9999),
    )
    values = []
    columns = st.columns(len(fields))
    for column, (key, label, default, low, high) in zip(columns, fields, strict=True):
        value = column.number_input(
            inert.markdown(label), low, high, default, key=f"simulate_{key}", persist_state="session"
        )
        values.append(f"{key}={value}")
    st.caption("Negative binomial counts with known types, batches and two continuous factors. Made in seconds.")
    name = "simulated:" + ",".join(values)
    catalogue.parse_simulation(name)
    return name


def _server_file() -> str:
    path = st.text_input(
        "Path of an .h5ad file",
        key="data_path",
        persist_state="session",
        placeholder="/data/cells.h5ad",
        help="A file on the machine that runs Semafo. It is read where it lies and never changed.",
    )
    return path.strip()


def _upload() -> str:
    upload = st.file_uploader(
        "An .h5ad file",
        type="h5ad",
        key="data_upload",
        help="Kept in memory while it loads: use a path for large files.",
    )
    if upload is not None:
        st.session_state["uploaded"] = (save_upload(upload), upload.name)
    if "uploaded" not in st.session_state:
        return ""
    path, name = st.session_state["uploaded"]
    st.caption(inert.markdown(f"Using {name}, kept as {path}"))
    return path


def save_upload(upload: BufferedIOBase) -> str:
    """Keep an upload under the hash of its content, whole or not at all; returns its path."""
    upload.seek(0)
    digest = hashlib.file_digest(upload, "sha256").hexdigest()
    path = current_home().uploads / f"{digest[:16]}.h5ad"
    if not path.exists():
        upload.seek(0)
        write_atomically(path, lambda copy: shutil.copyfileobj(upload, copy, 1 << 20))
    return str(path)


def _columns(spec: DatasetSpec) -> DatasetSpec | None:
    """Selects for label, batch, counts and the number of genes, filled with what the data have."""
    found = _candidates(spec)
    names = [column["name"] for column in found]
    entry = None if catalogue.is_file(spec) else catalogue.resolve(spec)
    label = entry.label_key if entry else file_columns.guess(found, file_columns.LABEL_WORDS)
    batch = entry.batch_key if entry else file_columns.guess(found, file_columns.BATCH_WORDS, avoid=label)
    column_choice.say_where_none_fits(found)
    first, second = controls.two_fields()
    label = first.selectbox(
        "Label column",
        names,
        index=names.index(label) if label in names else None,
        key=f"label-{spec.name}",
        persist_state="session",
        format_func=column_choice.described(found),
        placeholder="Choose the cell types",
    )
    batches = [ONE_BATCH, *names]
    batch = second.selectbox(
        "Batch column",
        batches,
        index=batches.index(batch) if batch in batches else 0,
        key=f"batch-{spec.name}",
        persist_state="session",
        format_func=column_choice.described(found),
    )
    if label is None:
        return None
    batch_key = None if batch == ONE_BATCH else batch
    return DatasetSpec(spec.name, label, batch_key, **_genes(spec), gene_key=gene_names.gene_key(spec))


def _genes(spec: DatasetSpec) -> dict[str, Any]:
    """Where the counts are, whether they are rounded, and how many genes to keep."""
    first, second = controls.two_fields()
    counts = first.selectbox(
        "Counts",
        ["auto", "X", "raw", "layers/counts"],
        key=f"counts-{spec.name}",
        persist_state="session",
        accept_new_options=True,
        help="Where the counts are. auto takes a layer that is called counts (or raw_counts, umi, matrix), X, raw, "
        "spliced and unspliced added up, or the only other layer that holds counts, and says which. Type layers/NAME "
        "for another layer. Counts may have decimals; normalised values are refused.",
    )
    n_hvg = second.number_input(
        "Highly variable genes",
        min_value=50,
        max_value=50_000,
        value=DatasetSpec.n_hvg,
        step=100,
        key="n_hvg",
        persist_state="session",
        help="Genes to keep, chosen by batch. All genes are kept where the data have fewer.",
    )
    rounded = catalogue.is_file(spec) and st.toggle(
        "Round counts with decimals",
        key=f"round-{spec.name}",
        persist_state="session",
        help="Off, the models read corrected or estimated counts as they are, as scvi-tools does.",
    )
    return {"counts": counts or "auto", "round_counts": rounded, "n_hvg": int(n_hvg)}


def _candidates(spec: DatasetSpec) -> list[dict[str, Any]]:
    if not catalogue.is_file(spec):
        return dataset.inspection(spec).report["columns"]
    return dataset.columns_of_file(spec)
