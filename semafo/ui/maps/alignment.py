"""Which maps can be brought onto one another, and bringing them there once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from semafo.ui.maps import procrustes, projections
from semafo.ui.maps.procrustes import Similarity
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun


def can_align(runs: Sequence[ChosenRun]) -> bool:
    """Whether there are several maps, and each shares enough cells with the first."""
    found = _with_maps(runs)
    return len(found) > 1 and all(_n_shared(one, found[0]) >= procrustes.FEWEST_CELLS for one in found[1:])


def hold_the_same_cells(runs: Sequence[ChosenRun]) -> bool:
    """Whether all maps are of exactly the same cells."""
    found = _with_maps(runs)
    n_cells = {one.n_cells for one in found}
    return len(n_cells) <= 1 and all(_n_shared(one, found[0]) == one.n_cells for one in found[1:])


def aligned(moved: Artefacts, fixed: Artefacts, name: str = projections.UMAP) -> np.ndarray:
    """A run's map brought onto another's by a similarity, (n, 2); found once for each pair."""
    found = similarity(moved, fixed, name)
    return projections.places(moved, name) if found is None else _aligned(moved.key, fixed.key, name, moved, found)


def similarity(moved: Artefacts, fixed: Artefacts, name: str = projections.UMAP) -> Similarity | None:
    """What brings a run's map onto another's; None where it is the same map, or too few cells are in both."""
    if moved is fixed or _n_shared(moved, fixed) < procrustes.FEWEST_CELLS:
        return None
    return _similarity(moved.key, fixed.key, name, moved, fixed)


@st.cache_resource(max_entries=24, show_spinner=False)
def _similarity(moved_key: str, fixed_key: str, name: str, _moved: Artefacts, _fixed: Artefacts) -> Similarity:
    mine, theirs = shared(_moved, _fixed)
    moved, fixed = projections.places(_moved, name)[mine], projections.places(_fixed, name)[theirs]
    if name == projections.TSNE:  # of very many cells a sample is laid out
        known = np.isfinite(moved[:, 0]) & np.isfinite(fixed[:, 0])
        moved, fixed = moved[known], fixed[known]
    return procrustes.similarity(moved, fixed)


@st.cache_resource(max_entries=24, show_spinner=False)
def _aligned(moved_key: str, fixed_key: str, name: str, _moved: Artefacts, _found: Similarity) -> np.ndarray:
    return _found(projections.places(_moved, name))


def _with_maps(runs: Sequence[ChosenRun]) -> list[Artefacts]:
    return [artefacts(run.record) for run in runs if run.record.has_maps]


def _n_shared(one: Artefacts, other: Artefacts) -> int:
    return _count_shared(one.key, other.key, one, other)


@st.cache_resource(max_entries=100, show_spinner=False)
def _count_shared(one_key: str, other_key: str, _one: Artefacts, _other: Artefacts) -> int:
    return len(shared(_one, _other)[0])


def shared(one: Artefacts, other: Artefacts) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the cells that both have, in the one and in the other. Names say which only within one data set."""
    if one.data == other.data and one.names.equals(other.names):
        rows = np.arange(one.n_cells)
        return rows, rows
    names, others = pd.Index(one.names), pd.Index(other.names)
    if one.data != other.data or not (names.is_unique and others.is_unique):
        return np.array([], dtype=int), np.array([], dtype=int)
    rows = others.get_indexer(names)
    return np.flatnonzero(rows >= 0), rows[rows >= 0]
