"""What the worker writes about latent dimensions: which factors, which scores, and the files of a real run."""

import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.evaluation.latent.information import Factor
from semafo.files import read_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers.work import SCORE, TRAIN, work
from semafo.settings.run_config import DatasetSpec
from semafo.training.artefacts.latent_factors import (
    ANNOTATED,
    BATCH,
    KNOWN,
    LIBRARY,
    MOST_FACTORS,
    TYPE,
    factors_of,
    scored_factors,
)
from tests.support.tiny import TINY_BATCHES, tiny_config

SPEC = DatasetSpec("cells.h5ad", "kind", "donor")


@pytest.fixture
def table():
    """Types and batches of 60 cells, and columns of the data: one of each kind."""
    rng = np.random.default_rng(0)
    kinds, donors = rng.choice(list("ab"), 60), rng.choice(list("xyz"), 60)
    cells = pd.DataFrame({keys.TRUE: kinds, keys.BATCH_COLUMN: donors})
    own = {
        "kind": kinds,
        "donor": donors,
        "broad": np.where(kinds == "a", "A", "B"),
        "age": rng.normal(size=60),
        "twice the age": np.zeros(60),
        "plate": np.repeat("one", 60),
        "barcode": [f"cell {i}" for i in range(60)],
        keys.N_COUNTS: rng.integers(100, 9000, 60),
    }
    own["twice the age"] = 2 * own["age"] + 1
    return cells, pd.DataFrame(own)


def test_type_and_batch_come_first_and_what_is_left_out_has_a_reason(table):
    factors, left_out = factors_of(*table, SPEC)
    assert [factor.name for factor in factors] == [TYPE, BATCH, LIBRARY, "age"]
    assert left_out == [
        "Cell-cycle phase: fewer than 5 of its genes are in the data.",
        "broad: it sorts the cells as Cell type does.",
        "twice the age: it sorts the cells as age does.",
        "plate: it has one value only.",
        "barcode: it has more than 50 names.",
    ]


def test_there_are_at_most_30_factors(table):
    cells, own = table
    rng = np.random.default_rng(1)
    many = own.assign(**{f"column {i}": rng.normal(size=60) for i in range(40)})
    factors, left_out = factors_of(cells, many, SPEC)
    assert len(factors) == MOST_FACTORS
    assert any("30 factors" in sentence for sentence in left_out)


def test_a_simulation_is_scored_on_what_it_drew_and_other_cells_on_their_annotation():
    names = [TYPE, BATCH, "activation", "cycle_cos", "cycle_sin", "cycle_phase"]
    factors = [Factor.of(name, pd.Series(np.arange(40) % 7)) for name in names]
    origin, chosen = scored_factors(factors, DatasetSpec("simulated:cells=300"))
    assert (origin, [factor.name for factor in chosen]) == (KNOWN, [TYPE, "activation", "cycle_cos", "cycle_sin"])
    origin, chosen = scored_factors(factors, SPEC)
    assert (origin, [factor.name for factor in chosen]) == (ANNOTATED, [TYPE, BATCH])


def test_a_run_that_maps_a_query_leaves_both_files(tmp_path):
    home = Home.at(tmp_path / "home")
    reference = TINY_BATCHES[1:]  # so that the query's batch comes first by name and last in the weights
    (run_id,) = store.submit(home, [tiny_config(reference=reference)])
    record = RunRecord(home.runs / run_id)
    for half in (TRAIN, SCORE):
        assert work(str(record.folder), str(home.cache), half).state == keys.DONE
    batches = read_json(record.folder / keys.MODEL_FILE)["batches"]
    assert batches == [*sorted(reference), TINY_BATCHES[0]]
    found, n_latent = record.factors(), 10
    assert found["n_cells"] == found["n_used"] == 240
    names = [row["name"] for row in found["factors"]]
    assert names[:3] == [TYPE, BATCH, LIBRARY]
    assert {"activation", "cycle_phase"} <= set(names)
    assert all(len(row["information"]) == n_latent for row in found["factors"])
    assert all(0 <= value <= 1 for row in found["factors"] for value in row["information"])
    assert found["scores"]["of"] == KNOWN
    along = found["traversal"]
    assert record.traversal().shape == (len(along["types"]), n_latent, 5, len(along["genes"]))
    total = np.expm1(record.traversal().astype(float)).sum(-1)
    assert total == pytest.approx(1e4, rel=0.01)  # shares of a cell's counts
    listed = read_json(record.folder / keys.MANIFEST_FILE)["files"]
    assert {keys.FACTORS_FILE, keys.TRAVERSAL_FILE} <= set(listed)
