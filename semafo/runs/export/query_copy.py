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

from semafo import wording
from semafo.data.hdf5.opening import opened
from semafo.errors import DataError, SemafoError
from semafo.files import write_atomically
from semafo.runs.export.query_file import GROUPS, UNS, QueryFile, as_text
from semafo.settings.run_config import DatasetSpec
from semafo.shortages import in_words

if TYPE_CHECKING:
    import h5py
    import numpy as np

SUFFIX = ".h5ad"
_BLOCK = 2**24  # bytes that are copied at a time
_BYTES_A_CELL = 200  # of all items, rounded up


@dataclass(frozen=True)
class AddedItems:
    """What an annotation adds: obs columns and obsm arrays, rows as in the file, and its place in uns."""

    obs: dict[str, Any]
    obsm: dict[str, "np.ndarray"]
    uns: dict[str, Any]


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


def require_room(query: QueryFile, out: Path) -> None:
    """Raise DataError where the copy cannot be written, before any time is spent on what would be added."""
    needed = query.path.stat().st_size + _BYTES_A_CELL * query.n_cells
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise DataError(
            f"The copy of {query.path} needs {wording.size(needed)}, and the disk that holds {out.parent} has "
            f"{wording.size(free)} free. Free some space, or give another --out."
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
            with opened(query.path), query.path.open("rb") as original:  # nobody can write while it is open
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

    for name in GROUPS:
        if name not in file:
            write_elem(file, name, {})
    obs = file["obs"]
    for name, values in items.obs.items():
        write_elem(obs, name, values)
    for name, values in items.obsm.items():
        write_elem(file["obsm"], name, values)
    write_elem(file["uns"], UNS, items.uns)
    if "column-order" in obs.attrs:
        order = [as_text(name) for name in obs.attrs["column-order"]]
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
