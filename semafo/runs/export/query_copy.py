"""A query's own file, copied, with the items of an annotation added to the copy.

Whatever else the file holds is neither read nor written again, so it need not be anything that AnnData can write: it
stays as it was, byte for byte. Only files of AnnData before 0.7, which have no place for columns of today, are written
anew.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO
from warnings import catch_warnings, simplefilter

from semafo import keys
from semafo.data.reading.self_contained import require_self_contained
from semafo.errors import DataError, SemafoError
from semafo.files import write_atomically
from semafo.settings.run_config import DatasetSpec
from semafo.shortages import in_words

if TYPE_CHECKING:
    import h5py
    import numpy as np

SUFFIX = ".h5ad"
UNS = "semafo"  # the annotation's place in uns
OVERWRITE = "--overwrite-items"
_OWN_UMAP = f"{keys.X_UMAP}_{UNS}"  # where the query has an X_umap of its own
_GROUPS = ("obs", "obsm", "uns")
_BLOCK = 2**24  # bytes that are copied at a time
_BYTES_A_CELL = 200  # of all items, rounded up


@dataclass(frozen=True)
class QueryFile:
    """What must be known of a query's file before items are added to its copy.

    Attributes
    ----------
    n_cells
        Rows of its obs.
    index
        Where the names of the cells are, as `obs/_index`; empty in files of AnnData before 0.7.
    names
        What obs, obsm and uns hold, as `obs/donor`.
    umap_key
        Name in obsm that a UMAP gets: X_umap, unless the query has one of its own.
    is_old
        Whether it is of AnnData before 0.7: obs, obsm or uns are no groups.
    """

    path: Path
    n_cells: int
    index: str
    names: frozenset[str]
    umap_key: str
    is_old: bool


@dataclass(frozen=True)
class AddedItems:
    """What an annotation adds: obs columns and obsm arrays, rows as in the file, and its place in uns."""

    obs: dict[str, Any]
    obsm: dict[str, "np.ndarray"]
    uns: dict[str, Any]


def look_at(path: Path) -> QueryFile:
    """What is in a query's file; nothing but names is read.

    Raises
    ------
    DataError
        Another program holds the file, or its obs is no table.
    """
    with _opened(path) as file:
        stored = {name: file[name] for name in _GROUPS if name in file}
        if "obs" not in stored:
            raise DataError(f"{path} has no obs. Expected an .h5ad file, as written by AnnData's write_h5ad.")
        names = frozenset(f"{group}/{name}" for group, items in stored.items() for name in _names(items))
        index = f"obs/{_as_text(file['obs'].attrs.get('_index', '_index'))}" if _is_group(stored["obs"]) else ""
        if index and index not in names:
            raise DataError(f"{path} has no {index}, which should name its cells. Write the file anew with AnnData.")
        return QueryFile(
            path=path,
            n_cells=_n_rows(file[index or "obs"]),
            index=index,
            names=names,
            umap_key=_OWN_UMAP if f"obsm/{keys.X_UMAP}" in names - {_earlier_umap(file)} else keys.X_UMAP,
            is_old=not all(_is_group(items) for items in stored.values()),
        )


def require_place(out: Path, inputs: Collection[Path]) -> None:
    """Raise DataError where no file can be written to `out`, which must be none of the inputs."""
    if out.suffix.lower() != SUFFIX:
        raise DataError(f"{out} does not end in {SUFFIX}, which is what is written. Give another --out.")
    if any(out.exists() and out.samefile(path) for path in inputs):
        raise DataError(f"{out} is the file that is read, which stays as it is. Give another --out.")
    try:
        with TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        said = in_words(error, out.parent) or f"Nothing can be written to the folder {out.parent} ({error.strerror})."
        raise DataError(f"{said} Give another --out.") from None


def require_names(query: QueryFile, added: Collection[str], overwrite: bool) -> None:
    """Raise DataError where the query has items of these names (as `obs/semafo_label`) that may not be replaced."""
    if query.index in added:
        raise DataError(f"{query.path} has the names of the cells in {query.index}. Rename that index.")
    taken = sorted(query.names & set(added))
    if taken and not overwrite:
        raise DataError(
            f"{query.path} has {', '.join(taken)} already, which the annotation would write. Rename them there, or "
            f"allow that the copy has new ones in their place ({OVERWRITE})."
        )


def require_room(query: QueryFile, out: Path) -> None:
    """Raise DataError where the copy cannot be written, before any time is spent on what would be added."""
    needed = query.path.stat().st_size + _BYTES_A_CELL * query.n_cells
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise DataError(
            f"The copy of {query.path} needs {needed / 1e6:,.1f} MB, and the disk that holds {out.parent} has "
            f"{free / 1e6:,.1f} MB free. Free some space, or give another --out."
        )
    if query.is_old:  # whether AnnData can write what it has read is known only once it has
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            _write_anew(query.path, Path(folder) / out.name)


def write_copy(query: QueryFile, out: Path, items: AddedItems, replaced: Collection[str]) -> None:
    """Write the query's file with the items added, whole or not at all; the query's own file is only read.

    Parameters
    ----------
    replaced
        Names as `obs/semafo_label` that are taken out first.

    Raises
    ------
    DataError
        The items cannot be written.
    """
    import h5py

    def fill(handle: BinaryIO) -> None:
        if query.is_old:
            _write_anew(query.path, Path(handle.name))
        else:
            with _opened(query.path), query.path.open("rb") as original:  # nobody can write while it is open
                shutil.copyfileobj(original, handle, _BLOCK)
                handle.flush()
        with _failures_reported(out, "added to"), h5py.File(handle.name, "r+", locking=False) as file:
            for name in replaced:
                _remove(file, name)
            _add(file, items)

    write_atomically(out, fill)


def _remove(file: "h5py.File", name: str) -> None:
    group, _, column = name.partition("/")
    for place in (name, f"{group}/__categories/{column}"):  # where files of AnnData 0.7 have their categories
        if place in file:
            del file[place]


def _add(file: "h5py.File", items: AddedItems) -> None:
    from anndata.io import write_elem

    for name in _GROUPS:
        if name not in file:
            write_elem(file, name, {})
    obs = file["obs"]
    for name, values in items.obs.items():
        write_elem(obs, name, values)
    for name, values in items.obsm.items():
        write_elem(file["obsm"], name, values)
    write_elem(file["uns"], UNS, items.uns)
    if "column-order" in obs.attrs:
        order = [_as_text(name) for name in obs.attrs["column-order"]]
        kept = [name for name in order if name in obs and name not in items.obs]
        obs.attrs["column-order"] = [*kept, *items.obs]


def _write_anew(path: Path, target: Path) -> None:
    """All of a file as AnnData reads it, in today's layout."""
    from semafo.data.load import read_whole

    adata = read_whole(DatasetSpec(str(path)))
    with _failures_reported(path, "written anew from"), catch_warnings():
        simplefilter("ignore")  # about names, which are the file's own
        adata.write_h5ad(target)


