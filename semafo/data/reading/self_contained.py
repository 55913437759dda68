"""Refuse a file that is not whole in itself, before anything of it is read.

HDF5 lets a file name data that lie elsewhere: external storage takes the bytes of any file, virtual data sets and
external links take other HDF5 files, and links may go in circles. Whoever opens such a file shows what the machine may
read, not what the file holds. So every reader asks here first; AnnData writes nothing of the kind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semafo.errors import DataError

if TYPE_CHECKING:
    import h5py

_MOST_OBJECTS = 100_000  # groups and data sets; an .h5ad file has some dozens
_SMALL_BYTES = 2**26  # what a data set may declare in any case
_MOST_EXPANDED = 2_000  # bytes declared for each byte stored: deflate reaches 1030, and never more
_EXPECTED = "Expected an .h5ad file that holds all of its data itself, as written by AnnData's write_h5ad."


def require_self_contained(path: Path) -> None:
    """Look at every link and data set of an HDF5 file, without reading values.

    Raises
    ------
    DataError
        Something in the file is a link, lies outside the file, or is declared to be far larger than what is stored.
    OSError
        The file is no HDF5 file, or a damaged one.
    """
    import h5py

    with h5py.File(path, "r") as file:
        for name, found in _objects(file.id, path):
            if isinstance(found, h5py.h5d.DatasetID):
                _require_own_values(found, name, path)


def _objects(root: "h5py.h5g.GroupID", path: Path) -> Iterator[tuple[str, Any]]:
    """Every group and data set once, with its name; only hard links are followed."""
    import h5py

    waiting, seen = [("", root)], set()
    while waiting:
        prefix, group = waiting.pop()
        for link in group:
            name = f"{prefix}/{link.decode(errors='replace')}"
            if group.links.get_info(link).type != h5py.h5l.TYPE_HARD:
                raise DataError(_sentence(path, name, "is a link to somewhere else"))
            found = h5py.h5o.open(group, link)
            place = h5py.h5o.get_info(found)
            if (place.fileno, place.addr) in seen:
                continue
            seen.add((place.fileno, place.addr))
            if len(seen) > _MOST_OBJECTS:
                raise DataError(f"{path} holds more than {_MOST_OBJECTS:,} groups and data sets. {_EXPECTED}")
            yield name, found
            if isinstance(found, h5py.h5g.GroupID):
                waiting.append((name, found))


def _require_own_values(dataset: "h5py.h5d.DatasetID", name: str, path: Path) -> None:
    import h5py

    settings = dataset.get_create_plist()
    if settings.get_external_count():
        raise DataError(_sentence(path, name, "takes its values from another file"))
    if settings.get_layout() == h5py.h5d.VIRTUAL:
        raise DataError(_sentence(path, name, "is put together from other data sets"))
    n_values = int(np.prod(dataset.shape, dtype=object)) if dataset.shape else 1
    declared, stored = n_values * dataset.get_type().get_size(), dataset.get_storage_size()
    if declared > max(_SMALL_BYTES, _MOST_EXPANDED * stored):
        raise DataError(
            f"{path} cannot be used: {name[1:]!r} in it is declared to have {declared / 1e9:,.1f} GB, of which "
            f"{stored / 1e6:,.1f} MB are stored. {_EXPECTED}"
        )


def _sentence(path: Path, name: str, what: str) -> str:
    return (
        f"{path} cannot be used: {name[1:]!r} in it {what}. {_EXPECTED} Read it where it comes from, and write it anew."
    )
