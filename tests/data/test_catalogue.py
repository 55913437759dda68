"""What can be chosen, and how a choice is made complete."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semafo.data import catalogue
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec


def test_every_entry_resolves_to_its_own_columns():
    for entry in catalogue.entries():
        spec = catalogue.resolve(DatasetSpec(entry.name))
        assert (spec.label_key, spec.batch_key) == (entry.label_key, entry.batch_key)


def test_a_chosen_column_is_kept():
    spec = catalogue.resolve(DatasetSpec("simulated", label_key="study", batch_key="cell_type"))
    assert (spec.label_key, spec.batch_key) == ("study", "cell_type")


def test_a_resolved_spec_resolves_to_itself(cells, save):
    for name in ("pbmc68k", " simulated:cells=400,genes=100 ", save(cells)):
        once = catalogue.resolve(DatasetSpec(name))
        assert catalogue.resolve(once) == once


def test_a_relative_path_becomes_absolute(cells, save, monkeypatch):
    path = Path(save(cells))
    monkeypatch.chdir(path.parent)
    assert catalogue.resolve(DatasetSpec(path.name)).name == str(path.resolve())


def test_an_unknown_name_names_the_known_ones():
    with pytest.raises(DataError, match=r"'pbmc3k'.*pbmc68k, simulated, simulated:pancreas-like.*\.h5ad"):
        catalogue.resolve(DatasetSpec("pbmc3k"))


def test_a_missing_file_is_named():
    with pytest.raises(DataError, match="There is no file nowhere"):
        catalogue.resolve(DatasetSpec("nowhere/cells.h5ad"))


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        catalogue.resolve(DatasetSpec(f"{tmp_path}/"))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"gene,cell\n1,2\n", "no HDF5 file"), (b"", "is empty"), (b"\x1f\x8b\x08\x00", "gunzip")],
)
def test_a_file_that_is_no_h5ad_is_refused(tmp_path, content, message):
    path = tmp_path / "table.h5ad"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        catalogue.resolve(DatasetSpec(str(path)))


def test_simulation_parameters_are_read_from_the_name():
    settings = catalogue.parse_simulation("simulated:cells=5000,genes=800,types=6,batches=3,seed=1")
    assert settings.n_cells == 5000
    assert (settings.n_genes, settings.n_types, len(settings.studies), settings.seed) == (800, 6, 3, 1)


def test_parameters_that_are_not_named_keep_their_default():
    changed, plain = catalogue.parse_simulation("simulated:seed=3"), catalogue.parse_simulation("simulated")
    assert changed.seed == 3
    assert (changed.studies, changed.n_genes, changed.n_types) == (plain.studies, plain.n_genes, plain.n_types)


def test_a_simulation_can_be_thinned_by_any_whole_number():
    full = catalogue.parse_simulation("simulated:pancreas-like")
    assert catalogue.parse_simulation("simulated:pancreas-like/1") == full
    assert dict(catalogue.parse_simulation("simulated:pancreas-like/8").studies) == {
        "Pancreas inDrop": 1049,
        "Pancreas CelSeq2": 303,
        "Pancreas CelSeq": 159,
        "Pancreas Fluidigm C1": 79,
        "Pancreas SS2": 370,
    }
    assert catalogue.parse_simulation("simulated:bone-marrow-like/7").n_types == 12


def test_a_thinned_simulation_is_no_file():
    spec = catalogue.resolve(DatasetSpec("simulated:bone-marrow-like/40"))
    assert (spec.label_key, spec.batch_key) == ("cell_type", "study")


@pytest.mark.parametrize(
    "name",
    [
        "simulated:pancreas-like/0",
        "simulated:pancreas-like/many",
        "simulated:pancreas-like/100",
        "simulated:pancreas-like/8/8",
        "simulated:liver-like/8",
        "simulated:cats=3",
        "simulated:cells=many",
        "simulated:cells=-5",
        "simulated:cells",
        "simulated:cells=10",
        "simulated:batches=0",
        "simulated:types=1",
        "simulated:genes=3",
        "pbmc68k",
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(name):
    with pytest.raises(DataError, match=r"[Ee]xpected|[Cc]hoose"):
        catalogue.parse_simulation(name)


def test_a_bad_simulation_is_refused_when_it_is_chosen():
    with pytest.raises(DataError, match="no parameter of a simulation"):
        catalogue.resolve(DatasetSpec("simulated:cats=3"))


def test_the_fingerprint_follows_the_content_and_not_the_name(cells, save):
    first, copy = save(cells, "a.h5ad"), save(cells, "b.h5ad")
    Path(copy).write_bytes(Path(first).read_bytes())
    before = catalogue.content_fingerprint(DatasetSpec(first))
    assert catalogue.content_fingerprint(DatasetSpec(copy)) == before
    Path(first).write_bytes(Path(first).read_bytes() + b"more")
    assert catalogue.content_fingerprint(DatasetSpec(first)) != before


def test_an_unchanged_file_is_hashed_once(cells, save):
    spec = DatasetSpec(save(cells))
    catalogue.content_fingerprint(spec)
    misses = catalogue._digest.cache_info().misses
    catalogue.content_fingerprint(spec)
    assert catalogue._digest.cache_info().misses == misses


def test_simulations_that_are_the_same_have_the_same_fingerprint():
    prints = [
        catalogue.content_fingerprint(DatasetSpec(name))
        for name in ("simulated", "simulated:cells=2000", "simulated:seed=1", "simulated:pancreas-like")
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_the_catalogue_loads_no_heavy_library():
    program = (
        "import sys; from semafo.data import catalogue; from semafo.data.splitting.split import make_split; "
        "from semafo.data.reading.preflight import columns; from semafo.settings.run_config import DatasetSpec; "
        "catalogue.content_fingerprint(DatasetSpec()); "
        "print([m for m in ('anndata', 'scanpy', 'torch', 'scipy', 'h5py') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.strip() == "[]"


def test_simulations_keep_the_fingerprint_that_finished_runs_have():
    """A change here throws finished runs and stages away: change the simulator's version with it, on purpose."""
    assert catalogue.content_fingerprint(DatasetSpec("simulated")).startswith("5a055c02c5e1")
