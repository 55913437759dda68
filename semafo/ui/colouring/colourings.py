"""What the cells of several runs can be coloured by, and the colours that then mean the same in every panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import streamlit as st
from pyarrow import parquet

from semafo import keys
from semafo.runs.folder import checked_files
from semafo.runs.folder.expression import Genes
from semafo.ui.charts import colours
from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps import colour_scale
from semafo.ui.charts.maps.colour_scale import Scale
from semafo.ui.colouring import palettes
from semafo.ui.session.run_results import Artefacts, Coded

TRUE_TYPE, PREDICTED_TYPE, BATCH, CORRECT, CONFIDENCE, ENTROPY = (
    "True type",
    "Predicted type",
    "Batch",
    "Right or wrong",
    "Confidence",
    "Entropy",
)
MAPPING = "Mapping score"  # of runs that have one, see `offered`
COLUMN, GENE, DIMENSION = "Data column", "Gene", "Latent dimension"
COLOURINGS = (TRUE_TYPE, PREDICTED_TYPE, BATCH, CORRECT, CONFIDENCE, ENTROPY)
WITH_ARGUMENT = (COLUMN, GENE, DIMENSION)  # these ask which one
COLUMNS = {TRUE_TYPE: keys.TRUE, PREDICTED_TYPE: keys.PREDICTED, BATCH: keys.BATCH_COLUMN}
NO_LABEL, RIGHT, WRONG, MISSING = "No label in the data", "Right", "Wrong", "Missing"
MOST_VALUES = 60  # of a column of names: more cannot be told apart

Values = np.ndarray | None


@dataclass(frozen=True, eq=False)
class Painted:
    """One colouring of several runs.

    Attributes
    ----------
    title
        What the colours are.
    looks, scale
        Of categories, and of numbers: one of the two.
    values
        For each run (n,) places among the looks, or numbers; None where the run has none.
    reasons
        For each run why it has none, in a few words.
    """

    title: str
    looks: Mapping[str, Look] | None
    scale: Scale | None
    values: tuple[Values, ...]
    reasons: tuple[str, ...]


def paint(found: Sequence[Artefacts | None], colouring: str, argument: str = "") -> Painted:
    """Colours of all cells of these runs, on looks or on a scale that they share.

    Parameters
    ----------
    argument
        Which column, gene or latent dimension (from 1), for a colouring `WITH_ARGUMENT`.
    """
    if colouring in COLUMNS or colouring == CORRECT:
        return _paint_labels(found, colouring)
    if colouring == COLUMN:
        return _paint_column(found, argument)
    read, reason, make_scale = _numbers_of(colouring, argument)
    values = tuple(None if one is None else read(one) for one in found)
    numbers = [value for value in values if value is not None]
    return Painted(_title(colouring, argument), None, make_scale(numbers), values, _reasons(values, reason))


def offered(found: Sequence[Artefacts]) -> tuple[str, ...]:
    """Colourings without an argument that any of these runs has."""
    return (*COLOURINGS, MAPPING) if any(one.has_mapping for one in found) else COLOURINGS


def choices(found: Sequence[Artefacts], colouring: str) -> tuple[str, ...]:
    """What a colouring `WITH_ARGUMENT` can be by: what any of the runs has, in the order of the first that has it."""
    of_one = {COLUMN: _columns_of, GENE: _genes_of, DIMENSION: _dimensions_of}[colouring]
    return tuple(dict.fromkeys(name for one in found for name in of_one(one)))


def looks_of(found: Sequence[Artefacts], colouring: str) -> Mapping[str, Look]:
    """Looks of all categories that the runs can show, the same for every run."""
    circle = "circle"
    if colouring == CORRECT:
        return {
            RIGHT: Look(colours.RIGHT, circle),
            WRONG: Look(colours.WRONG, circle),
            NO_LABEL: Look(colours.NEUTRAL, circle),
        }
    if colouring == BATCH:
        batches = {name for one in found for name in one.coded(keys.BATCH_COLUMN).names}
        return palettes.of_batches([one.record for one in found], batches)
    # Predicted types are among the true ones, so both colourings share one list and one legend.
    types = {name for one in found for column in (keys.TRUE, keys.PREDICTED) for name in one.coded(column).names}
    looks = palettes.of_types([one.record for one in found], types)
    if any(one.coded(keys.TRUE).has_missing for one in found):
        looks[NO_LABEL] = Look(colours.NEUTRAL, circle)
    return looks


# --- Categories -------------------------------------------------------------------------------------------------------


def _paint_labels(found: Sequence[Artefacts | None], colouring: str) -> Painted:
    looks = looks_of([one for one in found if one is not None], colouring)
    values = tuple(None if one is None else _codes(one, colouring, list(looks)) for one in found)
    return Painted(colouring, looks, None, values, ("",) * len(found))


def _codes(found: Artefacts, colouring: str, names: list[str]) -> np.ndarray:
    """Each cell's place among the names, (n,)."""
    if colouring != CORRECT:
        return found.coded(COLUMNS[colouring]).among(names, missing=NO_LABEL)
    true, predicted = found.coded(keys.TRUE), found.coded(keys.PREDICTED)
    right = true.codes == predicted.among(true.names)
    codes = np.where(right, names.index(RIGHT), names.index(WRONG))
    return np.where(true.codes < 0, names.index(NO_LABEL), codes)


