"""Two-dimensional views of a run's latent space: UMAP, t-SNE, principal components, or two of its dimensions.

UMAP and t-SNE arrange neighbourhoods and lose the scale. Principal components and dimensions are the latent space
itself, in its own units: side by side on one scale they show that one model's space is smaller than another's.
"""

import numpy as np
import streamlit as st

from semafo import keys
from semafo.ui.session.run_results import Artefacts

UMAP, PCA, TSNE, DIMENSIONS = "UMAP", "PCA", "t-SNE", "Two dimensions"
PROJECTIONS = (UMAP, PCA, TSNE, DIMENSIONS)
_BLOCK = 100_000  # cells projected at once


def name_of(projection: str, dimensions: tuple[int, int] = (1, 2)) -> str:
    """Short name of a projection, as a selection keeps it: `UMAP`, `PCA`, `t-SNE`, or `z1 z2` of two dimensions."""
    return f"z{dimensions[0]} z{dimensions[1]}" if projection == DIMENSIONS else projection


def has_latent_units(name: str) -> bool:
    """Whether distances on the map are distances in the latent space."""
    return name not in (UMAP, TSNE)


def why_not(found: Artefacts, name: str) -> str:
    """Why a run has no such map, in a few words; empty where it has one."""
    if name == UMAP:
        return ""
    if name == TSNE:
        return "" if found.has(keys.X_TSNE) else "No t-SNE yet. Ask for it beside the figure."
    if found.latent is None:
        return "This run left no latent representation."
    highest = max(_dimensions(name) or (2,))
    n_latent = found.latent.shape[1]
    return "" if highest <= n_latent else f"This run has {n_latent} latent dimensions, not {highest}."


def places(found: Artefacts, name: str) -> np.ndarray:
    """Places of all cells, (n, 2) float32, by a projection's short name. Ask `why_not` first."""
    if name == UMAP:
        return found.umap
    if name == TSNE:
        return _tsne(found.key, found.stamp(keys.X_TSNE), found)
    dimensions = _dimensions(name)
    return _components(found.key, found) if dimensions is None else _two(found.key, dimensions, found)


def directions(name: str) -> str:
    """What the horizontal and the vertical direction are: `PC 1 →  PC 2 ↑`; empty where they mean nothing."""
    if not has_latent_units(name):
        return ""
    dimensions = _dimensions(name)
    first, second = ("PC 1", "PC 2") if dimensions is None else (f"z{dimensions[0]}", f"z{dimensions[1]}")
    return f"{first} →\u00a0 {second} ↑"


def principal_components(latent: np.ndarray, n: int = 2) -> np.ndarray:
    """Principal components of a latent space, in its units, (n_cells, n) float32.

    By the eigenvectors of the covariance, so that a million cells cost two passes. The largest loading of each
    component is positive.

    Parameters
    ----------
    latent
        (n_cells, d); may be memory-mapped. Where d is less than n, the rest is 0.
    """
    mean = latent.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((latent.shape[1],) * 2)
    for start in range(0, len(latent), _BLOCK):
        block = latent[start : start + _BLOCK] - mean
        covariance += block.T @ block
    vectors = np.linalg.eigh(covariance)[1][:, ::-1][:, :n]  # (d, n), by descending variance
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    found = np.zeros((len(latent), n), dtype=np.float32)
    for start in range(0, len(latent), _BLOCK):
        found[start : start + _BLOCK, : vectors.shape[1]] = (latent[start : start + _BLOCK] - mean) @ vectors
    return found


def _dimensions(name: str) -> tuple[int, int] | None:
    """Dimensions, counted from 1, that a short name speaks of."""
    if not name.startswith("z"):
        return None
    first, second = name.split()
    return int(first[1:]), int(second[1:])


@st.cache_resource(max_entries=12, show_spinner=False)
def _components(key: str, _found: Artefacts) -> np.ndarray:
    assert _found.latent is not None  # see why_not
    return principal_components(_found.latent)


@st.cache_resource(max_entries=12, show_spinner=False)
def _two(key: str, dimensions: tuple[int, int], _found: Artefacts) -> np.ndarray:
    assert _found.latent is not None  # see why_not
    return np.ascontiguousarray(_found.latent[:, [d - 1 for d in dimensions]], dtype=np.float32)


@st.cache_resource(max_entries=12, show_spinner=False)
def _tsne(key: str, stamp: int, _found: Artefacts) -> np.ndarray:
    return np.asarray(_found.array(keys.X_TSNE), dtype=np.float32)
