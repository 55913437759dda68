"""Phase of the cell cycle, from the genes that are active in S and in G2/M (Tirosh et al. 2016, Science 352:189).

The names are those of the paper's lists as they are in common use, and what three of them are called today. Case is
ignored, so that mouse genes, which share the names, are found.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from semafo.evaluation.latent.embedding import log_normalise

S_GENES = (
    *("MCM5", "PCNA", "TYMS", "FEN1", "MCM2", "MCM4", "RRM1", "UNG", "GINS2", "MCM6", "CDCA7", "DTL", "PRIM1"),
    *("UHRF1", "MLF1IP", "HELLS", "RFC2", "RPA2", "NASP", "RAD51AP1", "GMNN", "WDR76", "SLBP", "CCNE2", "UBR7"),
    *("POLD3", "MSH2", "ATAD2", "RAD51", "RRM2", "CDC45", "CDC6", "EXO1", "TIPIN", "DSCC1", "BLM", "CASP8AP2"),
    *("USP1", "CLSPN", "POLA1", "CHAF1B", "BRIP1", "E2F8"),
    "CENPU",  # MLF1IP
)
G2M_GENES = (
    *("HMGB2", "CDK1", "NUSAP1", "UBE2C", "BIRC5", "TPX2", "TOP2A", "NDC80", "CKS2", "NUF2", "CKS1B", "MKI67"),
    *("TMPO", "CENPF", "TACC3", "FAM64A", "SMC4", "CCNB2", "CKAP2L", "CKAP2", "AURKB", "BUB1", "KIF11", "ANP32E"),
    *("TUBB4B", "GTSE1", "KIF20B", "HJURP", "CDCA3", "HN1", "CDC20", "TTK", "CDC25C", "KIF2C", "RANGAP1", "NCAPD2"),
    *("DLGAP5", "CDCA2", "CDCA8", "ECT2", "KIF23", "HMMR", "AURKA", "PSRC1", "ANLN", "LBR", "CKAP5", "CENPE"),
    *("CTCF", "NEK2", "G2E3", "GAS2L3", "CBX5", "CENPA"),
    *("PIMREG", "JPT1"),  # FAM64A, HN1
)
PHASES = ("G1", "S", "G2M")
FEWEST_GENES = 5  # of each list: fewer say little about a cell
N_LEVELS = 25  # of expression, in each of which genes are compared with one another
_BLOCK = 20_000  # cells at a time, and from as many, evenly spaced, the levels of expression are taken


def genes_present(genes: Sequence[str]) -> tuple[int, int]:
    """How many genes of S and of G2/M there are."""
    return len(_places(genes, S_GENES)), len(_places(genes, G2M_GENES))


def cell_cycle_phase(counts: sparse.csr_matrix | sparse.csr_array, genes: Sequence[str]) -> np.ndarray | None:
    """Phase of each cell: that of the higher score; G1 where both scores are below 0.

    The score of a list is the mean log-normalised expression of its genes minus that of the other genes at the same
    levels of expression (Tirosh et al. 2016; all of them where the paper draws 100 at random).

    Parameters
    ----------
    counts
        (n, G) UMI counts.
    genes
        G names.

    Returns
    -------
    (n,) of `PHASES`; None where fewer than 5 genes of either list are there.
    """
    if min(genes_present(genes)) < FEWEST_GENES:
        return None
    n_cells = counts.shape[0]
    means = np.asarray(log_normalise(counts[:: -(-n_cells // _BLOCK)]).mean(axis=0)).ravel()
    weights = np.stack([_weights(means, _places(genes, listed)) for listed in (S_GENES, G2M_GENES)], axis=1)  # (G, 2)
    blocks = (counts[start : start + _BLOCK] for start in range(0, n_cells, _BLOCK))
    scores = np.concatenate([log_normalise(block) @ weights for block in blocks])  # (n, 2)
    return np.array(PHASES)[np.where((scores < 0).all(1), 0, scores.argmax(1) + 1)]


def _places(genes: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    upper = np.char.upper(np.asarray(genes, dtype=str))
    return np.flatnonzero(np.isin(upper, wanted))


def _weights(means: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Weight of each gene in a score, (G,): of the list's genes minus of those at their levels of expression."""
    rank = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    level = rank * N_LEVELS // len(means)
    others = np.ones(len(means), dtype=bool)
    others[chosen] = False
    sizes = np.bincount(level[others], minlength=N_LEVELS)
    at_level = np.bincount(level[chosen], minlength=N_LEVELS) * (sizes > 0)
    weights = np.where(others, -(at_level / np.maximum(sizes, 1))[level], 0.0)
    weights[chosen] = 1.0
    return weights / len(chosen)
