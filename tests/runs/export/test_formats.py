"""Finished runs as files to take away: each file is opened by those it is meant for."""

import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from semafo import keys
from semafo.data.splitting.label_mask import LabelMask
from semafo.errors import DataError, SettingsError
from semafo.runs.export import formats as export_formats
from semafo.runs.export import in_background as exports_in_background
from semafo.runs.export import script, script_steps
from semafo.runs.home import Home
from semafo.settings.run_config import RunConfig
from tests.support.exported import trained
from tests.support.tiny import TINY_BATCHES, tiny_config, wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home.at(tmp_path_factory.mktemp("exports") / "home")


@pytest.fixture(scope="module")
def runs(home):
    """In one stage scANVI and Both, by surgery SemafoVAE with a temperature."""
    surgery = tiny_config("semafo", reference=TINY_BATCHES[:2], calibration_share=0.2)
    return trained(home, [tiny_config("scanvi"), tiny_config("both"), surgery])


@pytest.fixture(scope="module")
def printed(runs, tmp_path_factory):
    """What three programs say, by name: two scripts and the code cells of a notebook, as a shell runs them."""
    folder = tmp_path_factory.mktemp("scripts")
    np.save(folder / "umap.npy", runs[1].array(keys.X_UMAP))
    code = [cell for cell in json.loads(script.as_notebook(runs[1]))["cells"] if cell["cell_type"] == "code"]
    same = 'import numpy\nassert (numpy.load("umap.npy") == adata.obsm["X_umap"]).all()'
    programs = {
        "one stage": script.as_script(runs[0]),
        "surgery": script.as_script(runs[2]),
        "notebook": "\n\n".join([*("".join(cell["source"]) for cell in code), same]),
    }
    for name, program in programs.items():
        (folder / f"{name}.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "MPLBACKEND": "Agg"}
    all_three = f"import runpy\nfor name in {list(programs)}:\n    print('#', name)\n    runpy.run_path(name + '.py')\n"
    arguments = {"capture_output": True, "text": True, "check": False, "env": environment, "cwd": folder}
    done = subprocess.run([sys.executable, "-c", all_three], **arguments)
    assert done.returncode == 0, done.stderr
    return dict(part.split("\n", 1) for part in done.stdout.removeprefix("# ").split("\n# "))


def require_own_numbers(record, said):
    """Both columns are the run's own numbers, to the last digit, and every cell has its type."""
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if len(line.split()) == 3}
    predictions = record.predictions()
    own = {**predictions["test"], **{name: predictions[name] for name in ("latent_scale", "label_gap")}}
    for name in script_steps.recorded_scores(record):
        assert rows[name] == [str(own[name])] * 2, name
    assert "those of the run, cell by cell" in said


@pytest.mark.parametrize(("name", "place"), [("one stage", 0), ("surgery", 2)])
def test_the_script_of_a_run_prints_the_runs_own_numbers(printed, runs, name, place):
    require_own_numbers(runs[place], printed[name])


def test_the_cells_of_the_notebook_print_the_runs_own_numbers_and_draw_its_umap(printed, runs):
    require_own_numbers(runs[1], printed["notebook"])


def test_a_notebook_has_what_its_format_asks_for(runs):
    notebook = json.loads(script.as_notebook(runs[2]))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    common = {"cell_type", "id", "metadata", "source"}
    for cell in cells:
        assert set(cell) == common | ({"outputs", "execution_count"} if cell["cell_type"] == "code" else set())
    headings = [cell["source"][0].strip() for cell in cells if cell["cell_type"] == "markdown"]
    assert headings[4:7] == ["## Stage 1: scVI", "## Stage 2: SemafoVAE", "## Stage 3: the query"]


def test_other_cells_than_the_runs_are_refused(runs):
    import semafo

    other = replace(runs[0].config.dataset, name="simulated:cells=240,genes=60,types=3,batches=3,seed=2")
    with pytest.raises(DataError, match="is not the data set that the run was trained on"):
        semafo.load_data(other, fingerprint=runs[0].settings["context"]["data"])
    mask, cells = LabelMask.of(runs[0].cells()), semafo.load_data(runs[0].config.dataset)
    with pytest.raises(DataError, match="label mask is of 240 cells"):
        semafo.prepare(cells[:-1], runs[0].config, mask)


