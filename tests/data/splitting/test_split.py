"""Splits: what holds for any data, and what is refused or warned about."""

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.data.splitting.split import hide_labels, make_split
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings


def table(labels, batches):
    index = [f"c{i}" for i in range(len(labels))]
    return pd.Series(labels, index=index, dtype=object), pd.Series(batches, index=index, dtype=object)


def names(split, part):
    return set(split.cells.index[split.cells[keys.PART] == part])


@pytest.fixture
def example():
    """Reference of 3 types; query of 100 cells in 2 batches with a fourth type; two query cells without a label."""
    reference = ["alpha"] * 10 + ["beta"] * 10 + ["delta"] * 4
    query = ["alpha"] * 60 + ["beta"] * 25 + ["delta"] * 10 + ["gamma"] * 3 + [None, np.nan]
    return table([*reference, *query], ["ref"] * 24 + ["q1", "q2"] * 50)


def test_the_split_seed_alone_moves_the_test_part(example):
    first, same, other = (
        make_split(*example, SplitSettings(("ref",), rate, split_seed=seed))
        for rate, seed in ((0, 0), (0.4, 0), (0, 1))
    )
    assert names(first, keys.TEST) == names(same, keys.TEST) != names(other, keys.TEST)


def test_blind_drawing_ignores_the_types(example):
    labels, batches = example
    split = make_split(labels, batches, SplitSettings(stratified=False))
    renamed = labels.map({"alpha": "x", "beta": "y", "delta": "alpha", "gamma": "beta"})
    again = make_split(renamed, batches, SplitSettings(stratified=False))
    assert split.cells[keys.PART].equals(again.cells[keys.PART])


def test_a_rate_of_nothing_labels_the_reference_alone(example):
    split = make_split(*example, SplitSettings(("ref",), 0.0))
    assert split.summary()["n_labelled"] == 0
    assert len(names(split, keys.LABELLED)) == 24


def test_a_rate_above_what_may_be_labelled_is_reported(example):
    split = make_split(*example, SplitSettings(("ref",), 1.0))
    summary = split.summary()
    assert summary["labelled_rate_requested"] == 1.0
    assert summary["labelled_rate"] < 0.72
    assert set(split.cells.loc[split.cells[keys.PART] == keys.HIDDEN, keys.TRUE]) <= {"gamma"}
    assert any("100.0% was asked for" in warning for warning in split.warnings)


def test_a_reachable_rate_gives_no_such_warning(example):
    assert not any("asked for" in warning for warning in make_split(*example, SplitSettings(("ref",), 0.3)).warnings)


def test_types_that_the_reference_lacks_are_never_labelled_in_surgery(example):
    split = make_split(*example, SplitSettings(("ref",), 1.0))
    summary = split.summary()
    assert summary["unseen_types"] == ["gamma"]
    assert summary["n_unseen"] == (split.cells[keys.TRUE] == "gamma").sum() - summary["n_hidden"]
    assert any("3 query cells are of types the reference lacks (gamma)" in warning for warning in split.warnings)


def test_one_stage_can_learn_any_type(example):
    assert make_split(*example, SplitSettings((), 0.5)).summary()["unseen_types"] == []


def test_a_type_with_one_cell_is_labelled_and_not_tested():
    cells = table(["alpha"] * 30 + ["beta"] * 30 + ["delta"], ["b"] * 61)
    split = make_split(*cells, SplitSettings((), 0.1))
    assert split.cells[keys.PART].iloc[-1] == keys.LABELLED


def test_types_that_no_label_reaches_are_named():
    split = make_split(*table(list("aaaaaaaabbbbbbbbccdd"), ["b"] * 20), SplitSettings((), 0.15))
    assert split.summary()["seen_types"] == ["a", "b"]
    assert any("No cell of c, d is labelled" in warning for warning in split.warnings)


