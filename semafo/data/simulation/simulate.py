"""Simulated single-cell counts whose types, batches and continuous factors are known.

For cell c of type t in study s, and gene g:

    log a_cg = baseline_g + type_gt + study_gs + Σ_f factor_cf · loading_gf
    mean_cg  = library_c · a_cg / Σ_g a_cg
    count_cg ~ negative binomial with that mean and the gene's own inverse dispersion θ_g

Library sizes are log-normal around a median of the study's own. Types come in families: a type's programme is its
family's (strong, sparse) plus its own (weaker, sparser), so that types of one family are hard to tell apart. Each study
multiplies genes by its own factors and has its own type composition. Two factors run through all types: an activation
and a cycle, whose phase enters as its cosine and sine.
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from semafo.data.simulation.tissues import PANCREAS_STUDIES, TISSUES
from semafo.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

SIMULATOR_VERSION = 1  # raise it with every change that changes the numbers: runs are cached by it
LABEL_KEY = "cell_type"
BATCH_KEY = "study"
FACTORS = ("activation", "cycle_cos", "cycle_sin")  # obs columns; var has "<factor>_loading"

_BLOCK = 1024  # cells drawn at a time; part of what decides the numbers


@dataclass(frozen=True)
class SimulationSettings:
    """What is simulated.

    Parameters
    ----------
    studies
        Name and number of cells of each batch.
    n_genes, n_types
        Genes, at least 50, and cell types, at least 2.
    median_counts
        Median library size over all studies.
    family_effect, type_effect, study_effect, factor_effect
        Standard deviations, in natural log units, of the families' and types' programmes, of the studies'
        multiplicative effects and of the factors' loadings. The default makes logistic regression right for roughly
        nine cells in ten.
    composition_spread
        How much the type composition differs between studies, in log units; 0 is not at all.
    tissue
        Whose types come first, with their names, families and shares: one of `TISSUES`.
    """

    studies: tuple[tuple[str, int], ...] = PANCREAS_STUDIES
    n_genes: int = 2000
    n_types: int = 8
    median_counts: float = 1500.0
    family_effect: float = 1.0
    type_effect: float = 0.8
    study_effect: float = 0.35
    factor_effect: float = 0.5
    composition_spread: float = 0.5
    seed: int = 0
    tissue: str = "pancreas"

    def __post_init__(self) -> None:
        if self.n_types < 2 or self.n_genes < 50 or not self.studies or self.seed < 0:
            raise DataError(
                f"Cannot simulate {self.n_types} types, {self.n_genes} genes, {len(self.studies)} batches with seed "
                f"{self.seed}: choose at least 2 types, 50 genes and 1 batch, and a seed of 0 or more."
            )
        smallest = min(size for _, size in self.studies)
        if smallest < self.n_types:
            raise DataError(
                f"The smallest simulated batch would have {smallest} cells for {self.n_types} types. Choose more "
                "cells, or fewer batches or types."
            )

    @property
    def n_cells(self) -> int:
        """Cells of all studies."""
        return sum(size for _, size in self.studies)

    @property
    def named_types(self) -> tuple[tuple[str, str, float], ...]:
        """Name, family and share of the types that are the tissue's own."""
        return TISSUES[self.tissue][: self.n_types]

    @property
    def type_names(self) -> tuple[str, ...]:
        """Names of the types, the tissue's own first."""
        named = tuple(name for name, _, _ in self.named_types)
        return named + tuple(f"Type {i + 1}" for i in range(len(named), self.n_types))


def scaled_studies(n_cells: int, n_studies: int = len(PANCREAS_STUDIES)) -> tuple[tuple[str, int], ...]:
    """The pancreas studies scaled to `n_cells` in all; studies beyond the fifth have an average size."""
    average = sum(size for _, size in PANCREAS_STUDIES) / len(PANCREAS_STUDIES)
    extra = [(f"Study {i + 1}", average) for i in range(len(PANCREAS_STUDIES), n_studies)]
    studies = [*PANCREAS_STUDIES, *extra][:n_studies]
    weights = np.array([size for _, size in studies], dtype=float)
    sizes = _apportion(n_cells, weights / weights.sum())
    return tuple((name, int(size)) for (name, _), size in zip(studies, sizes, strict=True))


def simulate(settings: SimulationSettings) -> "AnnData":
    """Draw the cells.

    Returns
    -------
    AnnData
        X: CSR float32 counts. obs: study, cell_type, the factors (`FACTORS`) and cycle_phase in radians. var, in
        natural log units: "<factor>_loading", "<type>_programme" and "<study>_effect". uns["simulation"]: the settings
        and the simulator's version.
    """
    import anndata as ad
    from scipy import sparse

    structure_seed, cell_seed, count_seed = np.random.SeedSequence(settings.seed).spawn(3)
    genes = _draw_genes(settings, np.random.default_rng(structure_seed))
    obs = _draw_cells(settings, np.random.default_rng(cell_seed))

    starts = range(0, settings.n_cells, _BLOCK)
    seeds = count_seed.spawn(len(starts))
    block = partial(_draw_counts, genes=genes, median_counts=settings.median_counts)
    blocks = [
        sparse.csr_matrix(block(obs.iloc[start : start + _BLOCK], rng=np.random.default_rng(seed)))
        for start, seed in zip(starts, seeds, strict=True)
    ]
    columns = {
        **{f"{name}_loading": genes["factors"][:, i] for i, name in enumerate(FACTORS)},
        **{f"{name}_programme": genes["types"][:, i] for i, name in enumerate(settings.type_names)},
        **{f"{name}_effect": genes["studies"][:, i] for i, (name, _) in enumerate(settings.studies)},
    }
    var = pd.DataFrame(columns, index=[f"gene_{g:05d}" for g in range(settings.n_genes)])
    uns = {"simulation": {"version": SIMULATOR_VERSION, **_flat(settings)}}
    return ad.AnnData(sparse.vstack(blocks, format="csr"), obs=obs.drop(columns="_library"), var=var, uns=uns)


