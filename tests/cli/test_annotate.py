"""`semafo annotate` and `semafo save`, in this process: the work of the engine is done by hand."""

import json
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import sparse

from semafo import keys
from semafo.cli import annotate as cli_annotate
from semafo.cli.main import cli
from semafo.files import write_json
from semafo.runs.background.preflight import Inspection
from semafo.runs.export import annotated_file, annotated_query
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers.work import SCORE, TRAIN, work
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training.artefacts.annotation_markers import marker_table
from tests.support import fakes

CELLS = "simulated:cells=240,genes=60,types=3,batches=3,seed=1"
REFERENCE = "Pancreas inDrop"
EPOCHS = ("--epochs-pretrain", "2", "--epochs-reference", "2", "--epochs-query", "2")
TRAIN_SETTINGS = TrainSettings(epochs_pretrain=2, epochs_reference=2, epochs_query=2)


def run_all(home):
    """Do what the engine would do with every run that waits."""
    for folder in home.runs.iterdir():
        record = RunRecord(folder)
        if record.state == keys.QUEUED:
            outcomes = [work(str(folder), str(home.cache), half) for half in (TRAIN, SCORE)]
            assert {outcome.state for outcome in outcomes} == {keys.DONE}, outcomes
            write_json(folder / keys.STATUS_FILE, {**record.status, "state": keys.DONE})


