"""A query's file with an annotation added to its copy: what is added, what stays, and what is refused."""

import subprocess
import sys
import warnings

import anndata as ad
import awkward
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo.errors import DataError
from semafo.runs.export import query_copy, query_file
from semafo.runs.export.query_copy import AddedItems
from tests.support.h5_contents import contents
from tests.support.small_disk import fill, small_disk

pytestmark = pytest.mark.filterwarnings("ignore:Support for Awkward Arrays")  # of the tests alone

N = 7
NAMES = ("obs/semafo_label", "obs/semafo_confidence", "obs/semafo_mapping_score", "obsm/X_scANVI", "uns/semafo")
TEXT = h5py.string_dtype()


def items(value=0.5):
    """What an annotation adds to N cells."""
    return AddedItems(
        obs={
            "semafo_label": pd.Categorical(["alpha", "unknown", *["beta"] * (N - 2)]),
            "semafo_confidence": np.full(N, value, np.float32),
        },
        obsm={"X_scANVI": np.full((N, 2), value, np.float32), "X_umap": np.zeros((N, 2), np.float32)},
        uns={"run_id": "scanvi-1", "umap_key": "X_umap"},
    )


def cells():
    counts = sparse.random(N, 5, 0.5, format="csr", random_state=0, dtype=np.float32)
    obs = pd.DataFrame(
        {"donor": pd.Categorical(["a", "b", *["c"] * (N - 2)]), "age": np.arange(N)},
        index=[f"cell {i}" for i in range(N)],
    )
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame({"symbol": list("VWXYZ")}, index=list("vwxyz")))


@pytest.fixture
def plain(tmp_path):
    """As today's AnnData writes it."""
    cells().write_h5ad(tmp_path / "plain.h5ad", compression="gzip")
    return tmp_path / "plain.h5ad"


def with_text_columns(path):
    adata = cells()
    adata.obs["comment"] = pd.array(["good", None, *["bad"] * (N - 2)], dtype="string")
    adata.obs.index = adata.obs.index.astype("string")
    with ad.settings.override(allow_write_nullable_strings=True):
        adata.write_h5ad(path)


def with_sequences(path):
    adata = cells()
    adata.obsm["receptors"] = awkward.Array([[{"locus": "TRB"}] * (i % 3) for i in range(N)])
    adata.write_h5ad(path)


def with_a_reserved_column(path):
    adata = cells()
    adata.raw = adata.copy()
    adata.write_h5ad(path)
    with h5py.File(path, "a") as file:
        for name in ("obs", "raw/var"):
            table = file[name]
            table.move("_index", "names")
            table["_index"] = table["names"][()]
            table.attrs["_index"] = "names"
            table.attrs["column-order"] = [*table.attrs["column-order"], "_index"]


def with_a_later_encoding(path):
    cells().write_h5ad(path)
    with h5py.File(path, "a") as file:
        for place in ("uns/later", "obsm/later"):
            file.create_group(place).attrs.update({"encoding-type": "of-another-time", "encoding-version": "9.0.0"})
        file["layers"].create_dataset("dense", data=np.ones((N, 5)), chunks=(2, 5), shuffle=True, compression="lzf")


def as_seurat_converters_write(path):
    """Codes, whose names are in a group of their own; neither obsm nor marks of single columns."""
    with h5py.File(path, "w") as file:
        for name, columns in (("obs", ["donor"]), ("var", [])):
            table = file.create_group(name)
            index = [f"{name} {i}" for i in range(N if name == "obs" else 5)]
            table.create_dataset("_index", data=np.array(index, dtype=object), dtype=TEXT)
            table.attrs.update({"_index": "_index", "encoding-type": "dataframe", "encoding-version": "0.1.0"})
            table.attrs["column-order"] = np.array(columns, dtype=TEXT if columns else "f8")
        file["obs/donor"] = np.arange(N, dtype="i4") % 2
        file["obs"].create_group("__categories").create_dataset("donor", data=["a", "b"], dtype=TEXT)
        file["obs/__categories"].create_dataset("semafo_label", data=["of another time"], dtype=TEXT)
        file["X"] = np.ones((N, 5))


LAYOUTS = {
    make.__name__: make
    for make in (
        *(with_text_columns, with_sequences, with_a_reserved_column, with_a_later_encoding),
        as_seurat_converters_write,
    )
}