def test_study_wise_labels_leave_the_other_studies_to_test(example):
    labels, batches = example
    split = make_split(labels, batches, SplitSettings(("ref",), labelled_batches=("q1",)))
    summary = split.summary()
    assert names(split, keys.TEST) == set(labels.index[(batches == "q2") & labels.notna()])
    assert summary["n_labelled"] + summary["n_hidden"] == ((batches == "q1") & labels.notna()).sum()
    assert summary["labelled_rate"] == summary["n_labelled"] / 98
    assert summary["labelled_rate_requested"] is None


def test_study_wise_labels_work_in_one_stage(example):
    labels, batches = example
    split = make_split(labels, batches, SplitSettings(labelled_batches=("q1", "ref")))
    assert names(split, keys.TEST) == set(labels.index[(batches == "q2") & labels.notna()])
    assert split.summary()["n_hidden"] == 0
    assert split.summary()["labelled_rate"] < 1


def test_no_test_cells_are_warned_about(example):
    split = make_split(*example, SplitSettings(("ref",), labelled_batches=("q1", "q2")))
    assert any("No cell is left to test on" in warning for warning in split.warnings)


def test_a_query_without_any_label_can_be_mapped():
    cells = table(["alpha", "beta"] * 5 + [None] * 10, ["ref"] * 10 + ["q"] * 10)
    split = make_split(*cells, SplitSettings(("ref",), 0.5))
    assert split.summary()["n_missing"] == 10
    assert split.summary()["labelled_rate"] == 0


