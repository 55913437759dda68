"""Files and folders of other formats: each is named, with what makes an .h5ad of it."""

import bz2
import gzip
import lzma
import os
import zipfile

import h5py
import numpy as np
import pytest

from tests.support.odd_files import COUNTS, GENES, OddFiles, few_cells

FILES = OddFiles()
TABLE = b"," + ",".join(GENES).encode() + b"\ncell0,1,2,3,4,5,6\n"
AN_R_OBJECT = "is an R object.*writeH5AD"


def holding(name, content):
    """A maker of a file of that name with these bytes."""

    def make(path):
        found = path.with_name(name)
        found.write_bytes(content)
        return found

    return make


def hdf5(name, **parts):
    """A maker of an HDF5 file of that name; keys are paths with two underscores for a slash."""

    def make(path):
        found = path.with_name(name)
        with h5py.File(found, "w") as file:
            for place, values in parts.items():
                file[place.replace("__", "/")] = values
        return found

    return make


def folder(name, inside):
    """A maker of a folder with an empty file in it."""

    def make(path):
        found = path.with_name(name)
        found.mkdir()
        (found / inside).touch()
        return found

    return make


CELL_RANGER = "is a matrix of Cell Ranger.*read_10x_h5"
NAMES = np.array([b"a", b"b"])
KINDS = {
    "a_muon_file_of_two_modalities": (
        hdf5("cells.h5mu", mod__rna__X=COUNTS, mod__prot__X=COUNTS, obs__x=NAMES, var__x=NAMES),
        r"several modalities \(MuData\): prot, rna.*\['prot'\]\.write_h5ad",
    ),
    "a_muon_file_with_the_ending_of_another": (hdf5("cells.h5ad", mod__atac__X=COUNTS), r"\(MuData\): atac\. Expected"),
    "a_muon_file_of_none": (hdf5("cells.h5ad", mod=NAMES[:0]), r"\(MuData\): none"),
    "the_matrix_of_cell_ranger": (hdf5("filtered.h5", matrix__barcodes=NAMES, matrix__data=NAMES), CELL_RANGER),
    "the_matrix_of_an_old_cell_ranger": (hdf5("old.h5", GRCh38__barcodes=NAMES, GRCh38__data=NAMES), CELL_RANGER),
    "a_loom_file": (
        hdf5("cells.loom", matrix=COUNTS, row_attrs__Gene=NAMES, col_attrs__CellID=NAMES),
        "is a loom file",
    ),
    "an_h5seurat_file": (
        hdf5("cells.h5Seurat", assays__RNA__counts=COUNTS, meta__data=NAMES, **{"meta.data": NAMES}),
        r"is an h5Seurat file.*SeuratDisk::Convert",
    ),
    "any_other_hdf5_file": (hdf5("model.h5", weights=NAMES), "is an HDF5 file with weights in it"),
    "an_hdf5_file_of_nothing": (hdf5("model.h5"), "is an HDF5 file with nothing in it"),
    "an_r_object": (holding("cells.rds", gzip.compress(b"X\n")), AN_R_OBJECT),
    "an_r_object_that_is_not_compressed": (holding("cells.RDS", b"X\n\0"), AN_R_OBJECT),
    "an_r_workspace_under_another_ending": (holding("cells.h5ad", b"RDX3\nX\n"), AN_R_OBJECT),
    "a_table_with_commas": (holding("counts.csv", TABLE), r"is a table of text.*read_csv"),
    "a_compressed_table": (holding("counts.tsv.gz", gzip.compress(TABLE)), r"is a table of text.*read_csv"),
    "a_matrix_market_file": (holding("matrix.mtx", b"%%MatrixMarket matrix"), "is a matrix without names"),
    "a_matrix_market_file_under_another_ending": (holding("a.h5ad", b"%%MatrixMarket matrix"), "without names"),
    "a_gzip_file": (holding("cells.h5ad.gz", gzip.compress(b"\x89HDF")), "compressed with gzip.*gunzip"),
    "a_bzip2_file": (holding("cells.h5ad.bz2", bz2.compress(b"\x89HDF")), "compressed with bzip2.*bunzip2"),
    "an_xz_file": (holding("cells.h5ad.xz", lzma.compress(b"\x89HDF")), "compressed with xz.*unxz"),
    "a_zstandard_file": (holding("cells.h5ad.zst", b"\x28\xb5\x2f\xfd..."), "compressed with Zstandard.*unzstd"),
    "a_web_page": (holding("cells.h5ad", b"\n<!DOCTYPE html><p>Sign in</p>"), "is a web page"),
    "a_pointer_of_git": (holding("cells.h5ad", b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    "plain_text": (holding("cells.h5ad", b"see the other folder\n"), "is no HDF5 file"),
    "an_empty_file": (holding("cells.h5ad", b""), r"is empty \(0 bytes\)"),
    "a_zarr_folder": (folder("cells.zarr", ".zgroup"), r"is a Zarr folder.*read_zarr"),
    "a_zarr_folder_of_the_third_version": (folder("cells.h5ad", "zarr.json"), r"is a Zarr folder.*read_zarr"),
    "a_folder_of_cell_ranger": (folder("filtered", "matrix.mtx.gz"), r"folder of Cell Ranger.*read_10x_mtx"),
    "a_folder": (folder("results", "cells.h5ad"), "is a folder. Expected an .h5ad file"),
}
for what, (maker, sentence) in KINDS.items():
    maker.__name__ = what
    FILES.refused(sentence)(maker)


@FILES.refused("is a zip archive")
def a_zip_archive(path):
    found = path.with_name("cells.zip")
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("cells.h5ad", b"")
    return found


@FILES.refused("is a device or a pipe")
def a_pipe(path):
    os.mkfifo(path)


@FILES.refused("There is no file")
def a_link_to_what_is_gone(path):
    path.symlink_to("gone.h5ad")


@FILES.refused("There is no file")
def nothing_at_all(path):
    return path


@FILES.refused("There is no file")
def a_path_through_a_file(path):
    path.write_bytes(b"")
    return path / "inside.h5ad"


@FILES.refused("cannot be read")
def a_name_that_is_too_long(path):
    return path.with_name("a" * 300 + ".h5ad")


@FILES.loads()
def an_h5ad_file_under_another_ending(path):
    few_cells().write_h5ad(path)
    return path.rename(path.with_name("cells.h5"))


@FILES.loads()
def an_h5ad_file_through_a_link(path):
    few_cells().write_h5ad(path.with_name("kept.h5ad"))
    path.symlink_to("kept.h5ad")


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_another_format_is_named_with_what_to_do(odd, tmp_path):
    odd.check(tmp_path)
