import numpy as np
import pytest

from semafo.ui.maps import procrustes, projections


def test_principal_components_are_those_of_the_singular_values(monkeypatch):
    monkeypatch.setattr(projections, "_BLOCK", 64)
    latent = (np.random.default_rng(0).normal(size=(300, 6)) * [5, 3, 1, 1, 0.5, 0.1] + 7).astype(np.float32)
    found = projections.principal_components(latent)
    left, values, _ = np.linalg.svd(latent - latent.mean(axis=0), full_matrices=False)
    expected = left[:, :2] * values[:2]
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)


def test_principal_components_keep_the_scale_of_the_latent_space():
    latent = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    small = projections.principal_components(0.05 * latent)
    np.testing.assert_allclose(small, 0.05 * projections.principal_components(latent), atol=1e-5)


def test_a_latent_space_of_one_dimension_has_a_flat_map():
    found = projections.principal_components(np.arange(5, dtype=np.float32)[:, None])
    np.testing.assert_allclose(found, [[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "units", "directions"),
    [("UMAP", False, ""), ("t-SNE", False, ""), ("PCA", True, "PC 1"), ("z3 z12", True, "z3")],
)
def test_directions_are_named_where_they_mean_something(name, units, directions):
    assert projections.has_latent_units(name) is units
    assert projections.directions(name).split(" →")[0] == directions


def test_a_projection_of_two_dimensions_is_named_by_them():
    assert projections.name_of(projections.DIMENSIONS, (3, 12)) == "z3 z12"
    assert projections.name_of(projections.PCA, (3, 12)) == "PCA"


def test_a_similarity_can_be_undone():
    rng = np.random.default_rng(0)
    moved = rng.normal(size=(40, 2))
    found = procrustes.similarity(moved, 2 * moved[:, ::-1] + rng.normal(0, 0.1, (40, 2)) + 4)
    np.testing.assert_allclose(found.undone(found(moved)), moved, atol=1e-5)