def _paint_column(found: Sequence[Artefacts | None], column: str) -> Painted:
    read = [None if one is None else _column(one, column) for one in found]
    reason = f"This run kept no column {column!r} of its data." if column else "Choose a column of the data."
    numbers = tuple(one if isinstance(one, np.ndarray) else None for one in read)
    if any(one is not None for one in numbers):
        shared = colour_scale.robust(column, [one for one in numbers if one is not None], colours.CONFIDENCE)
        return Painted(column, None, shared, numbers, _reasons(numbers, reason))
    named = [one for one in read if isinstance(one, Coded)]
    names = {name for one in named for name in one.names}
    if len(names) > MOST_VALUES:
        reason = f"{column!r} has {len(names)} different values: too many for colours."
        return Painted(column, {}, None, (None,) * len(found), _reasons((None,) * len(found), reason))
    looks = dict(colours.of_batches(names))
    if any(one.has_missing for one in named):
        looks[MISSING] = Look(colours.NEUTRAL, "circle")
    values = tuple(one.among(list(looks), missing=MISSING) if isinstance(one, Coded) else None for one in read)
    return Painted(column, looks, None, values, _reasons(values, reason))


def _column(found: Artefacts, name: str) -> Coded | np.ndarray | None:
    """A column of the data set: names, or (n,) float32 numbers; None where the run has no such column."""
    path = found.record.folder / keys.OBS_FILE
    return _read_column(found.key, path.stat().st_mtime_ns, name, found) if path.exists() else None


@st.cache_resource(max_entries=48, show_spinner=False)
def _read_column(key: str, stamp: int, name: str, _found: Artefacts) -> Coded | np.ndarray | None:
    folder = _found.record.folder
    with checked_files.reading(folder, keys.OBS_FILE) as path:
        schema = parquet.read_schema(path)
        if name not in schema.names:
            return None
        column = parquet.read_table(path, columns=[name]).column(name)
        said = f"it has {len(column)} rows, and the run has {_found.n_cells} cells"
        checked_files.require(len(column) == _found.n_cells, folder, keys.OBS_FILE, said)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return column.to_pandas().to_numpy(dtype=np.float32, na_value=np.nan)
        return Coded.of(column)


# --- Numbers ----------------------------------------------------------------------------------------------------------

Reader = Callable[[Artefacts], Values]
ScaleMaker = Callable[[Sequence[np.ndarray]], Scale]


def _numbers_of(colouring: str, argument: str) -> tuple[Reader, str, ScaleMaker]:
    """How a run's numbers are read, why a run has none, and how their scale is made."""
    if colouring == CONFIDENCE:
        return (lambda one: one.confidence), "", lambda _: colour_scale.PROBABILITY
    if colouring == ENTROPY:
        fixed = Scale("Entropy of the predicted probabilities, by the largest possible", 0.0, 1.0)
        return (lambda one: one.entropy), "This run left no probabilities.", lambda _: fixed
    if colouring == MAPPING:
        reason = "This run has no mapping scores: only a query that was mapped onto a reference has."
        return (lambda one: one.mapping_score), reason, lambda _: Scale(MAPPING, 0.0, 1.0, without="Reference")
    if colouring == GENE:
        reason = f"This run kept no expression of {argument}." if argument else "Choose a gene."
        title = f"{argument}, log(1 + counts per 10 000)"
        return (
            partial(_expression, gene=argument),
            reason,
            lambda n: colour_scale.from_zero(title, n, colours.EXPRESSION),
        )
    reason = f"This run has no latent dimension {argument}." if argument else "Choose a latent dimension."
    title = f"Latent dimension {argument}"
    return partial(_dimension, argument=argument), reason, lambda n: colour_scale.around_zero(title, n, colours.SIGNED)


def _expression(found: Artefacts, gene: str) -> Values:
    genes = _genes(found)
    return None if genes is None or gene not in genes.names else _values(found.key, gene, genes)


@st.cache_resource(max_entries=48, show_spinner=False)
def _values(key: str, gene: str, _genes: Genes) -> np.ndarray:
    return _genes.values(gene)


def _dimension(found: Artefacts, argument: str) -> Values:
    place = int(argument) if argument.isdigit() else 0
    if found.latent is None or not 1 <= place <= found.latent.shape[1]:
        return None
    return _latent_column(found.key, place, found)


@st.cache_resource(max_entries=48, show_spinner=False)
def _latent_column(key: str, place: int, _found: Artefacts) -> np.ndarray:
    assert _found.latent is not None  # see _dimension
    return np.ascontiguousarray(_found.latent[:, place - 1], dtype=np.float32)


def _genes(found: Artefacts) -> Genes | None:
    path = found.record.folder / keys.GENES_FILE
    return _read_genes(found.key, path.stat().st_mtime_ns, found) if path.exists() else None


@st.cache_resource(max_entries=24, show_spinner=False)
def _read_genes(key: str, stamp: int, _found: Artefacts) -> Genes | None:
    genes = Genes.of(_found.record)
    if genes is not None:
        said = f"it is about {genes.n_cells} cells, and the run has {_found.n_cells}"
        checked_files.require(genes.n_cells == _found.n_cells, _found.record.folder, keys.GENES_FILE, said)
    return genes


# --- Choices ----------------------------------------------------------------------------------------------------------


def _columns_of(found: Artefacts) -> Sequence[str]:
    try:
        with checked_files.reading(found.record.folder, keys.OBS_FILE) as path:
            schema = parquet.read_schema(path)
    except FileNotFoundError:
        return ()
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in schema.names if name not in index]


def _genes_of(found: Artefacts) -> Sequence[str]:
    genes = _genes(found)
    return () if genes is None else genes.names


def _dimensions_of(found: Artefacts) -> Sequence[str]:
    return () if found.latent is None else [str(d + 1) for d in range(found.latent.shape[1])]


def _title(colouring: str, argument: str) -> str:
    return f"Latent dimension {argument}" if colouring == DIMENSION else argument or colouring


def _reasons(values: Sequence[Values], reason: str) -> tuple[str, ...]:
    return tuple(reason if value is None else "" for value in values)