@contextmanager
def _opened(path: Path) -> Iterator["h5py.File"]:
    import h5py

    try:
        require_self_contained(path)
        file = h5py.File(path, "r")
    except BlockingIOError:
        raise DataError(
            f"{path} is held by another program, which has it open for writing. Close it there, or copy the file and "
            "use the copy."
        ) from None
    with file:
        yield file


@contextmanager
def _failures_reported(path: Path, what: str) -> Iterator[None]:
    """Whatever HDF5 and AnnData raise while they write becomes one sentence, but for a full disk or memory."""
    try:
        yield
    except Exception as error:
        if isinstance(error, SemafoError) or in_words(error) is not None:
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"Nothing could be {what} {path}. What writing it said: {reason} Open the file with AnnData, write it "
            "anew, and use that one."
        ) from error


def _is_group(stored: Any) -> bool:
    import h5py

    return isinstance(stored, h5py.Group)


def _names(stored: Any) -> Collection[str]:
    """Names of what a group, or a table of AnnData before 0.7, holds."""
    return list(stored) if _is_group(stored) else stored.dtype.names or ()


def _n_rows(index: Any) -> int:
    """Length of a stored index, which may be text, categories or text with a mask, or of a table before 0.7."""
    while _is_group(index):
        index = index["codes" if "codes" in index else "values"]
    return len(index)


def _earlier_umap(file: "h5py.File") -> str | None:
    """The UMAP that an earlier annotation wrote, as `obsm/X_umap`; None where there was none."""
    place = f"uns/{UNS}/umap_key"
    if not (_is_group(file.get("uns")) and _is_group(file["uns"].get(UNS)) and place in file):
        return None
    return f"obsm/{_as_text(file[place][()])}"


def _as_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
