"""The simulation: sizes, repeatability, ground truth, and a sane difficulty."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from semafo import keys
from semafo.data.catalogue import parse_simulation
from semafo.data.simulation.simulate import FACTORS, scaled_studies, simulate
from semafo.data.simulation.tissues import PANCREAS_STUDIES
from semafo.errors import DataError

INDROP, CELSEQ2, CELSEQ, FLUIDIGM, SS2 = (name for name, _ in PANCREAS_STUDIES)


@pytest.fixture(scope="module")
def small():
    return simulate(parse_simulation("simulated"))


@pytest.fixture(scope="module")
def pancreas_like():
    return simulate(parse_simulation("simulated:pancreas-like"))


def log_normalised(adata):
    values = adata.X.toarray()
    return np.log1p(1e4 * values / values.sum(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def bone_marrow_like():
    return simulate(parse_simulation("simulated:bone-marrow-like/40"))


def test_the_simulation_has_the_studies_of_the_paper(pancreas_like):
    assert pancreas_like.shape == (15681, 2000)
    assert pancreas_like.obs["study"].value_counts().to_dict() == dict(PANCREAS_STUDIES)


def test_scaled_sizes_sum_to_what_was_asked():
    for n_studies in (1, 3, 5, 7):
        studies = scaled_studies(2000, n_studies)
        assert len(studies) == n_studies
        assert sum(size for _, size in studies) == 2000


def test_a_batch_without_room_for_all_types_is_refused():
    with pytest.raises(DataError, match="smallest simulated batch would have 4 cells for 8 types"):
        parse_simulation("simulated:cells=100")


def test_the_same_seed_gives_the_same_cells_and_another_seed_others(small):
    again, other = simulate(parse_simulation("simulated")), simulate(parse_simulation("simulated:seed=1"))
    assert (again.X != small.X).nnz == 0
    assert again.obs.equals(small.obs)
    assert (other.X != small.X).nnz > 0


def test_counts_are_whole_sparse_and_overdispersed(small):
    assert small.X.format == "csr"
    assert small.X.dtype == np.float32
    assert (small.X.data == np.rint(small.X.data)).all()
    assert small.X.data.min() == 1
    values = small.X.toarray()
    assert np.median(values.var(axis=0) / values.mean(axis=0)) > 1.5


def test_every_study_has_every_type(pancreas_like):
    counts = pancreas_like.obs.groupby(["study", "cell_type"], observed=False).size()
    assert counts.min() >= 2


def test_the_composition_differs_between_studies(small):
    shares = small.obs.groupby("study", observed=True)["cell_type"].value_counts(normalize=True).unstack()
    assert (shares.max() / shares.min()).median() > 1.5


def test_the_factors_show_in_the_genes_that_carry_them(small):
    values = log_normalised(small)
    for factor in FACTORS:
        loading = small.var[f"{factor}_loading"].to_numpy()
        strong = np.argsort(-np.abs(loading))[:10]
        score = values[:, strong] @ np.sign(loading[strong])
        assert np.corrcoef(score, small.obs[factor])[0, 1] > 0.4


def test_the_programmes_are_sparse_and_shared_within_families(small):
    beta, alpha, ductal = (small.var[f"Pancreas {name}_programme"].to_numpy() for name in ("Beta", "Alpha", "Ductal"))
    assert 0.05 < np.mean(beta != 0) < 0.3
    assert np.corrcoef(beta, alpha)[0, 1] > np.corrcoef(beta, ductal)[0, 1] + 0.2


def accuracy(adata, n_train):
    x, y = log_normalised(adata), adata.obs["cell_type"].to_numpy()
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:n_train], order[-600:]
    centre, scale = x[train].mean(axis=0), x[train].std(axis=0) + 1e-6
    model = LogisticRegression(C=0.01, max_iter=300).fit((x[train] - centre) / scale, y[train])
    return model.score((x[test] - centre) / scale, y[test])


def test_the_types_are_learnable_but_not_trivial(small):
    assert 0.85 < accuracy(small, n_train=1400) < 0.96


def test_the_thinned_bone_marrow_has_types_of_its_own_and_is_learnable(bone_marrow_like):
    assert bone_marrow_like.obs["study"].value_counts().to_dict() == {
        "Site1": 380,
        "Site2": 599,
        "Site3": 777,
        "Site4": 376,
    }
    assert "HSC" in bone_marrow_like.obs["cell_type"].cat.categories
    assert not any("Pancreas" in name for name in bone_marrow_like.obs["cell_type"].cat.categories)
    assert 0.7 < accuracy(bone_marrow_like, n_train=1400) < 0.97


def test_a_thinned_simulation_has_the_same_programmes_and_fewer_cells(pancreas_like):
    thinned = simulate(parse_simulation("simulated:pancreas-like/8"))
    assert thinned.n_obs == 1960
    assert thinned.var.equals(pancreas_like.var)


def test_few_labels_make_it_hard(small):
    assert 0.3 < accuracy(small, n_train=100) < 0.8


def test_the_batch_shows_in_the_counts(small):
    values = log_normalised(small)
    is_indrop = (small.obs["study"] == INDROP).to_numpy()
    effect = (small.var[f"{INDROP}_effect"] - small.var[f"{SS2}_effect"]).to_numpy()
    is_ss2 = (small.obs["study"] == SS2).to_numpy()
    shift = values[is_indrop].mean(axis=0) - values[is_ss2].mean(axis=0)
    assert np.corrcoef(shift, effect)[0, 1] > 0.7


def test_types_and_batches_beyond_the_pancreas_have_names():
    adata = simulate(parse_simulation("simulated:cells=700,genes=60,types=11,batches=6"))
    assert "Type 11" in adata.obs["cell_type"].cat.categories
    assert "Study 6" in adata.obs["study"].cat.categories


def test_a_simulation_can_be_written_to_a_file(small, tmp_path):
    small.write_h5ad(tmp_path / "simulated.h5ad")
    assert (tmp_path / "simulated.h5ad").stat().st_size > 0
    assert keys.LABEL not in small.obs
