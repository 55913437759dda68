"""Files that are no .h5ad: what each is, and how to make an .h5ad of it.

Light: read by the catalogue, before any library of data is loaded.
"""

import stat
from pathlib import Path
from typing import Any

from semafo import inert
from semafo.errors import DataError

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512, 1024, 2048)  # a user block may come before the signature
_AS_WRITTEN = "as written by AnnData's write_h5ad."
_EXPECTED = f"Expected an .h5ad file, {_AS_WRITTEN}"
_HERE = "Give the path of an .h5ad file on the machine that runs Semafo."
_ADD_LABELS = "add labels to obs, and write it with write_h5ad."
_R_OBJECT = (
    "is an R object. Write it as .h5ad in R, for example with zellkonverter's writeH5AD and, for Seurat, "
    "as.SingleCellExperiment before it."
)
_TABLE = (
    "is a table of text. Read it in Python with anndata.io.read_csv (cells as rows, counts as whole numbers), "
    f"{_ADD_LABELS}"
)
_MATRIX_MARKET = f"is a matrix without names. Read it with its names by scanpy.read_10x_mtx, {_ADD_LABELS}"
_WEB_PAGE = "is a web page, not the file itself: the download went wrong. Download the file again."
_GIT_POINTER = "only points to a file in Git LFS. Fetch the file itself with `git lfs pull`."
_BY_ENDING = {
    **dict.fromkeys((".rds", ".rdata", ".rda", ".qs", ".qs2"), _R_OBJECT),
    **dict.fromkeys((".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), _TABLE),
    **dict.fromkeys((".mtx", ".mtx.gz"), _MATRIX_MARKET),
}
_BY_START = (
    (b"\x1f\x8b", "is compressed with gzip. Unpack it first (gunzip)."),
    (b"PK\x03\x04", "is a zip archive. Unpack it first (unzip), and give the .h5ad file in it."),
    (b"BZh", "is compressed with bzip2. Unpack it first (bunzip2)."),
    (b"\xfd7zXZ", "is compressed with xz. Unpack it first (unxz)."),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard as a whole. Unpack it first (unzstd)."),
    (b"RDX", _R_OBJECT),
    (b"%%MatrixMarket", _MATRIX_MARKET),
    (b"version https://git-lfs", _GIT_POINTER),
    (b"<!doctype html", _WEB_PAGE),
    (b"<html", _WEB_PAGE),
)


def checked_path(name: str) -> Path:
    """The full path of a file that looks like HDF5. Raises DataError where it is anything else."""
    try:
        path = Path(name).expanduser()
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise DataError(f"{path} {_kind_of_folder(path)}")
        if not stat.S_ISREG(kind):
            raise DataError(f"{path} is a device or a pipe, not a file that can be read twice. {_HERE}")
        with path.open("rb") as stream:
            start = stream.read(max(_HDF5_OFFSETS) + len(_HDF5_SIGNATURE))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There is no file {path}. {_HERE}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Check its permissions.") from error
    except (ValueError, RuntimeError) as error:  # a zero byte in the name, or the home of nobody
        raise DataError(f"{name!r} is no path of a file ({error}). {_HERE}") from error
    if not any(start[offset:].startswith(_HDF5_SIGNATURE) for offset in _HDF5_OFFSETS):
        raise DataError(f"{path} {_kind_of_file(path, start)} {_EXPECTED}")
    return path.resolve()


def require_h5ad(file: Any, path: Path) -> None:
    """Raise DataError unless an open HDF5 file has the tables of an .h5ad."""
    names = set(file)
    if "mod" in names:
        modalities = [inert.visible(name)[:80] for name in file["mod"]] or ["none"]
        raise DataError(
            f"{path} holds several modalities (MuData): {', '.join(modalities)[:200]}. Expected an .h5ad "
            f"file of one: write it with mudata.read(...)[{modalities[0]!r}].write_h5ad(...)."
        )
    if {"obs", "var"} <= names:
        return
    raise DataError(f"{path} {_kind_of_hdf5(file, names)}")


def _kind_of_hdf5(file: Any, names: set[str]) -> str:
    if any(hasattr(group, "keys") and "barcodes" in group for group in file.values()):
        return f"is a matrix of Cell Ranger (10x), without labels. Read it with scanpy.read_10x_h5, {_ADD_LABELS}"
    if {"row_attrs", "col_attrs"} <= names:
        return "is a loom file. Read it with anndata.io.read_loom, and write it with write_h5ad."
    if {"assays", "meta.data"} <= names:
        return 'is an h5Seurat file. Convert it in R with SeuratDisk::Convert(file, dest = "h5ad").'
    found = inert.visible(", ".join(sorted(names)))[:200] or "nothing"
    return f"is an HDF5 file with {found} in it. Expected an .h5ad file, with obs, var and X, {_AS_WRITTEN}"


def _kind_of_folder(path: Path) -> str:
    if any((path / name).exists() for name in (".zattrs", ".zgroup", "zarr.json")):
        return "is a Zarr folder. Read it with anndata.io.read_zarr, and write it with write_h5ad."
    if any((path / name).exists() for name in ("matrix.mtx", "matrix.mtx.gz")):
        return f"is a folder of Cell Ranger (10x). Read it with scanpy.read_10x_mtx, {_ADD_LABELS}"
    return "is a folder. Expected an .h5ad file: give its full path."


def _kind_of_file(path: Path, start: bytes) -> str:
    if not start:
        return "is empty (0 bytes)."
    name = path.name.lower()
    for ending, what in _BY_ENDING.items():
        if name.endswith(ending):
            return what
    for signature, what in _BY_START:
        if start.lstrip().lower().startswith(signature.lower()):
            return what
    return "is no HDF5 file."
