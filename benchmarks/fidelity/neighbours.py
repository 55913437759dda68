"""The nearest neighbours of some test cells as text, small enough to be kept with the scores."""

import base64

import numpy as np

N_NEIGHBOURS = 30
_PLACES, _EVERY = 60, 3  # 20 cells: several trainings of several divisions add up


def cells_looked_at(n_test: int) -> np.ndarray:
    """Rows of the test cells whose neighbours are kept."""
    return np.linspace(0, n_test - 1, min(_PLACES, n_test)).astype(int)[::_EVERY]


def packed(neighbours: np.ndarray) -> str:
    """(m, 30) rows of the test cells as text."""
    return base64.b64encode(neighbours.astype("<u2").tobytes()).decode()


def share_kept(a: str, b: str) -> float:
    """Share of a cell's neighbours in one space that are its neighbours in the other, mean over the cells, 0 to 1."""
    pairs = zip(_unpacked(a), _unpacked(b), strict=True)
    return float(np.mean([len(np.intersect1d(one, other)) for one, other in pairs])) / N_NEIGHBOURS


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<u2").reshape(-1, N_NEIGHBOURS)
