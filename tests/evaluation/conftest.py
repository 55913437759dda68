"""Small embeddings with types and batches."""

from dataclasses import dataclass, replace

import numpy as np
import pytest


@dataclass(frozen=True)
class Cells:
    """An embedding z (n, L) with types, batches and the embedding before integration."""

    z: np.ndarray
    labels: np.ndarray
    batches: np.ndarray
    unintegrated: np.ndarray

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """In the order of `integration_scores`."""
        return self.z, self.labels, self.batches, self.unintegrated

    def take(self, rows: np.ndarray) -> "Cells":
        """Only these cells, in this order."""
        return Cells(*(array[rows] for array in self.arguments))

    def with_z(self, z: np.ndarray) -> "Cells":
        """The same cells embedded differently."""
        return replace(self, z=z)


def simulated_cells(seed, labels, batches, n_latent=8, separation=2.0, batch_shift=0.4) -> Cells:
    """Normal blobs, one a type, moved by the batch; before integration the batches move twice as far again."""
    rng = np.random.default_rng(seed)
    types, type_codes = np.unique(labels, return_inverse=True)
    names, batch_codes = np.unique(batches, return_inverse=True)
    z = rng.normal(size=(len(type_codes), n_latent))
    z += separation * rng.normal(size=(len(types), n_latent))[type_codes]
    shift = batch_shift * rng.normal(size=(len(names), n_latent))[batch_codes]
    return Cells(z + shift, np.asarray(labels), np.asarray(batches), z + 3 * shift)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def small_cells():
    """90 cells, three types, two batches."""
    return simulated_cells(3, labels=np.repeat(["B", "NK", "T"], 30), batches=np.tile(["one", "two"], 45))


@pytest.fixture(scope="session")
def simulate():
    """The function that simulates cells, see `simulated_cells`."""
    return simulated_cells