def test_the_summary_is_plain_and_adds_up(example):
    summary = make_split(*example, SplitSettings(("ref",), 0.2)).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["n_reference"] + summary["n_query"] == summary["n_cells"] == 124
    kinds = (keys.LABELLED, keys.CALIBRATION, keys.HIDDEN, keys.TEST, keys.MISSING)
    parts = [row[part] for row in summary["by_batch"] for part in kinds]
    assert sum(parts) == 124
    assert [(row["batch"], row["role"]) for row in summary["by_batch"]] == [
        ("q1", "query"),
        ("q2", "query"),
        ("ref", "reference"),
    ]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (SplitSettings(("nowhere",)), "There is no batch nowhere. The data have: q1, q2, ref"),
        (SplitSettings(("ref",), labelled_batches=("q9",)), "There is no batch q9"),
        (SplitSettings(("ref", "q1", "q2")), "Every batch is reference"),
        (SplitSettings((), 0.001), "labels no cell at all"),
        (SplitSettings((), 0.01), "labels only the type alpha"),
        (SplitSettings(("ref",), left_out_types=("omega",)), "no type omega to leave out. The data have: alpha, beta"),
        (SplitSettings(("ref",), left_out_types=("alpha", "beta")), "only the label delta.*leave fewer types out"),
        (SplitSettings((), left_out_types=("alpha", "beta", "gamma")), "only the type delta.*leave fewer types out"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(example, chosen, message):
    with pytest.raises(DataError, match=message):
        make_split(*example, chosen)


@pytest.mark.parametrize(("label", "message"), [("alpha", "has only the label alpha"), (None, "has no label")])
def test_a_reference_needs_two_types(label, message):
    cells = table([label] * 5 + ["alpha", "beta"] * 5, ["ref"] * 5 + ["q"] * 10)
    with pytest.raises(DataError, match=message):
        make_split(*cells, SplitSettings(("ref",)))


def test_labels_and_batches_must_be_of_the_same_cells(example):
    labels, batches = example
    with pytest.raises(DataError, match="same cells"):
        make_split(labels.iloc[1:], batches, SplitSettings())


def as_anndata(labels, batches):
    obs = pd.DataFrame({"cell_type": labels, "donor": batches})
    return ad.AnnData(sparse.csr_matrix(np.ones((len(labels), 3), dtype=np.float32)), obs=obs)


def test_models_see_batches_and_labelled_labels_alone(example):
    adata, split = as_anndata(*example), make_split(*example, SplitSettings(("ref",), 0.2))
    seen = hide_labels(adata, split)
    assert list(seen.obs.columns) == [keys.BATCH, keys.LABEL]
    assert not seen.var.columns.size
    assert not seen.uns
    assert not seen.obsm
    assert seen.X is adata.X
    is_labelled = (split.cells[keys.PART] == keys.LABELLED).to_numpy()
    assert (seen.obs[keys.LABEL][~is_labelled] == keys.UNLABELLED).all()
    assert (seen.obs[keys.LABEL][is_labelled] == split.cells[keys.TRUE][is_labelled]).all()
    assert list(seen.obs[keys.LABEL].cat.categories) == ["alpha", "beta", "delta", keys.UNLABELLED]


@pytest.mark.parametrize("reference", [(), ("ref",)])
def test_hidden_truths_cannot_change_what_models_see(example, reference):
    adata, split = as_anndata(*example), make_split(*example, SplitSettings(reference, 0.2))
    before = hide_labels(adata, split)
    hidden = (split.cells[keys.PART] != keys.LABELLED).to_numpy()
    shuffled = np.random.default_rng(1).permutation(split.cells[keys.TRUE].to_numpy(dtype=object)[hidden])
    split.cells.loc[hidden, keys.TRUE] = shuffled
    adata.obs.loc[hidden, "cell_type"] = shuffled
    after = hide_labels(adata, split)
    pd.testing.assert_frame_equal(before.obs, after.obs)
    assert (before.X != after.X).nnz == 0


def test_a_split_of_other_cells_is_refused(example):
    split = make_split(*example, SplitSettings(("ref",)))
    with pytest.raises(DataError, match="Make the split from the same data"):
        hide_labels(as_anndata(*example)[::-1].copy(), split)


def test_the_reference_alone_leaves_every_other_cell_out(example):
    split = make_split(*example, SplitSettings(("ref",), reference_only=True))
    summary = split.summary()
    assert set(split.cells[keys.ROLE]) == {keys.REFERENCE}
    assert summary["labelled_rate"] == 1.0
    assert summary["labelled_rate_requested"] is None
    assert (summary["n_cells"], summary["n_reference"], summary["n_labelled"]) == (24, 24, 24)
    assert (summary["n_query"], summary["n_test"], summary["n_unseen"]) == (0, 0, 0)
    assert [row["batch"] for row in summary["by_batch"]] == ["ref"]
    (warning,) = split.warnings
    assert "100 cells of other batches take no part" in warning
    assert "cannot be compared" in warning


def test_the_reference_alone_may_be_everything():
    cells = table(["alpha", "beta", None] * 4, ["ref"] * 12)
    split = make_split(*cells, SplitSettings(("ref",), reference_only=True))
    assert split.cells[keys.PART].value_counts().to_dict() == {keys.LABELLED: 8, keys.MISSING: 4}
    assert split.summary()["labelled_rate"] == 1.0
    assert "take no part" not in split.warnings[0]


def test_models_see_the_cells_that_take_part_alone(example):
    adata, split = as_anndata(*example), make_split(*example, SplitSettings(("ref",), reference_only=True))
    with pytest.raises(DataError, match="same data"):
        hide_labels(adata, split)
    seen = hide_labels(adata[split.cells.index].copy(), split)
    assert list(seen.obs[keys.BATCH].cat.categories) == ["ref"]


@pytest.mark.parametrize("reference", [(), ("ref",)])
def test_types_that_are_left_out_are_hidden_everywhere_and_the_test_part_stays(example, reference):
    whole = make_split(*example, SplitSettings(reference, 0.4))
    split = make_split(*example, SplitSettings(reference, 0.4, left_out_types=("beta",)))
    part = split.cells[keys.PART][split.cells[keys.TRUE] == "beta"]
    assert set(part) == {keys.HIDDEN, keys.TEST}
    assert names(split, keys.TEST) == names(whole, keys.TEST)
    assert "beta" in split.summary()["unseen_types"]
    assert "beta" not in set(split.visible_labels())
    assert any("labels of beta (35 cells) are hidden everywhere" in warning for warning in split.warnings)


def test_a_left_out_type_is_not_taken_for_one_that_the_reference_lacks(example):
    split = make_split(*example, SplitSettings(("ref",), 0.2, left_out_types=("beta",)))
    assert any("of types the reference lacks (gamma)" in warning for warning in split.warnings)


def test_in_one_stage_the_rate_is_of_the_cells_that_may_be_labelled(example):
    summary = make_split(*example, SplitSettings((), 0.5, left_out_types=("alpha",))).summary()
    assert summary["labelled_rate"] == pytest.approx(0.5, abs=0.02)


def test_calibration_cells_come_from_the_labelled_ones(example):
    whole = make_split(*example, SplitSettings(("ref",), 0.4))
    split = make_split(*example, SplitSettings(("ref",), 0.4, calibration_share=0.3))
    kept_back = names(split, keys.CALIBRATION)
    assert names(split, keys.LABELLED) | kept_back == names(whole, keys.LABELLED)
    assert set(split.cells.loc[list(kept_back), keys.ROLE]) == {keys.QUERY}
    summary = split.summary()
    assert summary["n_calibration"] == len(kept_back) == pytest.approx(0.3 * whole.summary()["n_labelled"], abs=2)
    assert summary["labelled_rate"] < whole.summary()["labelled_rate"]
    assert summary["labelled_rate"] == summary["n_labelled"] / 98
    assert any("counts what the model sees" in warning for warning in split.warnings)
    assert not any("asked for and" in warning for warning in split.warnings)


def test_calibration_cells_come_from_the_reference_where_the_query_has_no_labels(example):
    for settings in (
        SplitSettings(("ref",), 0.0, calibration_share=0.3),
        SplitSettings(("ref",), labelled_batches=(), calibration_share=0.3),
        SplitSettings(("ref",), reference_only=True, calibration_share=0.3),
    ):
        split = make_split(*example, settings)
        part = split.cells[keys.PART][split.cells[keys.ROLE] == keys.REFERENCE]
        assert (part == keys.CALIBRATION).sum() == split.summary()["n_calibration"] == 7
        labelled = split.cells[keys.TRUE][split.cells[keys.PART] == keys.LABELLED]
        assert set(labelled) == {"alpha", "beta", "delta"}


def test_too_few_labels_to_calibrate_on_are_said(example):
    split = make_split(*example, SplitSettings(("ref",), 0.02, calibration_share=0.1))
    assert split.summary()["n_calibration"] == 0
    assert any("no temperature can be fitted" in warning for warning in split.warnings)


@pytest.mark.parametrize(("reference", "visible"), [((), {"alpha", "delta", "gamma"}), (("ref",), {"alpha", "delta"})])
def test_the_leak_shows_every_query_label_of_a_type_the_model_can_know(example, reference, visible):
    chosen = {"reference": reference, "labelled_rate": 0.1, "left_out_types": ("beta",), "calibration_share": 0.2}
    leaky, tight = (make_split(*example, SplitSettings(**chosen, leak=leak)) for leak in (True, False))
    seen = hide_labels(as_anndata(*example), leaky).obs[keys.LABEL].astype(str).to_numpy()
    true = leaky.cells[keys.TRUE].to_numpy(dtype=object)
    assert (seen[np.isin(true, list(visible))] == true[np.isin(true, list(visible))]).all()
    assert set(seen) == {*visible, keys.UNLABELLED}
    assert leaky.cells.equals(tight.cells)
    assert leaky.summary()["seen_types"] == sorted(visible)
    assert leaky.summary()["labelled_rate"] == tight.summary()["labelled_rate"]
    assert leaky.warnings[0].startswith("LEAK: labels are hidden the way the published notebook does it")
    assert not any("LEAK" in warning for warning in tight.warnings)
