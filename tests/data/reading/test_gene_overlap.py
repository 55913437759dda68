"""The gene overlap is of the genes that a model reads, weighted by what they carry."""

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from semafo import keys
from semafo.data import genes
from semafo.data.load import load, read_whole
from semafo.data.reading.gene_overlap import IN_QUERY, sentence, spread, weighted_share
from semafo.data.reading.preflight import preflight
from semafo.data.splitting.split import make_split
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec, SplitSettings
from semafo.training.stages.prepared_data import prepare_split

N_GENES, N_MODEL = 120, 30


@pytest.fixture(scope="module")
def parts():
    """A reference of two studies, a query of one, and the names of the genes that a model would read."""
    whole = read_whole(
        DatasetSpec(f"simulated:cells=600,genes={N_GENES},types=4,batches=3,seed=2", "cell_type", "study")
    )
    studies = sorted(whole.obs["study"].unique())
    reference = whole[whole.obs["study"] != studies[0]].copy()
    chosen, _ = genes.select_hvgs(ad.AnnData(reference.X, obs=reference.obs), N_MODEL, "study")
    return reference, whole[whole.obs["study"] == studies[0]].copy(), reference.var_names[chosen]


@pytest.fixture
def spec_of(parts, save):
    """A spec of the reference and of the query with some of its genes only."""

    def write(kept, **options):
        reference, query, _ = parts
        paths = save(reference, "reference.h5ad"), save(query[:, query.var_names.isin(kept)].copy(), "query.h5ad")
        return DatasetSpec(paths[0], "cell_type", "study", n_hvg=N_MODEL, query=paths[1], **options)

    return write


def test_a_query_with_all_genes_of_the_model_passes_with_few_of_all(parts, spec_of):
    report = preflight(spec_of(parts[2]))[1]
    overlap = report.joined["overlap"]
    assert (overlap["n_shared"], overlap["n_model_genes"], overlap["n_model_shared"]) == (N_MODEL, N_MODEL, N_MODEL)
    assert overlap["model_share"] == 1
    assert not any("lacks" in text for text in report.warnings)
    assert (
        sentence(overlap)
        == "The query has all 30 genes that the model reads, and 30 of the reference's 120 genes (25 %)."
    )


def test_a_query_without_most_genes_of_the_model_is_refused_with_most_of_all(parts, spec_of):
    kept = parts[0].var_names.difference(parts[2][:-3])
    with pytest.raises(DataError, match="has 3 of the 30 genes that the model would read") as caught:
        preflight(spec_of(kept))
    assert "93 of 120 (78 %)" in str(caught.value)
    report = preflight(spec_of(kept, min_overlap=0.0))[1]
    assert report.joined["overlap"]["model_share"] < 0.5
    assert any("lacks 27 genes of the 30 that the model reads" in text for text in report.warnings)


def test_a_query_without_any_gene_of_the_model_is_refused_whatever_is_asked_for(parts, spec_of):
    with pytest.raises(DataError, match="has 0 of the 30 genes") as caught:
        preflight(spec_of(parts[0].var_names.difference(parts[2]), min_overlap=0.0))
    assert "min-overlap" not in str(caught.value)


def test_a_gene_counts_by_how_much_it_varies(parts, spec_of):
    reference, _, model_genes = parts
    weights = np.log1p(reference[:, model_genes].X.toarray().astype(float)).std(axis=0)
    heaviest = model_genes[np.argsort(weights)[-6:]]
    overlap = preflight(spec_of(model_genes.difference(heaviest), min_overlap=0.0))[1].joined["overlap"]
    assert overlap["n_model_shared"] == 24
    assert overlap["model_share"] == pytest.approx(1 - np.sort(weights)[-6:].sum() / weights.sum(), rel=1e-5)
    assert overlap["model_share"] < 24 / 30
    assert "24 of the 30 genes" in sentence(overlap)


def test_a_single_missing_gene_is_worth_a_milder_sentence(parts, spec_of):
    warnings = preflight(spec_of(parts[2][1:]))[1].warnings
    (said,) = [text for text in warnings if "lacks" in text]
    assert said == f"The query lacks 1 gene of the 30 that the model reads ({parts[2][0]}): they count as zero."