def test_a_run_in_one_call_gives_the_runs_own_predictions(runs):
    import semafo

    found = semafo.train(runs[0].config)
    assert found.cells[keys.PREDICTED].equals(runs[0].cells()[keys.PREDICTED])
    assert found.scores["test"] == runs[0].predictions()["test"]
    np.testing.assert_array_equal(found.latent, runs[0].array(keys.X_SCANVI))


def test_a_surgery_in_one_call_gives_the_runs_own_mapping_scores(runs):
    import semafo

    found = semafo.train(runs[2].config)
    np.testing.assert_array_equal(found.cells[keys.MAPPING_SCORE], runs[2].cells()[keys.MAPPING_SCORE])
    assert found.scores["mapping"] == runs[2].predictions()["mapping"]


def test_a_mask_comes_back_from_its_text_and_a_damaged_one_is_refused(runs):
    mask = LabelMask.of(runs[2].cells())
    text = mask.encode()
    np.testing.assert_array_equal(LabelMask.decode(text).codes, mask.codes)
    for damaged in (text[:-9], text.replace("1:", "9:", 1), "", "1:2:3"):
        with pytest.raises(DataError, match="damaged"):
            LabelMask.decode(damaged)


def test_the_mask_says_the_runs_split(runs):
    from semafo.data.load import load

    for record in runs:
        split = LabelMask.of(record.cells()).split(load(record.config.dataset), record.config.split)
        own = record.cells()[[keys.TRUE, keys.BATCH_COLUMN, keys.ROLE, keys.PART]]
        assert split.cells.astype(str).equals(own.astype(str))
        assert split.summary()["n_labelled"] == record.split()["n_labelled"]


def written(home, records, name, tmp_path, kind=None):
    path = tmp_path / name
    asked = export_formats.find(home, [record.run_id for record in records])
    kind = export_formats.kind_of(path, kind)
    export_formats.require_possible(kind, asked, path)
    return path, export_formats.write(home, asked, kind, path)