def _draw_genes(settings: SimulationSettings, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Everything that belongs to genes: (G,) or (G, something), in natural log units but for the dispersion."""
    n_genes, n_types, n_studies = settings.n_genes, settings.n_types, len(settings.studies)
    families, n_families = _families(settings)
    family = _sparse_effects(rng, (n_genes, n_families), share=0.10, scale=settings.family_effect)
    own = _sparse_effects(rng, (n_genes, n_types), share=0.05, scale=settings.type_effect)
    activation = _sparse_effects(rng, (n_genes, 1), share=0.08, scale=settings.factor_effect)[:, 0]
    amplitude = np.abs(_sparse_effects(rng, (n_genes, 1), share=0.08, scale=2 * settings.factor_effect)[:, 0])
    peak = rng.uniform(0, 2 * np.pi, n_genes)
    return {
        "baseline": rng.normal(0, 1.2, n_genes),
        "types": family[:, families] + own,
        "studies": rng.normal(0, settings.study_effect, (n_genes, n_studies)),
        "factors": np.stack([activation, amplitude * np.cos(peak), amplitude * np.sin(peak)], axis=1),
        "inverse_dispersion": rng.lognormal(0.7, 0.5, n_genes),
    }


def _draw_cells(settings: SimulationSettings, rng: np.random.Generator) -> pd.DataFrame:
    """Study, type, factors and library size of each cell, in an order that tells nothing."""
    shares = np.array([share for _, _, share in settings.named_types])
    shares = np.append(shares, np.full(settings.n_types - len(shares), 0.05))
    studies, types, medians = [], [], []
    for s, (_, size) in enumerate(settings.studies):
        mix = shares * np.exp(rng.normal(0, settings.composition_spread, settings.n_types))
        counts = _apportion(size, mix / mix.sum(), at_least=2 if size >= 4 * settings.n_types else 1)
        types.append(np.repeat(np.arange(settings.n_types), counts))
        studies.append(np.full(size, s))
        medians.append(np.full(size, np.exp(rng.normal(0, 0.25))))
    order = rng.permutation(settings.n_cells)
    study, cell_type, median = (np.concatenate(parts)[order] for parts in (studies, types, medians))

    phase = rng.uniform(0, 2 * np.pi, settings.n_cells)
    columns = {
        BATCH_KEY: pd.Categorical.from_codes(study, categories=[name for name, _ in settings.studies]),
        LABEL_KEY: pd.Categorical.from_codes(cell_type, categories=list(settings.type_names)),
        "activation": rng.normal(0, 1, settings.n_cells),
        "cycle_cos": np.cos(phase),
        "cycle_sin": np.sin(phase),
        "cycle_phase": phase,
        "_library": median * rng.lognormal(0, 0.4, settings.n_cells),
    }
    return pd.DataFrame(columns, index=[f"cell_{i:06d}" for i in range(settings.n_cells)])


def _draw_counts(
    obs: pd.DataFrame, *, genes: dict[str, np.ndarray], median_counts: float, rng: np.random.Generator
) -> np.ndarray:
    """Counts of some cells, (cells, genes) float32: a gamma-Poisson mixture is a negative binomial."""
    log_activity = genes["baseline"] + genes["types"].T[obs[LABEL_KEY].cat.codes]
    log_activity += genes["studies"].T[obs[BATCH_KEY].cat.codes]
    log_activity += obs[list(FACTORS)].to_numpy() @ genes["factors"].T
    mean = np.exp(log_activity)
    mean *= (median_counts * obs["_library"].to_numpy() / mean.sum(axis=1))[:, None]
    theta = genes["inverse_dispersion"]
    counts: np.ndarray = rng.poisson(rng.standard_gamma(theta, size=mean.shape) * (mean / theta))
    return counts.astype(np.float32)


def _families(settings: SimulationSettings) -> tuple[np.ndarray, int]:
    """Family of each type as a number; types beyond the tissue's own come in families of three."""
    named = [family for _, family, _ in settings.named_types]
    named += [f"family {i // 3}" for i in range(settings.n_types - len(named))]
    codes, uniques = pd.factorize(np.array(named, dtype=object))
    return codes, len(uniques)


def _sparse_effects(rng: np.random.Generator, shape: tuple[int, int], share: float, scale: float) -> np.ndarray:
    """Normal effects on a share of the genes, 0 elsewhere."""
    effects: np.ndarray = rng.normal(0, scale, shape) * (rng.random(shape) < share)
    return effects


def _apportion(total: int, shares: np.ndarray, at_least: int = 0) -> np.ndarray:
    """Whole numbers that sum to `total` and follow `shares` (largest remainders), each at least `at_least`."""
    exact = (total - at_least * len(shares)) * shares
    counts: np.ndarray = np.floor(exact).astype(int)
    remainder = total - at_least * len(shares) - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:remainder]] += 1
    return counts + at_least


def _flat(settings: SimulationSettings) -> dict[str, object]:
    """The settings in types that an .h5ad file can hold."""
    values = asdict(settings)
    studies = values.pop("studies")
    return {**values, "study_names": [name for name, _ in studies], "study_sizes": [size for _, size in studies]}