def test_genes_that_somebody_filled_with_zeros_are_told(parts, save):
    reference, query, model_genes = parts
    padded = query.copy()
    padded.X = sparse.csr_matrix(padded.X.multiply(~padded.var_names.isin(model_genes[:20])))
    paths = save(reference, "reference.h5ad"), save(padded, "query.h5ad")
    warnings = preflight(DatasetSpec(paths[0], "cell_type", "study", n_hvg=N_MODEL, query=paths[1]))[1].warnings
    (said,) = [text for text in warnings if "no count in any query cell" in text]
    assert said.startswith("20 of the genes that the model reads")


def test_training_takes_the_genes_that_the_preflight_chose(parts, spec_of, monkeypatch):
    adata, report = preflight(spec_of(parts[2][2:], min_overlap=0.0))
    monkeypatch.setattr(genes, "select_hvgs", lambda *given: pytest.fail("the genes were chosen twice"))
    settings = SplitSettings(reference=tuple(report.joined["reference_batches"]), labelled_rate=0.0)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], settings)
    prepared = prepare_split(adata, split, N_MODEL)
    assert set(prepared.cells.var_names) == set(parts[2])
    assert list(prepared.cells.var_names[~prepared.cells.var[IN_QUERY]]) == list(parts[2][:2])
    assert prepared.facts["genes_note"] == "30 of 120 genes, seurat_v3 on counts, by batch"


def test_another_number_of_genes_or_other_cells_are_chosen_anew(parts, spec_of):
    adata = preflight(spec_of(parts[0].var_names))[0]
    is_reference = (adata.obs[keys.ROLE] == keys.REFERENCE).to_numpy()
    assert genes.choose_genes(adata, is_reference, 10)[0].sum() == 10
    assert "20 of 120" in genes.choose_genes(adata, np.ones(adata.n_obs, dtype=bool), 20)[1]
    assert genes.choose_genes(adata[:, :40].copy(), is_reference, N_MODEL)[1].startswith("30 of 40 genes")


def test_genes_that_the_reference_does_not_express_change_no_choice(parts, spec_of):
    adata = preflight(spec_of(parts[0].var_names))[0]
    is_reference = (adata.obs[keys.ROLE] == keys.REFERENCE).to_numpy()
    chosen, _ = genes.choose_genes(adata, is_reference, N_MODEL)
    silent = ad.AnnData(sparse.csr_matrix((adata.n_obs, 50), dtype=np.float32), obs=adata.obs.copy())
    silent.var_names = [f"silent_{i}" for i in range(50)]
    silent.X = sparse.csr_matrix(np.repeat(~is_reference[:, None], 50, axis=1).astype(np.float32))
    both = ad.concat([silent, adata], axis="var", merge="first")
    found, note = genes.choose_genes(both, is_reference, N_MODEL)
    assert list(both.var_names[found]) == list(adata.var_names[chosen])
    assert note == "30 of 120 genes, seurat_v3 on counts, by batch"
    assert genes.choose_genes(both, is_reference, 200)[0].sum() == 120


def test_data_that_are_loaded_keep_nothing_of_the_choice(parts, spec_of):
    adata = load(spec_of(parts[0].var_names))
    assert genes.CHOSEN not in adata.uns
    assert genes.CHOSEN not in adata.var


def test_the_weight_is_the_deviation_of_what_the_encoder_sees():
    counts = np.array([[0, 1, 7], [3, 1, 0], [0, 1, 2]], dtype=np.float32)
    assert spread(sparse.csr_matrix(counts)) == pytest.approx(np.log1p(counts).std(axis=0), abs=1e-7)


def test_genes_that_never_vary_count_by_their_number():
    assert weighted_share(np.zeros(4), np.array([True, False, False, False])) == 0.25
    assert weighted_share(np.zeros(0), np.zeros(0, dtype=bool)) == 0


def test_runs_of_earlier_versions_say_what_they_know():
    overlap = {"n_reference_genes": 200, "n_shared": 150, "share": 0.75}
    assert sentence(overlap) == "The query has 150 of the reference's 200 genes (75 %)."
    assert "28 of the 50 that the model reads" in sentence({**overlap, "n_hvg": 50, "n_hvg_shared": 28})
