"""Where counts are found: by what a matrix is called and by what is in it, never by alphabet."""

import numpy as np
import pytest

from semafo.data.reading.preflight import preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec


@pytest.fixture
def found(save):
    """Where the counts of some cells come from, the cells as they are read, and the warnings."""

    def read(cells, **options):
        adata, report = preflight(DatasetSpec(save(cells), "cell_type", "donor", **options))
        return report.counts_source, adata, report.warnings

    return read


@pytest.fixture
def logged(cells):
    """Cells whose X holds logarithms, and their counts."""
    counts = cells.X.copy()
    cells.X = cells.X.log1p()
    return cells, counts


def refusal(found, cells, **options):
    with pytest.raises(DataError) as caught:
        found(cells, **options)
    return str(caught.value)


def corrected(counts, share=0.4):
    """Counts of which some were lowered, as where ambient RNA was subtracted."""
    rng = np.random.default_rng(1)
    counts = counts.copy()
    chosen = rng.random(counts.nnz) < share
    counts.data[chosen] -= (0.9 * rng.random(chosen.sum())).astype(np.float32)
    return counts


def velocity(counts):
    """The layers of RNA velocity, in the order of the alphabet."""
    rng = np.random.default_rng(2)
    parts = {name: counts.copy() for name in ("ambiguous", "matrix", "spliced", "unspliced")}
    parts["ambiguous"].data = rng.binomial(counts.data.astype(int), 0.1).astype(np.float32)
    left = counts.data - parts["ambiguous"].data
    parts["spliced"].data = rng.binomial(left.astype(int), 0.8).astype(np.float32)
    parts["unspliced"].data = left - parts["spliced"].data
    return parts


def test_decimals_are_kept_as_they_are_and_said(logged, found):
    cells, counts = logged
    cells.layers["counts"] = corrected(counts)
    source, adata, warnings = found(cells)
    assert source == "layers/counts"
    assert (cells.layers["counts"] != adata.X).nnz == 0
    (said,) = (warning for warning in warnings if "decimals" in warning)
    assert "have decimals (4" in said
    assert "scvi-tools does" in said
    assert "--round-counts" in said


def test_decimals_are_rounded_where_that_is_asked_for(cells, found):
    cells.X = corrected(cells.X)
    _, adata, warnings = found(cells, round_counts=True)
    assert (adata.X.toarray() == np.rint(cells.X.toarray())).all()
    assert adata.X.data.min() >= 1
    assert any("rounded to whole" in warning for warning in warnings)


def test_whole_counts_need_no_rounding(cells, found):
    assert found(cells, round_counts=True)[2] == ()


def test_counts_that_all_round_to_zero_are_refused(cells, found):
    cells.X.data = np.random.default_rng(0).uniform(0.1, 0.4, cells.X.nnz).astype(np.float32)
    assert "zero everywhere once it is rounded" in refusal(found, cells, counts="X", round_counts=True)


def test_rounding_does_not_make_counts_of_logarithms(logged, found):
    assert "log-transformed" in refusal(found, logged[0], round_counts=True)


def test_decimals_without_a_name_need_to_be_asked_for(cells, found):
    cells.X = corrected(cells.X, share=1.0)
    said = refusal(found, cells)
    assert "cannot be told" in said
    assert "--counts X" in said
    source, _, warnings = found(cells, counts="X")
    assert source == "X"
    assert any("have decimals" in warning for warning in warnings)


@pytest.mark.parametrize("name", ["counts", "raw_counts", "Raw Counts", "soupX", "decontXcounts", "corrected_counts"])
def test_decimals_are_counts_where_the_layer_is_called_so(logged, found, name):
    cells, counts = logged
    cells.layers[name] = corrected(counts, share=1.0)
    assert found(cells)[0] == f"layers/{name}"


@pytest.mark.parametrize("name", ["logcounts", "norm_counts", "scaled", "cpm"])
def test_a_layer_that_is_called_normalised_is_not_taken_for_decimals(logged, found, name):
    cells, counts = logged
    cells.layers[name] = corrected(counts, share=1.0)
    assert f"layers/{name} holds values such as" in refusal(found, cells)


@pytest.mark.parametrize("name", ["raw_counts", "umi", "UMIs", "count", "matrix"])
def test_a_name_that_means_counts_comes_before_x_and_is_said(cells, found, name):
    cells.layers[name] = 2 * cells.X
    source, adata, (said,) = found(cells)
    assert source == f"layers/{name}"
    assert adata.X.sum() == 2 * cells.X.sum()
    assert f"taken from layers/{name}" in said


