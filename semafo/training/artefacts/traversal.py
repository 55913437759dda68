"""What a trained decoder expects along each latent dimension, from each cell type.

Axes: T types, L latent dimensions, S steps, G genes, K kept genes, m points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from scvi.module import VAE

from semafo.evaluation.latent.embedding import COUNTS_PER_CELL
from semafo.settings.run_config import ARCHITECTURES

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # standard deviations of the dimension over the run's cells
FEWEST_CELLS = 5  # of a type, to start from their mean
MOST_BYTES = 64_000_000  # of the array; beyond, the genes of each dimension that move most are kept

Decode = Callable[[np.ndarray, np.ndarray], np.ndarray]  # z (m, L), batch codes (m,) -> shares (m, G) with sum 1
_PREFIX = "decoder."


@dataclass(frozen=True, eq=False)
class Starts:
    """Where traversals begin: for each type its name, cells, commonest batch, and the mean (L,) of its cells' z."""

    types: list[str]
    n_cells: list[int]
    batches: list[str]
    z: np.ndarray

    @classmethod
    def of(cls, z: np.ndarray, types: pd.Series, batches: pd.Series) -> "Starts":
        """Types with 5 cells or more, in the order of their names. z: (n, L); cells without a type are left out."""
        types, batches = (column.astype(object).to_numpy() for column in (types, batches))
        sizes = pd.Series(types).value_counts()
        names = sorted(str(name) for name in sizes.index[sizes >= FEWEST_CELLS])
        members = [types == name for name in names]
        common = [str(pd.Series(batches[cells]).mode().iloc[0]) for cells in members]
        means = [z[cells].mean(0) for cells in members]
        return cls(names, [int(sizes[name]) for name in names], common, np.reshape(means, (len(names), z.shape[1])))


@dataclass(frozen=True, eq=False)
class Traversal:
    """What a decoder expects along each dimension.

    Attributes
    ----------
    expression
        (T, L, S, G) float16 log(1 + counts per 10 000) at the steps `STEPS`; where it would be too large (T, L, S, K).
    kept
        Then the places of the kept genes of each dimension, (L, K), in the order of the genes; else None.
    reach
        (L,) mean over types and all genes of the absolute log2 change from the first step to the last. A dimension with
        next to none is one that the decoder does not use, whatever the encoder writes into it.
    """

    expression: np.ndarray
    kept: np.ndarray | None
    reach: np.ndarray


def load_decoder(weights: Path, form: str) -> Decode:
    """The decoder p(x|z, s) of a run, from its weights: expected share of each gene in a cell's counts."""
    tensors = {name: tensor for name, tensor in load_file(weights).items() if name.startswith(_PREFIX)}
    options = ARCHITECTURES[form].scvi_kwargs()
    first = tensors[f"{_PREFIX}px_decoder.fc_layers.Layer 0.0.weight"]
    n_genes = len(tensors[f"{_PREFIX}px_scale_decoder.0.bias"])
    n_batches = first.shape[1] - options["n_latent"]
    decoder = VAE(n_genes, n_batch=n_batches, **options).decoder.eval()
    decoder.load_state_dict({name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()})

    @torch.inference_mode()
    def decode(z: np.ndarray, batches: np.ndarray) -> np.ndarray:
        hidden = decoder.px_decoder(torch.as_tensor(z, dtype=torch.float32), torch.as_tensor(batches)[:, None])
        shares: np.ndarray = decoder.px_scale_decoder(hidden).numpy()
        return shares

    return decode


def traverse(
    decode: Decode, starts: np.ndarray, batches: np.ndarray, sd: np.ndarray, most_bytes: int = MOST_BYTES
) -> "Traversal":
    """Expected expression where one dimension at a time is moved away from each start.

    Parameters
    ----------
    decode
        The decoder.
    starts, batches
        (T, L) latent points, and the code of the batch that each is decoded as, (T,).
    sd
        (L,) length of a step of 1, in latent units.
    most_bytes
        Size of the result, above which only the genes of each dimension that move most are kept.

    """
    n_types, n_dimensions = starts.shape
    n_genes = decode(starts[:1], batches[:1]).shape[1]
    n_kept = min(n_genes, most_bytes // (n_types * n_dimensions * len(STEPS) * 2))
    kept = np.empty((n_dimensions, n_kept), dtype=np.int64)
    moved = np.empty((n_types, n_dimensions, len(STEPS), n_kept), dtype=np.float16)
    reach = np.empty(n_dimensions)
    for dimension in range(n_dimensions):
        points = np.repeat(starts, len(STEPS), axis=0)  # (T·S, L)
        points[:, dimension] += np.tile(STEPS, n_types) * sd[dimension]
        shares = decode(points, np.repeat(batches, len(STEPS)))
        along = np.log1p(COUNTS_PER_CELL * shares).reshape(n_types, len(STEPS), n_genes)
        change = np.abs(along[:, -1] - along[:, 0])  # (T, G)
        reach[dimension] = change.mean() / np.log(2)
        kept[dimension] = np.sort(np.argsort(-change.max(0), kind="stable")[:n_kept])
        moved[:, dimension] = along[:, :, kept[dimension]]
    return Traversal(moved, None if n_kept == n_genes else kept, reach)


def described(starts: Starts, genes: Sequence[str], found: Traversal) -> dict[str, Any]:
    """Names of the axes of a traversal and the reach of its dimensions, ready for JSON."""
    names = {"types": starts.types, "n_cells": starts.n_cells, "batches": starts.batches, "steps": list(STEPS)}
    kept = None if found.kept is None else found.kept.tolist()
    return {**names, "genes": list(genes), "kept": kept, "reach": [round(float(value), 6) for value in found.reach]}
