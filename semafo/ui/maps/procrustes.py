"""Bringing one map onto another by turning, mirroring, scaling and moving it as a whole.

UMAP leaves orientation and size of a map to chance, so two maps of the same cells are hard to compare by eye.
Procrustes analysis (Gower 1975) finds the turn that minimises the sum of squared distances between the places of the
same cells. Its least-squares scale would shrink a map the more, the less it agrees with the other, so maps are scaled
to the same spread instead. All distances within a map change by one common factor: nothing else does.
"""

from dataclasses import dataclass

import numpy as np

FEWEST_CELLS = 3  # fewer do not tell a turned map from a mirrored one


@dataclass(frozen=True, eq=False)
class Similarity:
    """A turn or mirroring (2, 2; orthogonal), a scale above 0, and the centres that are brought together, (2,) each."""

    turn: np.ndarray
    scale: float
    centre: np.ndarray
    onto: np.ndarray

    def __call__(self, xy: np.ndarray) -> np.ndarray:
        """Positions after it. xy: (n, 2). Returns (n, 2) float32."""
        return (self.scale * (xy - self.centre) @ self.turn + self.onto).astype(np.float32)

    def undone(self, xy: np.ndarray) -> np.ndarray:
        """Positions before it, of positions after it. xy: (n, 2). Returns (n, 2) float64."""
        return (np.asarray(xy, dtype=np.float64) - self.onto) @ self.turn.T / self.scale + self.centre


def rotation(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The turn or mirroring, (2, 2), that brings points, (n, 2), closest to others; they are not moved or scaled."""
    left, _, right = np.linalg.svd(np.asarray(moved, dtype=np.float64).T @ np.asarray(fixed, dtype=np.float64))
    return left @ right


def similarity(moved: np.ndarray, fixed: np.ndarray) -> Similarity:
    """The similarity that brings `moved` closest to `fixed`.

    Parameters
    ----------
    moved, fixed
        (n, 2) places of the same cells in two maps, finite, n at least 1.

    Returns
    -------
    Similarity
        Where the cells of either map are all in one place the scale is 1.
    """
    moved, fixed = np.asarray(moved, dtype=np.float64), np.asarray(fixed, dtype=np.float64)
    centre, onto = moved.mean(axis=0), fixed.mean(axis=0)
    moved, fixed = moved - centre, fixed - onto
    left, _, right = np.linalg.svd(moved.T @ fixed)
    spreads = np.sqrt(np.square(moved).sum()), np.sqrt(np.square(fixed).sum())
    scale = spreads[1] / spreads[0] if min(spreads) > 0 else 1.0
    return Similarity(left @ right, float(scale), centre, onto)