def semafo(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """reference.h5ad and query.h5ad of one simulation, the query without labels."""
    folder = tmp_path_factory.mktemp("annotate")
    assert semafo("save", CELLS, "--batch", REFERENCE, "--out", folder / "reference.h5ad").exit_code == 0
    others = ("--batch", "Pancreas CelSeq,Pancreas CelSeq2", "--without-labels")
    assert semafo("save", CELLS, *others, "--out", folder / "query.h5ad").exit_code == 0
    return folder


@pytest.fixture(scope="module")
def query(folder):
    """A query with content of its own, a cell without counts among it."""
    adata = ad.read_h5ad(folder / "query.h5ad")
    adata.obs["note"] = np.arange(adata.n_obs)
    adata.obsm["X_umap"] = np.zeros((adata.n_obs, 2))
    adata.layers["twice"] = adata.X * 2
    counts = adata.X.tolil()
    counts[5] = 0
    adata.X = counts.tocsr()
    adata.write_h5ad(folder / "own.h5ad")
    return adata


@pytest.fixture(scope="module")
def home(folder):
    return Home.at(folder / "home")


@pytest.fixture(scope="module")
def annotated(folder, query, home):
    """The command's output and its file, for the query with content of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli_annotate, "ensure_engine", run_all)
        for name in ("score", "score_classifiers"):  # both cost time, and neither matters here
            patch.setattr(f"semafo.training.pipeline.{name}", lambda job: None)
        arguments = ["--reference", folder / "reference.h5ad", "--query", folder / "own.h5ad", *EPOCHS]
        columns = ["--label-key", "cell_type", "--batch-key", "study", "--home", home.path]
        out = folder / "annotated.h5ad"
        said = semafo("annotate", *arguments, *columns, "--out", out)
        assert said.exit_code == 0, said.output
        threshold = np.nanmedian(ad.read_h5ad(out).obs[annotated_query.CONFIDENCE].to_numpy(float))
        again = ["--out", out, "--threshold", threshold, "--force", "--json"]
        as_json = semafo("annotate", *arguments, *columns, *again)  # trains nothing: the home has the run
    return said, json.loads(as_json.stdout), ad.read_h5ad(folder / "annotated.h5ad")


def test_the_file_keeps_everything_and_gets_predictions_beside_it(query, annotated):
    _, found, adata = annotated
    assert list(adata.obs_names) == list(query.obs_names)
    assert list(adata.obs["note"]) == list(query.obs["note"])
    assert (adata.obsm["X_umap"] == 0).all()
    assert (adata.layers["twice"] != query.layers["twice"]).nnz == 0
    predicted = adata.obs[annotated_query.PREDICTION]
    assert list(np.flatnonzero(predicted.isna())) == [5]
    assert np.isnan(adata.obsm["X_scANVI"][5]).all()
    assert np.isfinite(np.delete(adata.obsm["X_scANVI"], 5, axis=0)).all()
    assert adata.obsm["X_umap_semafo"].shape == (adata.n_obs, 2)
    assert adata.uns["semafo"]["run_id"] == found["run_id"]
    assert adata.uns["semafo"]["settings"]["dataset"]["label_key"] == "cell_type"
    assert adata.uns["semafo"]["umap_key"] == "X_umap_semafo"


def test_cells_below_the_threshold_are_unknown(annotated):
    _, found, adata = annotated
    confidence = adata.obs[annotated_query.CONFIDENCE].to_numpy()
    label = adata.obs[annotated_query.LABEL].astype(str).to_numpy()
    below = ~(confidence >= found["threshold"])
    assert 0 < below.sum() < len(below)
    assert set(label[below]) == {"unknown"}
    assert (label[~below] == adata.obs[annotated_query.PREDICTION].astype(object)[~below]).all()
    assert found["n_unknown"] == below.sum() - 1  # the cell without counts is no cell of the run
    assert sum(found["n_by_label"].values()) == found["n_query"]


def test_nothing_is_scored_where_there_is_no_truth(annotated):
    said, found, _ = annotated
    assert found["scores"] is None
    assert "ccuracy" not in said.stdout
    assert "The query has all 60 genes that the model reads" in said.stdout


def test_it_is_said_how_many_cells_lie_beyond_the_reference(home, annotated):
    said, found, _ = annotated
    mapping, cells = found["mapping"], RunRecord(home.runs / found["run_id"]).cells()
    n_beyond = int((cells[keys.MAPPING_SCORE] < mapping["threshold"]).sum())
    assert (mapping["n_beyond"], mapping["n_query"]) == (n_beyond, found["n_query"])
    assert f"({n_beyond} of {found['n_query']}) lie beyond the reference (mapping score below 0.05)" in said.stdout


def test_the_markers_of_the_predicted_types_come_with_the_run(home, annotated):
    markers = RunRecord(home.runs / annotated[1]["run_id"]).markers()
    shape = (len(markers["types"]), len(markers["genes"]))
    assert shape[1] == len(set(markers["genes"]))
    assert np.shape(markers["mean"]) == np.shape(markers["share"]) == shape
    assert sum(markers["n"]) == annotated[1]["n_query"]
    assert markers["overlap"]["n_hvg"] == markers["overlap"]["n_hvg_shared"] == 60


def test_two_files_give_what_one_file_gives(folder, tmp_path):
    """Reference and query in one file, the query's labels all hidden: the same run, bit for bit."""
    mix = Mix.parse("both")
    two = DatasetSpec(str(folder / "reference.h5ad"), "cell_type", "study", query=str(folder / "query.h5ad"))
    home = Home.at(tmp_path / "home")
    (config,) = annotated_query.configs(home, two, [mix], [TRAIN_SETTINGS])
    split = SplitSettings(reference=(REFERENCE,), labelled_rate=0.0)
    joint = RunConfig(DatasetSpec(CELLS), split, mix, TRAIN_SETTINGS)
    records = [RunRecord(home.runs / run_id) for run_id in store.submit(home, [config, joint])]
    for record in records:
        outcome = work(str(record.folder), str(home.cache), TRAIN)
        assert outcome.state == keys.DONE, outcome.reason
    first, second = records
    assert (first.folder / keys.WEIGHTS_FILE).read_bytes() == (second.folder / keys.WEIGHTS_FILE).read_bytes()
    mine, whole = first.cells(), second.cells().loc[first.cells().index]
    pd.testing.assert_frame_equal(
        mine[[keys.PREDICTED, keys.CONFIDENCE]], whole[[keys.PREDICTED, keys.CONFIDENCE]], check_exact=True
    )


def test_an_existing_file_is_kept(folder):
    before = (folder / "query.h5ad").read_bytes()
    said = semafo("save", CELLS, "--out", folder / "query.h5ad")
    assert said.exit_code == 2
    assert "--force" in said.stderr
    wrong = ("--reference", folder / "reference.h5ad", "--query", folder / "own.h5ad")
    assert "--force" in semafo("annotate", *wrong, "--out", folder / "query.h5ad").stderr
    assert (folder / "query.h5ad").read_bytes() == before


def test_save_writes_the_batches_that_were_asked_for(folder, tmp_path):
    adata = ad.read_h5ad(folder / "query.h5ad")
    assert set(adata.obs["study"]) == {"Pancreas CelSeq", "Pancreas CelSeq2"}
    assert "cell_type" not in adata.obs
    refused = semafo("save", CELLS, "--batch", "nowhere", "--out", tmp_path / "x.h5ad")
    assert refused.exit_code == 2
    assert "Pancreas inDrop" in refused.stderr
    assert "a file already" in semafo("save", folder / "query.h5ad", "--out", tmp_path / "x.h5ad").stderr


def test_what_cannot_be_written_is_refused_before_anything_is_trained(folder, home, annotated, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_annotate, "rehearse", lambda home, config: 1 / 0)
    earlier, reference = folder / "annotated.h5ad", folder / "reference.h5ad"
    columns = ("--label-key", "cell_type", "--batch-key", "study", "--home", home.path)
    given = ("annotate", "--reference", reference, "--query", earlier, *columns, *EPOCHS)
    said = semafo(*given, "--out", tmp_path / "again.h5ad")
    assert said.exit_code == 2
    names = ("obs/semafo_label", "obs/semafo_prediction", "obsm/X_scANVI", "obsm/X_umap_semafo", "uns/semafo")
    assert all(name in said.stderr for name in (*names, "--overwrite-items"))
    with pytest.raises(ZeroDivisionError):
        semafo(*given, "--out", tmp_path / "again.h5ad", "--overwrite-items")
    for out in (earlier, reference):
        said = semafo(*given, "--out", out, "--force", "--overwrite-items")
        assert (said.exit_code, "stays as it is" in said.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_annotation_is_replaced(folder, home, annotated, tmp_path):
    record = RunRecord(home.runs / annotated[1]["run_id"])
    earlier = replace(record.config, dataset=replace(record.config.dataset, query=str(folder / "annotated.h5ad")))
    annotated_file.require_writable(earlier, tmp_path / "again.h5ad", overwrite=True)
    with pytest.raises(annotated_query.DataError, match="obs/semafo_confidence"):
        annotated_file.require_writable(earlier, tmp_path / "again.h5ad")


def test_what_the_runs_table_says_of_each_cell_comes_along(home, annotated, tmp_path, monkeypatch):
    record = RunRecord(home.runs / annotated[1]["run_id"])
    cells = record.cells()
    cells[keys.MODEL_COUNTS], cells[keys.MAPPING_SCORE] = 100 + np.arange(len(cells)), np.linspace(0, 1, len(cells))
    monkeypatch.setattr(RunRecord, "cells", lambda self: cells.copy())
    annotated_file.write_query(home, record, tmp_path / "out.h5ad")
    obs = ad.read_h5ad(tmp_path / "out.h5ad").obs
    query = cells[cells[keys.ROLE] == keys.QUERY]
    for name, column in (
        ("semafo_mapping_score", keys.MAPPING_SCORE),
        ("semafo_counts_in_model_genes", keys.MODEL_COUNTS),
    ):
        assert list(np.flatnonzero(obs[name].isna())) == [5]
        np.testing.assert_allclose(obs[name].drop(obs.index[5]), query[column], rtol=1e-6)


def test_a_built_in_query_is_written_as_before(tmp_path, monkeypatch):
    home = Home.at(tmp_path / "home")
    record = fakes.finished(home, fakes.ANNOTATED)
    cells = record.cells()
    places = cells.assign(**{keys.ROW: np.arange(len(cells)) % 1400})
    monkeypatch.setattr(annotated_file, "inspect", lambda home, spec: Inspection({}, places))
    monkeypatch.setattr(annotated_file.catalogue, "content_fingerprint", lambda spec: "d")
    annotated_file.require_writable(record.config, tmp_path / "out.h5ad")
    annotated_file.write_query(home, record, tmp_path / "out.h5ad")
    adata = ad.read_h5ad(tmp_path / "out.h5ad")
    assert adata.n_obs == 1400
    assert adata.uns["semafo"]["run_id"] == record.run_id
    assert {"semafo_prediction", "semafo_label", "semafo_confidence"} <= set(adata.obs)
    assert {"X_umap", record.config.mix.obsm_key} <= set(adata.obsm)


def test_a_query_that_changed_since_is_not_written(folder, home, annotated, tmp_path):
    record = RunRecord(home.runs / annotated[1]["run_id"])
    settings = {**record.settings, "context": {**record.settings["context"], "data": "other"}}
    write_json(tmp_path / keys.CONFIG_FILE, settings)
    with pytest.raises(annotated_query.DataError, match="has changed since"):
        annotated_file.write_query(home, RunRecord(tmp_path), tmp_path / "out.h5ad")


def test_the_command_line_of_a_run_gives_the_run_back(folder, home, annotated, monkeypatch):
    config = RunRecord(home.runs / annotated[1]["run_id"]).config
    line = annotated_query.command_line(config, "Q.h5ad", 0.6)
    given = []
    monkeypatch.setattr(cli_annotate, "rehearse", lambda home, config: given.append(config) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        semafo(*line.split()[3:], "--home", home.path)
    assert given == [config]
    seeds = replace(config.train, seed=3)
    assert "--overwrite-items" not in line
    assert annotated_query.command_line(config, "Q.h5ad", 0.6, True) == f"{line} --overwrite-items"
    assert "--seed 3" in annotated_query.command_line(replace(config, train=seeds), "Q.h5ad")


def test_markers_are_what_a_type_has_and_the_others_lack():
    rng = np.random.default_rng(0)
    names = pd.Series(np.repeat(["a", "b", "few"], [40, 20, 3]))
    counts = rng.poisson(1.0, (63, 30)).astype(np.float32)
    counts[:40, 4] += 5
    counts[40:60, 9] += 5
    logged = sparse.csr_matrix(np.log1p(counts))
    found = marker_table(logged, [f"g{i}" for i in range(30)], names)
    assert found["types"] == ["a", "b", "few"]
    assert found["n"] == [40, 20, 3]
    assert found["genes"][0] == "g4"
    assert "g9" in found["genes"][3:]
    place = found["genes"].index("g9")
    assert found["mean"][1][place] > found["mean"][0][place] + 0.5
    assert all(0 <= share <= 1 for row in found["share"] for share in row)
    alone = marker_table(logged, [f"g{i}" for i in range(30)], pd.Series(["a"] * 63))
    assert (alone["types"], alone["genes"], alone["mean"]) == (["a"], [], [[]])
