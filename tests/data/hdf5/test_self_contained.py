"""Files that would have the reader look elsewhere, or make room for what is not there."""

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo.data.hdf5.self_contained import require_self_contained
from semafo.data.reading.preflight import columns
from semafo.data.reading.sources import open_source, read_file
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

SECRET = b"key-of-the-home\n" * 4
N = len(SECRET) // 16


@pytest.fixture
def path(tmp_path):
    """A whole file of four cells and three genes."""
    obs = pd.DataFrame({"cell_type": ["a", "b", "a", "b"]}, index=[f"c{i}" for i in range(4)])
    adata = ad.AnnData(sparse.csr_matrix(np.arange(12.0).reshape(4, 3)), obs=obs)
    adata.layers["dense"] = np.ones((4, 3), dtype=np.float32)
    found = tmp_path / "cells.h5ad"
    adata.write_h5ad(found)
    return found


@pytest.fixture
def secret(tmp_path):
    """What nobody but the machine's owner may read."""
    found = tmp_path / "secret.txt"
    found.write_bytes(SECRET)
    return found


def external_storage(file, secret):
    del file["obs/cell_type"]
    shown = file["obs"].create_dataset("cell_type", (N,), dtype="S16", external=[(str(secret), 0, len(SECRET))])
    shown.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def virtual_data_set(file, secret):
    other = secret.with_suffix(".h5")
    with h5py.File(other, "w") as hidden:
        hidden["names"] = np.array([SECRET[:16]] * N)
    layout = h5py.VirtualLayout((N,), dtype="S16")
    layout[:] = h5py.VirtualSource(str(other), "names", shape=(N,))
    del file["obs/cell_type"]
    file["obs"].create_virtual_dataset("cell_type", layout)


def external_link(file, secret):
    other = secret.with_suffix(".h5")
    with h5py.File(other, "w") as hidden:
        hidden["names"] = np.array([SECRET[:16]] * N)
    del file["obs/cell_type"]
    file["obs/cell_type"] = h5py.ExternalLink(str(other), "/names")


def soft_link(file, secret):
    del file["obs/cell_type"]
    file["obs/cell_type"] = h5py.SoftLink("/obs/_index")


def soft_link_in_a_circle(file, secret):
    file["uns/round"] = h5py.SoftLink("/uns")


def external_link_deep_in_what_is_not_read(file, secret):
    file["uns/deep/er"] = h5py.ExternalLink("/etc/passwd", "/")


def a_matrix_that_lies_elsewhere(file, secret):
    del file["layers/dense"]
    file["layers"].create_dataset("dense", (4, 3), dtype="f4", external=[(str(secret), 0, 48)])


WAYS_OUT = [
    external_storage,
    virtual_data_set,
    external_link,
    soft_link,
    soft_link_in_a_circle,
    external_link_deep_in_what_is_not_read,
    a_matrix_that_lies_elsewhere,
]


def read_by_preflight(path):
    columns(str(path))


def read_whole(path):
    read_file(path)


def read_for_training(path):
    with open_source(DatasetSpec(str(path), "cell_type")) as source:
        source.matrices["X"].read()


@pytest.mark.parametrize("read", [read_by_preflight, read_whole, read_for_training])
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_no_reader_follows_a_file_that_leads_elsewhere(path, secret, way_out, read):
    with h5py.File(path, "a") as file:
        way_out(file, secret)
    with pytest.raises(DataError, match=r"cells\.h5ad cannot be used") as refusal:
        read(path)
    assert "key-of" not in str(refusal.value)


@pytest.mark.parametrize("read", [read_by_preflight, read_whole, read_for_training])
def test_a_whole_file_is_read(path, read):
    read(path)


@pytest.mark.parametrize("place", ["/", "uns"])
def test_hard_links_in_a_circle_are_refused(path, place):
    with h5py.File(path, "a") as file:
        file["uns/again"] = file[place]
    with pytest.raises(DataError, match="'uns/again' in it is a group that leads back to itself"):
        require_self_contained(path)


def test_a_group_may_have_two_names(path):
    with h5py.File(path, "a") as file:
        file["layers/again"] = file["X"]
    require_self_contained(path)
    read_whole(path)


def test_ways_that_double_at_every_step_are_refused(path):
    with h5py.File(path, "a") as file:
        group = file["uns"]
        for _ in range(40):
            below = group.create_group("left")
            group["right"] = below
            group = below
    with pytest.raises(DataError, match="holds more than 100,000"):
        require_self_contained(path)


def test_groups_that_are_nested_for_ever_are_refused(path):
    with h5py.File(path, "a") as file:
        group = file["uns"]
        for _ in range(2000):
            group = group.create_group("d")
    with pytest.raises(DataError, match="lies more than 100 groups deep"):
        require_self_contained(path)


def empty_and_huge(file):
    file.create_dataset("layers/none", (10**6, 10**4), dtype="f4", chunks=(1000, 1000), compression="gzip")


def never_written(file):
    del file["layers/dense"]
    file.create_dataset("layers/dense", (10**9, 40), dtype="f8")


@pytest.mark.parametrize("make", [empty_and_huge, never_written])
def test_a_declared_size_that_is_not_stored_is_refused(path, make):
    with h5py.File(path, "a") as file:
        make(file)
    with pytest.raises(DataError, match="are stored"):
        require_self_contained(path)


@pytest.mark.parametrize("shape", [(10**9, 3), (4, 10**9), (4, 2)])
def test_a_sparse_matrix_of_another_shape_than_its_tables_is_refused(path, shape):
    with h5py.File(path, "a") as file:
        file["X"].attrs["shape"] = np.array(shape)
    with pytest.raises(DataError, match="does not fit together"):
        read_by_preflight(path)
