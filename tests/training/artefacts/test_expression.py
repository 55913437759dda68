"""Expression and own columns of the data, as training leaves them for the views."""

import logging
import os

import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.evaluation.latent.embedding import log_normalise
from semafo.runs.folder.expression import Genes, obs_columns
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library.store import in_context
from semafo.training.artefacts import expression
from semafo.training.artefacts.expression import MOST_COLUMNS, link, plain_columns, write_expression
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import StageCache
from semafo.training.stages.prepared_data import prepare
from tests.support.tiny import TINY_BATCHES, tiny_config
from tests.training.stages.test_latent_watch import Told


def job_in(folder, config):
    config, context = in_context(config)
    (folder / config.mix.slug).mkdir()
    (folder / "cache").mkdir(exist_ok=True)
    return RunContext(folder / config.mix.slug, config, context, StageCache(folder / "cache"), Told())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    job = job_in(tmp_path_factory.mktemp("home"), tiny_config(reference=TINY_BATCHES[:2]))
    prepared = prepare(job.config, job.context)
    write_expression(job, prepared)
    return job, prepared


def test_expression_is_that_of_the_training_genes_in_the_order_of_the_cells(written):
    job, prepared = written
    found, expected = Genes.of(RunRecord(job.folder)), log_normalise(prepared.cells.X).toarray()
    assert found.names == tuple(prepared.cells.var_names)
    assert all((found.values(name) == expected[:, i]).all() for i, name in enumerate(found.names))


def test_own_columns_have_the_library_size_of_all_genes(written):
    job, prepared = written
    table = obs_columns(RunRecord(job.folder))
    assert list(table.index) == list(prepared.cells.obs_names)
    assert {"cell_type", "study", keys.N_COUNTS, keys.N_GENES} <= set(table.columns)
    assert not {keys.TRUE, keys.BATCH_COLUMN} & set(table.columns)
    assert (table[keys.N_COUNTS] >= np.asarray(prepared.cells.X.sum(1)).ravel()).all()
    assert isinstance(table["study"].dtype, pd.CategoricalDtype)


def test_models_never_see_the_own_columns(written):
    _, prepared = written
    assert set(prepared.cells.obs.columns) == {keys.BATCH, keys.LABEL}


def test_the_runs_of_a_comparison_share_the_files(written):
    job, prepared = written
    other = job_in(job.folder.parent, tiny_config("both", reference=TINY_BATCHES[:2], labelled_rate=0.5))
    write_expression(other, prepared)
    for name in (keys.EXPRESSION_FILES[2], keys.OBS_FILE):
        assert (other.folder / name).samefile(job.folder / name)


def test_other_genes_are_another_stage():
    config, context = in_context(tiny_config(reference=TINY_BATCHES[:2]))
    other, _ = in_context(tiny_config(reference=TINY_BATCHES[:1]))
    assert expression.expression_key(config, context) != expression.expression_key(other, context)


def test_files_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    (tmp_path / "one").write_text("text")

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    link(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_text() == "text"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def odd_columns(n: int = 6) -> dict[str, object]:
    return {
        "mixed": [1, "one", 2.5, None, (1, 2), "one"],
        "lists": [[1], [1], [2], [2], [1], [3]],
        "barcodes": [f"ACGT{i}" for i in range(n)],
        "flag": [True, False, True, True, False, False],
        "nothing": [None] * n,
        "day": pd.to_datetime(["2024-01-01", "2024-01-02"] * 3),
        "span": pd.to_timedelta([1, 2] * 3, unit="D"),
        "nullable": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "half": np.arange(n, dtype=np.float16),
        "complex": np.arange(n) // 2 * 1j,
        "ordered": pd.Categorical(["b", "a"] * 3, categories=["b", "a", "unused"], ordered=True),
        "numbers": pd.Categorical([3, 1] * 3),
        "cell": ["x", "y"] * 3,
        7: np.arange(n),
        "sparse": pd.arrays.SparseArray([0, 0, 1, 0, 0, 2]),
        "interval": pd.cut(pd.Series(range(n)), 2).to_numpy(),
    }


def test_odd_columns_become_text_or_numbers_and_never_fail(tmp_path):
    obs = pd.DataFrame(odd_columns(), index=[f"c{i}" for i in range(6)])
    found = plain_columns(obs)
    found.to_parquet(tmp_path / "obs.parquet")
    read = pd.read_parquet(tmp_path / "obs.parquet")
    assert not {"barcodes", "nothing"} & set(read.columns)
    assert set(read.columns) == {str(name) for name in obs.columns} - {"barcodes", "nothing", "cell"} | {"cell_in_file"}
    assert list(read["mixed"].cat.categories) == ["(1, 2)", "1", "2.5", "one"]
    assert read["mixed"].isna().tolist() == [False, False, False, True, False, False]
    assert read["flag"].tolist() == ["True", "False", "True", "True", "False", "False"]
    assert list(read["ordered"].cat.categories) == ["a", "b"]
    assert read["nullable"].dtype == np.float64
    assert read["half"].dtype == np.float32


def test_a_column_that_cannot_be_read_is_left_out_and_the_log_says_so(caplog):
    class Unreadable:
        def __str__(self):
            raise RuntimeError

    obs = pd.DataFrame({"bad": [Unreadable(), Unreadable(), None], "good": [1, 2, 3]})
    with caplog.at_level(logging.WARNING):
        assert list(plain_columns(obs).columns) == ["good"]
    assert "'bad'" in caplog.text


def test_at_most_sixty_columns_with_the_library_size_among_them():
    obs = pd.DataFrame({f"c{i}": [1, 2] for i in range(100)} | {keys.N_COUNTS: [3.0, 4.0], keys.N_GENES: [1, 2]})
    found = plain_columns(obs)
    assert len(found.columns) == MOST_COLUMNS
    assert {keys.N_COUNTS, keys.N_GENES} <= set(found.columns)