def test_the_total_of_rna_velocity_is_its_matrix(logged, found):
    cells, counts = logged
    cells.layers.update(velocity(counts))
    source, adata, warnings = found(cells)
    assert source == "layers/matrix"
    assert (counts != adata.X).nnz == 0
    assert any("taken from layers/matrix" in warning for warning in warnings)


@pytest.mark.parametrize("with_ambiguous", [False, True])
def test_without_a_total_the_parts_are_added_up(logged, found, with_ambiguous):
    cells, counts = logged
    parts = velocity(counts)
    names = ["spliced", "unspliced", *(["ambiguous"] if with_ambiguous else [])]
    cells.layers.update({name: parts[name] for name in names})
    source, adata, (said, *_) = found(cells)
    assert source == " + ".join(f"layers/{name}" for name in names)
    assert adata.X.sum() == sum(parts[name].sum() for name in names)
    assert adata.X.has_canonical_format
    assert f"taken from {source}" in said


def test_a_raw_that_holds_counts_comes_before_the_parts(logged, found):
    cells, counts = logged
    cells.layers.update({name: part for name, part in velocity(counts).items() if name != "matrix"})
    logarithms = cells.X
    cells.X = counts
    cells.raw = cells
    cells.X = logarithms
    assert found(cells)[0] == "raw"


@pytest.mark.parametrize("name", ["ambiguous", "spliced", "unspliced"])
def test_a_part_alone_is_no_total(logged, found, name):
    cells, counts = logged
    cells.layers[name] = velocity(counts)[name]
    said = refusal(found, cells)
    assert f"layers/{name} is a part of the counts" in said
    assert found(cells, counts=f"layers/{name}")[0] == f"layers/{name}"


def test_the_only_layer_with_counts_is_taken(logged, found):
    cells, counts = logged
    cells.layers["a"] = cells.X
    cells.layers["z"] = counts
    source, _, warnings = found(cells)
    assert source == "layers/z"
    assert any("the only other layer that holds counts" in warning for warning in warnings)


def test_several_layers_that_could_be_the_counts_are_listed(logged, found):
    cells, counts = logged
    cells.layers.update({"exon": counts, "intron": counts, "mask": (counts > 0).astype(np.float32)})
    said = refusal(found, cells)
    assert "several layers that could be its counts: layers/exon, layers/intron." in said
    assert "--counts layers/exon" in said


def test_a_layer_of_zeros_and_ones_is_nobodys_counts_unless_asked_for(logged, found):
    cells, counts = logged
    cells.layers["detected"] = (counts > 0).astype(bool)
    assert "layers/detected holds 0 and 1 only" in refusal(found, cells)
    source, _, warnings = found(cells, counts="layers/detected")
    assert source == "layers/detected"
    assert any("0 and 1 only" in warning for warning in warnings)


def test_binarised_counts_load_with_a_word(cells, found):
    cells.X.data[:] = 1
    assert any("0 and 1 only" in warning for warning in found(cells)[2])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_numbers_of_every_type_are_counts(cells, found, dtype):
    cells.X = cells.X.astype(dtype)
    _, adata, _ = found(cells)
    assert adata.X.dtype == np.float32
    assert (adata.X.toarray() == cells.X.toarray()).all()


def test_noise_around_zero_is_zero(cells, found):
    values = cells.X.toarray().astype(np.float64)
    n_empty = (values == 0).sum()
    values[values == 0] = np.tile([-1e-9, 1e-9], n_empty)[:n_empty]
    cells.X = values
    _, adata, warnings = found(cells)
    assert adata.X.nnz == values.size - n_empty
    assert warnings == ()


def test_noise_beside_decimals_is_zero_too(cells, found):
    values = corrected(cells.X).toarray().astype(np.float64)
    n_empty = (values == 0).sum()
    values[values == 0] = -1e-9
    cells.X = values
    assert found(cells)[1].X.nnz == values.size - n_empty


def test_a_query_has_its_own_warning(cells, save):
    reference, query = (cells[cells.obs["donor"] == name].copy() for name in ("d1", "d2"))
    query.X = corrected(query.X)
    paths = save(reference, "reference.h5ad"), save(query, "query.h5ad")
    _, report = preflight(DatasetSpec(paths[0], "cell_type", "donor", query=paths[1]))
    assert any(warning.startswith("Query: The counts have decimals") for warning in report.warnings)
