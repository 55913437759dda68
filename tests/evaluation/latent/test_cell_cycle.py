"""Cell-cycle phase: of cells made for a phase, and as scanpy scores it."""

import numpy as np
import pytest
from scipy import sparse

from semafo.evaluation.latent.cell_cycle import G2M_GENES, S_GENES, cell_cycle_phase, genes_present

OTHERS = [f"OTHER{i}" for i in range(400)]


def cells_of(phases, genes, seed=0):
    """Poisson counts in which cells of S and G2M have four times the counts of the genes of their phase."""
    rng = np.random.default_rng(seed)
    rate = np.repeat(rng.gamma(1, 1, len(genes))[None] + 0.2, len(phases), axis=0)
    upper = np.char.upper(genes)
    for phase, listed in (("S", S_GENES), ("G2M", G2M_GENES)):
        rate[np.ix_(phases == phase, np.isin(upper, listed))] *= 4
        rate[np.ix_(phases != phase, np.isin(upper, listed))] *= 0.5
    return sparse.csr_matrix(rng.poisson(rate).astype(np.float32))


@pytest.mark.parametrize("case", [str.upper, str.capitalize])
def test_cells_are_given_the_phase_whose_genes_they_express(case):
    genes = np.array([case(gene) for gene in (*S_GENES, *G2M_GENES, *OTHERS)])
    phases = np.random.default_rng(1).choice(["G1", "S", "G2M"], 300)
    found = cell_cycle_phase(cells_of(phases, genes), list(genes))
    assert (found == phases).mean() > 0.95


def test_it_agrees_with_scanpy(kang_path):
    import anndata as ad
    import scanpy as sc

    cells = ad.read_h5ad(kang_path)[:600].copy()
    found = cell_cycle_phase(sparse.csr_matrix(cells.X), list(cells.var_names))
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    present = [[gene for gene in listed if gene in cells.var_names] for listed in (S_GENES, G2M_GENES)]
    sc.tl.score_genes_cell_cycle(cells, s_genes=present[0], g2m_genes=present[1])
    assert (found == cells.obs["phase"].to_numpy()).mean() > 0.75  # scanpy draws its control genes at random: 0.84


def test_too_few_of_the_genes_give_no_phase():
    genes = [*S_GENES[:4], *G2M_GENES, *OTHERS]
    assert genes_present(genes) == (4, len(G2M_GENES))
    assert cell_cycle_phase(sparse.csr_matrix(np.ones((10, len(genes)))), genes) is None


def test_no_gene_is_in_both_lists_or_listed_twice():
    assert len({*S_GENES, *G2M_GENES}) == len(S_GENES) + len(G2M_GENES) == 43 + 54 + 3
