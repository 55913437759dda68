"""Traversal: steps, sizes and names with a linear decoder; genes of a simulated factor with a trained one."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from semafo import keys
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training.artefacts.traversal import STEPS, Starts, described, load_decoder, traverse
from semafo.training.stages import models as stage_models

LOADINGS = np.array([[1.0, 0, 0, 0, -0.5, 0], [0, 2, 0, 0, 0, 0]])  # (dimensions, genes), log units a latent unit


def log_linear(z, batches):
    """Shares of genes whose logarithms follow LOADINGS; batch 1 has ten times as much of the last gene."""
    activity = np.exp(z @ LOADINGS)
    activity[:, -1] *= np.where(np.asarray(batches) == 1, 10, 1)
    return activity / activity.sum(1, keepdims=True)


def test_a_dimension_moves_its_genes_and_no_others():
    found = traverse(log_linear, np.zeros((1, 2)), np.array([0]), np.array([1.0, 0.5]))
    moved = found.expression
    assert found.kept is None
    assert moved.shape == (1, 2, len(STEPS), 6)
    assert moved.dtype == np.float16
    change = (moved[0, :, -1] - moved[0, :, 0]).astype(float) / np.log(2)  # log2 of counts per 10 000, nearly
    relative = change - change[:, [3]]  # to a gene that no dimension loads: shares have a common sum
    assert relative == pytest.approx(LOADINGS * np.array([[4 * 1.0], [4 * 0.5]]) / np.log(2), abs=0.03)


def test_the_middle_step_is_the_start_itself_in_every_dimension():
    starts = np.array([[0.3, -0.2], [1.0, 1.0]])
    moved = traverse(log_linear, starts, np.array([0, 1]), np.array([1.0, 0.5])).expression
    expected = np.log1p(1e4 * log_linear(starts, np.array([0, 1])))
    for dimension in range(2):
        assert moved[:, dimension, 2] == pytest.approx(expected, rel=1e-3)


def test_what_is_too_large_keeps_the_genes_of_each_dimension_that_move_most():
    starts, batches, sd = np.zeros((3, 2)), np.zeros(3, dtype=int), np.ones(2)
    whole = traverse(log_linear, starts, batches, sd)
    found = traverse(log_linear, starts, batches, sd, most_bytes=3 * 2 * len(STEPS) * 2 * 2)
    moved, kept = found.expression, found.kept
    assert moved.shape == (3, 2, len(STEPS), 2)
    assert kept[0].tolist() == [0, 4]
    assert 1 in kept[1]
    for dimension in range(2):
        assert (moved[:, dimension] == whole.expression[:, dimension][:, :, kept[dimension]]).all()
    assert (found.reach == whole.reach).all()
    assert described(Starts([], [], [], starts), list("abcdef"), found)["kept"] == kept.tolist()


def test_a_dimension_that_the_decoder_does_not_use_has_no_reach():
    def deaf(z, batches):
        return log_linear(z * [1, 0], batches)

    found = traverse(deaf, np.zeros((1, 2)), np.array([0]), np.ones(2))
    assert found.reach[1] == pytest.approx(0, abs=1e-9)
    assert found.reach[0] == pytest.approx(
        np.abs(found.expression[0, 0, -1] - found.expression[0, 0, 0]).mean() / np.log(2), rel=0.01
    )


def test_starts_are_means_of_types_with_enough_cells_in_their_commonest_batch():
    types = pd.Series(["b"] * 6 + ["a"] * 5 + ["rare"] * 4 + [None] * 3)
    batches = pd.Series(["x"] * 4 + ["y"] * 14)
    z = np.arange(18.0)[:, None] * np.array([1.0, -1.0])
    starts = Starts.of(z, types, batches)
    assert (starts.types, starts.n_cells, starts.batches) == (["a", "b"], [5, 6], ["y", "x"])
    assert starts.z.tolist() == [[8, -8], [2.5, -2.5]]


class Silent:
    def begin(self, stage, n_epochs=0):
        """Nothing to tell."""

    def epoch(self, epoch, terms):
        """Nothing to tell."""

    def checkpoint(self):
        """Nobody asks to stop."""


def cells_with_a_factor(n_cells=600, n_genes=60, n_loaded=20):
    """Counts of two types and one continuous factor on 20 of 60 genes. var has the factor's loading, in log units."""
    rng = np.random.default_rng(0)
    loading = np.where(np.arange(n_genes) < n_loaded, rng.choice([-1, 1], n_genes) * rng.uniform(0.4, 1, n_genes), 0)
    types, activation = rng.integers(0, 2, n_cells), rng.normal(size=n_cells)
    log_activity = rng.normal(1, 0.5, n_genes) + np.outer(activation, loading)
    log_activity[:, -10:] += 1.5 * types[:, None]
    names = np.array(["first", "second"])[types]
    obs = {
        "activation": activation,
        "type": names,
        keys.BATCH: pd.Categorical(rng.choice(["one", "two"], n_cells)),
        keys.LABEL: pd.Categorical(
            np.where(np.arange(n_cells) % 3, keys.UNLABELLED, np.array(["first", "second"])[types])
        ),
    }
    counts = rng.poisson(np.exp(log_activity)).astype(np.float32)
    obs = pd.DataFrame(obs, index=[f"cell{i}" for i in range(n_cells)])
    return AnnData(counts, obs=obs, var=pd.DataFrame({"loading": loading}, index=[f"gene{i}" for i in range(n_genes)]))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A SemafoVI trained for seconds on cells with a factor: cells, model, decoder."""
    cells = cells_with_a_factor()
    config = RunConfig(
        DatasetSpec("simulated"), SplitSettings(reference=("one",)), Mix(1, 0), TrainSettings(epochs_pretrain=40)
    )
    model = stage_models.semi_supervise(stage_models.pretrain(cells, config, Silent()), config, Silent())
    weights = tmp_path_factory.mktemp("weights") / keys.WEIGHTS_FILE
    stage_models.save_weights(model, weights)
    return cells, model, load_decoder(weights, config.form)


def test_the_decoder_that_is_loaded_is_the_models_own(trained):
    cells, model, decode = trained
    z = model.get_latent_representation(cells[:20])
    codes = cells.obs[keys.BATCH].cat.codes.to_numpy()[:20].astype(int)
    own = model.get_normalized_expression(cells, indices=np.arange(20), return_numpy=True, library_size=1)
    ours = decode(z, codes)
    assert ours.sum(1) == pytest.approx(1, abs=1e-5)
    assert np.median([np.corrcoef(a, b)[0, 1] for a, b in zip(ours, own, strict=True)]) > 0.95  # theirs samples z


def test_the_dimension_that_follows_a_simulated_factor_moves_its_genes(trained):
    cells, model, decode = trained
    z, activation = model.get_latent_representation(cells), cells.obs["activation"].to_numpy()
    starts = Starts.of(z, cells.obs["type"], cells.obs[keys.BATCH])
    codes = cells.obs[keys.BATCH].cat.categories.get_indexer(starts.batches)
    found = traverse(decode, starts.z, codes, z.std(0))
    follows = np.array([np.corrcoef(dimension, activation)[0, 1] for dimension in z.T])
    used = found.reach > 0.1 * found.reach.max()  # the encoder also writes into dimensions that the decoder ignores
    best = int(np.where(used, np.abs(follows), 0).argmax())
    assert abs(follows[best]) > 0.5
    change = (found.expression[:, best, -1] - found.expression[:, best, 0]).astype(float).mean(0)
    loading = cells.var["loading"].to_numpy()
    assert np.corrcoef(change * np.sign(follows[best]), loading)[0, 1] > 0.8
    assert (np.argsort(-np.abs(change))[:10] < 20).sum() >= 8  # the genes that move most are the factor's
