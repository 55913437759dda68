"""Files that are held, unfinished, closed to us or damaged: only damage is called damage."""

import errno
import fcntl
import shutil
from pathlib import Path

import h5py
import pytest

from semafo.data.hdf5.opening import troubles_reported
from semafo.data.reading.preflight import columns, preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec
from tests.support.odd_files import OddFiles, edited, few_cells

FILES = OddFiles()
DAMAGED = "is damaged or incomplete. Expected a whole .h5ad file: copy or download it again. What reading it said: .+"


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "cells.h5ad"
    few_cells().write_h5ad(found)
    return found


def test_a_file_that_another_program_writes_is_held(path):
    with path.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for read in (columns, lambda name: preflight(DatasetSpec(name, "cell_type", "donor"))):
            with pytest.raises(DataError, match=r"cells\.h5ad is held by another program.* use the copy"):
                read(str(path))
    columns(str(path))


@FILES.refused("was never closed by the program that writes it")
def a_copy_of_a_file_that_is_being_written(path):
    written = path.with_name("written.h5ad")
    few_cells().write_h5ad(path.with_name("whole.h5ad"))
    with h5py.File(path.with_name("whole.h5ad")) as whole, h5py.File(written, "w", libver="latest") as file:
        for name in whole:
            whole.copy(name, file)
        file.flush()
        shutil.copy(written, path)


def cut(share):
    def make(path):
        few_cells().write_h5ad(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return make


for share in (0.001, 0.5, 0.99):
    maker = cut(share)
    maker.__name__ = f"a_download_that_stopped_at_{share:.1%}"
    FILES.refused(DAMAGED)(maker)


@FILES.refused(DAMAGED)
def a_copy_with_zeros_in_its_middle(path):
    few_cells().write_h5ad(path)
    content = bytearray(path.read_bytes())
    content[600:4000] = bytes(3400)
    path.write_bytes(content)


@FILES.refused(DAMAGED)
def compressed_values_that_are_garbled(path):
    with edited(path) as file:
        values = file["X/data"][()]
        del file["X/data"]
        garbled = file["X"].create_dataset("data", values.shape, "f4", chunks=values.shape, compression="gzip")
        garbled.id.write_direct_chunk((0,), b"no deflated block", 0)


@FILES.refused("cannot be used: 'X' in it is a link to somewhere else")
def a_matrix_that_is_a_link(path):
    with edited(path) as file:
        del file["X"]
        file["X"] = h5py.ExternalLink("other.h5", "/X")


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_a_file_that_is_not_whole_says_why(odd, tmp_path):
    odd.check(tmp_path)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.EACCES, r"cells\.h5ad cannot be read: this user has no permission"),
        (errno.ENOENT, r"cells\.h5ad is not there any more"),
    ],
)
def test_what_the_system_refuses_is_no_damage(code, sentence):
    with pytest.raises(DataError, match=sentence), troubles_reported(Path("cells.h5ad")):
        raise OSError(code, "as h5py says it")


def test_a_shortage_of_memory_is_no_damage():
    with pytest.raises(MemoryError), troubles_reported(Path("cells.h5ad")):
        raise OSError("Can't allocate memory for chunk")