@pytest.fixture(params=LAYOUTS)
def odd(request, tmp_path):
    """A file with something that this AnnData does not write, or not in that way."""
    path = tmp_path / "odd.h5ad"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        LAYOUTS[request.param](path)
    return path


def written(path, values=None, overwrite=False):
    query = query_file.look_at(path)
    out = path.with_name("out.h5ad")
    query_file.require_names(query, NAMES, overwrite)
    query_copy.require_room(query, out)
    query_copy.write_copy(query, out, values or items(), NAMES)
    return out


def read(path):
    """As AnnData reads it; None where it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ad.read_h5ad(path)
        except Exception:
            return None


def require_others_as_they_were(path, out):
    before, after = contents(path), contents(out)
    groups = {name: set(before[name][1]) for name in ("obs", "obsm", "uns") if name in before}
    for name, was in before.items():
        if name in groups:
            assert groups[name] <= set(after[name][1])
            now, was = ({k: v for k, v in found[0].items() if k != "column-order"} for found in (after[name], was))
            assert now == was, name
        elif "__categories" not in name:
            assert after[name] == was, name


def test_all_else_stays_as_it_was_to_the_byte(odd):
    untouched = odd.read_bytes()
    out = written(odd)
    assert odd.read_bytes() == untouched
    require_others_as_they_were(odd, out)
    with h5py.File(out) as file:
        order = list(file["obs"].attrs["column-order"])
        assert order[-2:] == ["semafo_label", "semafo_confidence"]
        assert list(ad.io.read_elem(file["obs/semafo_label"])) == list(items().obs["semafo_label"])
        assert "semafo_label" not in file["obs"].get("__categories", ())  # of a column that is there no more


def test_anndata_reads_what_it_could_read_before(odd, request):
    before, after = read(odd), read(written(odd))
    if with_a_later_encoding.__name__ in request.node.name:
        assert before is after is None
        return
    pd.testing.assert_frame_equal(after.obs[list(before.obs)], before.obs)
    assert list(after.obs["semafo_label"]) == list(items().obs["semafo_label"])
    assert (after.obs["semafo_confidence"] == 0.5).all()
    assert after.obsm["X_scANVI"].shape == (N, 2)
    assert after.uns["semafo"]["run_id"] == "scanvi-1"


def test_a_table_without_marks_reads_as_before(plain):
    with h5py.File(plain, "a") as file:
        del file["obs"].attrs["encoding-type"], file["obs"].attrs["encoding-version"]
        del file["obs"].attrs["column-order"]
    after = read(written(plain))
    assert list(after.obs["semafo_label"]) == list(items().obs["semafo_label"])


def as_anndata_of_2019_wrote(path):
    """Tables as compound data sets, and categories in uns."""
    with h5py.File(path, "w") as file:
        index = np.array([f"cell {i}" for i in range(N)], dtype="S10")
        obs = np.empty(N, [("index", "S10"), ("donor", "i1")])
        obs["index"], obs["donor"] = index, np.arange(N) % 2
        var = np.empty(5, [("index", "S10")])
        var["index"] = list("vwxyz")
        file["X"], file["obs"], file["var"] = np.ones((N, 5), np.float32), obs, var
        file.create_dataset("uns/donor_categories", data=np.array(["a", "b"], dtype=object), dtype=TEXT)
        file["obsm"] = np.zeros(N, [("X_pca", "f4", (3,))])


def test_a_file_of_2019_is_written_in_the_layout_of_today(tmp_path):
    path = tmp_path / "old.h5ad"
    as_anndata_of_2019_wrote(path)
    untouched, before = path.read_bytes(), read(path)
    after = read(written(path))
    assert path.read_bytes() == untouched
    assert list(after.obs["donor"]) == list(before.obs["donor"]) == ["a", "b"] * 3 + ["a"]
    assert list(after.obs["semafo_label"]) == list(items().obs["semafo_label"])
    assert set(after.obsm) == {"X_pca", "X_scANVI", "X_umap"}


def test_a_file_of_2019_that_cannot_be_written_anew_is_refused_before_the_run(tmp_path):
    path = tmp_path / "old.h5ad"
    as_anndata_of_2019_wrote(path)
    with h5py.File(path, "a") as file:
        file.move("uns/donor_categories", "uns/_index_categories")
        obs = file["obs"][()]
        del file["obs"]
        file["obs"] = obs.astype([("index", "S10"), ("_index", "i1")])
    query = query_file.look_at(path)
    with pytest.raises(DataError, match="reserved name"):
        query_copy.require_room(query, tmp_path / "out.h5ad")
    assert [found.name for found in tmp_path.iterdir()] == ["old.h5ad"]


def test_an_earlier_annotation_is_replaced_only_where_that_was_asked_for(plain):
    first = written(plain)
    first.rename(plain)
    with pytest.raises(DataError, match=r"obs/semafo_confidence, obs/semafo_label.* already.*--overwrite-items"):
        written(plain)
    assert query_file.look_at(plain).umap_key == "X_umap"  # the earlier annotation's own
    again = ad.read_h5ad(written(plain, items(0.25), overwrite=True))
    assert list(again.obs) == ["donor", "age", "semafo_label", "semafo_confidence"]
    assert (again.obs["semafo_confidence"] == 0.25).all()
    assert (again.obsm["X_scANVI"] == 0.25).all()


def test_what_the_new_annotation_lacks_does_not_stay_from_the_earlier_one(plain):
    values = items()
    values.obs["semafo_mapping_score"] = np.ones(N)
    written(plain, values).rename(plain)
    again = ad.read_h5ad(written(plain, overwrite=True))
    assert "semafo_mapping_score" not in again.obs


def test_a_map_of_the_querys_own_keeps_its_name(plain):
    with h5py.File(plain, "a") as file:
        file["obsm/X_umap"] = np.ones((N, 2))
    assert query_file.look_at(plain).umap_key == "X_umap_semafo"


@pytest.mark.parametrize("value", ["X_umap", {"umap_key": np.arange(3)}], ids=["no group", "no text"])
def test_a_place_in_uns_of_another_program_is_no_earlier_annotation(plain, value):
    with h5py.File(plain, "a") as file:
        file["obsm/X_umap"] = np.ones((N, 2))
        ad.io.write_elem(file["uns"], "semafo", value)
    query = query_file.look_at(plain)
    assert query.umap_key == "X_umap_semafo"
    with pytest.raises(DataError, match="uns/semafo already"):
        query_file.require_names(query, NAMES, overwrite=False)


def test_a_file_that_another_program_writes_has_its_own_sentence(plain):
    code = f"import h5py; file = h5py.File({str(plain)!r}, 'r+'); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataError, match="held by another program"):
            query_file.look_at(plain)
        holder.communicate(b"\n")


def test_an_index_of_one_of_the_names_is_never_replaced(plain):
    with h5py.File(plain, "a") as file:
        file["obs"].move("_index", "semafo_label")
        file["obs"].attrs["_index"] = "semafo_label"
    query = query_file.look_at(plain)
    with pytest.raises(DataError, match="names of the cells"):
        query_file.require_names(query, NAMES, overwrite=True)


def test_the_place_of_the_file_is_looked_at_first(plain, tmp_path):
    query_copy.require_place(tmp_path / "new.h5ad", [plain])
    for out, said in ((plain, "stays as it is"), (tmp_path / "new.h5", "does not end in .h5ad")):
        with pytest.raises(DataError, match=said):
            query_copy.require_place(out, [plain])
    (tmp_path / "link.h5ad").symlink_to(plain)
    with pytest.raises(DataError, match="stays as it is"):
        query_copy.require_place(tmp_path / "link.h5ad", [plain])
    assert {path.name for path in tmp_path.iterdir()} == {"plain.h5ad", "link.h5ad"}


def test_a_disk_without_room_is_said_before_and_leaves_nothing(plain, tmp_path):
    query = query_file.look_at(plain)
    with small_disk(tmp_path / "disk", "1m") as disk:
        fill(disk)
        with pytest.raises(DataError, match=r"needs .* kB, and the disk that holds .*disk has 0 B free"):
            query_copy.require_room(query, disk / "out.h5ad")
        with pytest.raises(OSError, match="No space left") as caught:
            query_copy.write_copy(query, disk / "out.h5ad", items(), NAMES)
        assert caught.value.filename == str(disk / "out.h5ad")
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_a_failure_keeps_the_file_that_was_there_and_is_one_sentence(plain, tmp_path):
    out = tmp_path / "out.h5ad"
    out.write_bytes(b"before")
    odd = items()
    odd.uns["odd"] = object()
    with pytest.raises(DataError, match=r"Nothing could be added to .*out.h5ad"):
        query_copy.write_copy(query_file.look_at(plain), out, odd, NAMES)
    assert out.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"plain.h5ad", "out.h5ad"}
