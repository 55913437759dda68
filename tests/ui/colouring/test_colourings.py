import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from semafo import keys
from semafo.runs.home import Home
from semafo.ui.charts import colours
from semafo.ui.colouring import colourings
from semafo.ui.session.run_results import artefacts, normalised_entropy
from tests.support import fakes

N = 700


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Two runs of the same cells: the second has no columns and no genes."""
    st.cache_resource.clear()
    home = Home.at(tmp_path_factory.mktemp("home"))
    first, second = (fakes.finished(home, replace(fakes.REAL, mix=mix)) for mix in fakes.MIXES[:2])
    for name in (keys.OBS_FILE, keys.GENES_FILE):
        (second.folder / name).unlink(missing_ok=True)
    write_columns(first.folder)
    write_gene(first.folder, "CD14", np.arange(N) % 4 * 1.5)
    return [artefacts(record) for record in (first, second)]


def write_columns(folder):
    index = pd.read_parquet(folder / keys.CELLS_FILE).index
    columns = {
        "donor": pd.Categorical(np.where(np.arange(N) % 3 == 0, None, "d" + pd.Series(np.arange(N) % 2).astype(str))),
        "n_counts": np.where(np.arange(N) == 3, np.nan, np.arange(N)),
        "doublet": np.arange(N) % 2 == 0,
        "barcode": [f"b{i}" for i in range(N)],
    }
    pd.DataFrame(columns, index=index).to_parquet(folder / keys.OBS_FILE)


def write_gene(folder, name, values):
    cells = np.flatnonzero(values)
    (folder / keys.GENES_FILE).write_text(json.dumps({"genes": [name], "n_cells": N}))
    arrays = (np.array([0, len(cells)]), cells.astype(np.int32), values[cells].astype(np.float32))
    for file, array in zip(keys.EXPRESSION_FILES, arrays, strict=True):
        np.save(folder / file, array)


def test_a_column_of_names_has_looks_of_its_own_and_missing_ones_are_grey(found):
    painted = colourings.paint(found[:1], colourings.COLUMN, "donor")
    assert list(painted.looks) == ["d0", "d1", "Missing"]
    assert painted.looks["Missing"].colour == colours.NEUTRAL
    assert list(painted.values[0][:6]) == [2, 1, 0, 2, 0, 1]
    assert list(colourings.paint(found[:1], colourings.COLUMN, "doublet").looks) == ["false", "true"]


def test_a_column_of_numbers_has_a_scale(found):
    painted = colourings.paint(found, colourings.COLUMN, "n_counts")
    assert painted.looks is None
    assert np.isnan(painted.values[0][3])
    assert (painted.scale.low, painted.scale.high) == pytest.approx((7, 692), abs=2)
    assert painted.values[1] is None
    assert painted.reasons == ("", "This run kept no column 'n_counts' of its data.")


def test_a_column_of_too_many_names_is_not_coloured_and_says_so(found):
    painted = colourings.paint(found, colourings.COLUMN, "barcode")
    assert painted.values == (None, None)
    assert painted.reasons[0] == "'barcode' has 700 different values: too many for colours."


def test_a_gene_is_coloured_from_zero_up(found):
    painted = colourings.paint(found, colourings.GENE, "CD14")
    np.testing.assert_array_equal(painted.values[0], np.arange(N) % 4 * 1.5)
    assert (painted.scale.low, painted.scale.high, painted.scale.pale_low) == (0, 4.5, True)
    assert painted.reasons == ("", "This run kept no expression of CD14.")
    assert colourings.paint(found, colourings.GENE).reasons[0] == "Choose a gene."


def test_a_latent_dimension_is_centred_on_zero_for_all_runs_alike(found):
    painted = colourings.paint(found, colourings.DIMENSION, "4")
    for one, values in zip(found, painted.values, strict=True):
        np.testing.assert_array_equal(values, one.record.array(one.record.config.mix.obsm_key)[:, 3])
    assert painted.scale.low == -painted.scale.high
    together = np.abs(np.concatenate(painted.values))
    assert painted.scale.high == pytest.approx(np.percentile(together, 99))
    assert painted.title == "Latent dimension 4"


def test_entropy_is_0_where_a_model_is_certain_and_1_where_all_types_are_alike(found):
    probabilities = np.array([[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]], dtype=np.float32)
    np.testing.assert_allclose(normalised_entropy(probabilities), [0, 1, np.log(2) / np.log(3)], atol=1e-6)
    assert not normalised_entropy(np.ones((4, 1))).any()
    painted = colourings.paint(found, colourings.ENTROPY)
    p = found[0].record.probabilities()
    expected = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1) / np.log(p.shape[1])
    np.testing.assert_allclose(painted.values[0], expected, atol=1e-4)
    assert (painted.scale.low, painted.scale.high) == (0, 1)


def test_the_mapping_score_is_offered_and_painted_where_a_run_has_one(found, tmp_path):
    mapped = artefacts(fakes.finished(Home.at(tmp_path), fakes.MAPPED))
    assert colourings.offered(found) == colourings.COLOURINGS
    assert colourings.offered([found[0], mapped]) == (*colourings.COLOURINGS, colourings.MAPPING)
    painted = colourings.paint([found[0], mapped], colourings.MAPPING)
    assert painted.values[0] is None
    assert "mapped onto a reference" in painted.reasons[0]
    np.testing.assert_array_equal(painted.values[1], mapped.cells[keys.MAPPING_SCORE])
    assert (np.isnan(painted.values[1]) == mapped.coded(keys.ROLE).isin([keys.REFERENCE])).all()
    assert (painted.scale.low, painted.scale.high, painted.scale.without) == (0, 1, "Reference")


def test_choices_are_what_any_of_the_runs_has(found):
    assert colourings.choices(found, colourings.COLUMN) == ("donor", "n_counts", "doublet", "barcode")
    assert colourings.choices(found, colourings.GENE) == ("CD14",)
    assert colourings.choices(found, colourings.DIMENSION) == tuple(str(i) for i in range(1, 11))
    assert colourings.choices(found[1:], colourings.GENE) == ()


def test_a_run_without_a_map_takes_no_part(found):
    painted = colourings.paint([None, found[0]], colourings.CONFIDENCE)
    assert painted.values[0] is None
    assert painted.values[1] is found[0].confidence
