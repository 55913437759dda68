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
_MOST_DEEP = 100  # groups within groups; AnnData has some four
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
    """Every group and data set, with its name and under each of its names; only hard links are followed.

    A reader goes through a group as often as there are ways to it. So they are counted, and one that leads back to
    itself is refused: readers would go round in it.
    """
    import h5py

    waiting: list[tuple[str, h5py.h5g.GroupID, frozenset[tuple[int, int]]]] = [("", root, frozenset({_place(root)}))]
    n_seen = 0
    while waiting:
        prefix, group, above = waiting.pop()
        for link in group:
            name = f"{prefix}/{link.decode(errors='replace')}"
            if group.links.get_info(link).type != h5py.h5l.TYPE_HARD:
                raise DataError(_sentence(path, name, "is a link to somewhere else"))
            found = h5py.h5o.open(group, link)
            n_seen += 1
            if n_seen > _MOST_OBJECTS:
                raise DataError(f"{path} holds more than {_MOST_OBJECTS:,} groups and data sets. {_EXPECTED}")
            yield name, found
            if isinstance(found, h5py.h5g.GroupID):
                place = _place(found)
                if place in above:
                    raise DataError(_sentence(path, name, "is a group that leads back to itself"))
                if len(above) > _MOST_DEEP:
                    raise DataError(_sentence(path, name[:80], f"lies more than {_MOST_DEEP} groups deep"))
                waiting.append((name, found, above | {place}))


def _place(thing: Any) -> tuple[int, int]:
    """What tells an object of a file from all others."""
    import h5py

    info = h5py.h5o.get_info(thing)
    return info.fileno, info.addr


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
