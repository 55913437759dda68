"""What an HDF5 file holds, down to the bytes of its chunks, to be compared with that of another file."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np


def contents(path: Path) -> dict[str, Any]:
    """Of every group and data set, by name: its attributes, and of a data set how and what it stores."""
    found: dict[str, Any] = {}
    with h5py.File(path, "r") as file:
        found["/"] = _attributes(file)
        file.visititems(lambda name, stored: found.update({name: (_attributes(stored), _stored(stored))}))
    return found


def _attributes(stored: Any) -> dict[str, Any]:
    return {name: (stored.attrs.get_id(name).dtype, _plain(value)) for name, value in stored.attrs.items()}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _stored(stored: Any) -> Any:
    if isinstance(stored, h5py.Group):
        return sorted(stored)
    settings = stored.id.get_create_plist()
    filters = [settings.get_filter(i) for i in range(settings.get_nfilters())]
    places = [stored.id.get_chunk_info(i).chunk_offset for i in range(stored.id.get_num_chunks())] if filters else []
    chunks = [stored.id.read_direct_chunk(place) for place in places]
    if stored.dtype.names:  # a table of AnnData before 0.7
        values = [list(map(_plain, row)) for row in stored[()].tolist()]
    else:
        values = None if filters else _plain(stored[()])
    return stored.dtype, stored.shape, stored.chunks, filters, chunks, values