def test_the_h5ad_opens_in_scanpy_and_shows_the_umap(home, runs, tmp_path):
    path, note = written(home, runs[:1], "cells.h5ad", tmp_path)
    assert note == ""
    matplotlib.use("Agg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy as sc

        adata = sc.read_h5ad(path)
        axes = sc.pl.umap(adata, color=[keys.PREDICTED, keys.CONFIDENCE, adata.var_names[0]], show=False)
    assert len(axes) == 3
    record = runs[0]
    np.testing.assert_array_equal(adata.obsm["X_umap"], record.array(keys.X_UMAP))
    np.testing.assert_array_equal(adata.obsm["X_scANVI"], record.array(keys.X_SCANVI))
    assert {"X_scVI", "X_pca"} <= set(adata.obsm)
    assert list(adata.obs[keys.PREDICTED]) == list(record.cells()[keys.PREDICTED])
    seen = adata.obs[keys.LABEL] != keys.UNLABELLED
    assert set(adata.obs.loc[seen, keys.PART]) == {keys.LABELLED}
    assert (adata.X.data == np.rint(adata.X.data)).all()
    described = adata.uns["semafo"]["runs"][record.run_id]
    assert RunConfig.from_dict(json.loads(described["settings"])) == record.config
    assert json.loads(described["scores"])["test"] == record.predictions()["test"]


def test_several_runs_stand_side_by_side_each_with_its_suffix(home, runs, tmp_path):
    import anndata as ad

    adata = ad.read_h5ad(written(home, runs, "all.h5ad", tmp_path)[0])
    slugs = ["scanvi", "both", "semafovae"]
    for record, slug in zip(runs, slugs, strict=True):
        np.testing.assert_array_equal(adata.obsm[f"X_umap_{slug}"], record.array(keys.X_UMAP))
        assert list(adata.obs[f"{keys.PART}_{slug}"]) == list(record.cells()[keys.PART])
    np.testing.assert_array_equal(adata.obs["mapping_score_semafovae"], runs[2].cells()[keys.MAPPING_SCORE])
    assert "mapping_score_scanvi" not in adata.obs
    np.testing.assert_array_equal(adata.obsm["X_umap"], adata.obsm["X_umap_scanvi"])
    assert set(adata.uns["semafo"]["runs"]) == set(slugs)
    assert "X_scVI_semafovae" in adata.obsm  # another scVI stage than that of the others
    assert "X_scVI_both" not in adata.obsm


def test_without_the_data_set_the_file_has_what_the_run_kept_and_says_so(home, runs, tmp_path, monkeypatch):
    import anndata as ad

    monkeypatch.setattr("semafo.data.catalogue.content_fingerprint", lambda spec: "another")
    path, note = written(home, runs[:1], "cells.h5ad", tmp_path)
    adata = ad.read_h5ad(path)
    assert "Without counts" in note
    assert "has changed" in adata.uns["semafo"]["note"]
    assert adata.n_obs == len(runs[0].cells())
    assert 0 < adata.X.max() < 10  # log-normalised
    with pytest.raises(DataError, match="has changed"):
        written(home, runs[:1], "model", tmp_path, export_formats.MODEL)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("place", [1, 2], ids=["one stage", "surgery"])
def test_the_model_folder_loads_with_its_cells_and_gives_the_runs_latent_space(home, runs, tmp_path, place):
    from semafo import SemafoVI

    record = runs[place]
    path, _ = written(home, [record], "model", tmp_path, export_formats.MODEL)
    assert {"model.pt", "adata.h5ad", "README.txt"} <= {file.name for file in path.iterdir()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SemafoVI.load(str(path), accelerator="cpu")
    own = record.array(record.config.mix.obsm_key)
    np.testing.assert_allclose(model.get_latent_representation(), own, atol=1e-5)
    np.testing.assert_array_equal(model.adata.obsm[record.config.mix.obsm_key], own)
    assert model.mix == record.config.mix
    hidden = (record.cells()[keys.PART] == keys.TEST).to_numpy()
    assert (model.predict()[hidden] == record.cells()[keys.PREDICTED].to_numpy()[hidden]).all()


def test_what_is_not_possible_is_said_before_any_time_is_spent(home, runs, tmp_path):
    asked = export_formats.find(home, [record.run_id for record in runs])
    with pytest.raises(SettingsError, match="This writes one run, and 3 were named"):
        export_formats.require_possible(export_formats.SCRIPT, asked, tmp_path / "all.py")
    export_formats.require_possible(export_formats.SCRIPT, asked, tmp_path / "all.zip")
    with pytest.raises(SettingsError, match="does not say what to write"):
        export_formats.kind_of(tmp_path / "all.txt", None)
    many = replace(asked, records=asked.records * 3)
    with pytest.raises(SettingsError, match="up to 6 runs"):
        export_formats.require_possible(export_formats.REPORT, many, tmp_path / "all.html")


def test_old_files_make_room_and_the_newest_stay(home):
    folders = [home.exports / name for name in ("old", "newer")]
    for age, folder in zip((300, 200), folders, strict=True):
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * 600)
        os.utime(folder, (1e9 - age, 1e9 - age))
    exports_in_background.clean(home, most_bytes=1000)
    assert [folder.exists() for folder in folders] == [False, True]


def test_a_file_that_somebody_stopped_did_not_fail(home, runs):
    assert exports_in_background.start(home, runs[:1], export_formats.CELLS)
    assert not exports_in_background.start(home, runs[:1], export_formats.CELLS)  # one at a time
    exports_in_background.stop(home)
    wait_for(lambda: not exports_in_background.under_way(home), 20)
    found = exports_in_background.prepared(home, runs[:1], export_formats.CELLS)
    assert (found.is_ready, found.error) == (False, None)


def test_scripts_and_notebooks_say_what_the_check_found(runs):
    record = runs[2]
    said = " ".join(record.warnings)
    assert said
    assert f"What the check found: {said}" in " ".join(script.as_script(record).split('"""')[1].split())
    (introduction, *_) = json.loads(script.as_notebook(record))["cells"]
    assert "What the check found" in "".join(introduction["source"])
