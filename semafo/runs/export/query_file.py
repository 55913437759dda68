"""What a query's file holds, before an annotation is added to its copy: names and sizes, no values."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semafo import keys
from semafo.data import catalogue
from semafo.data.hdf5.opening import opened
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    import h5py

UNS = "semafo"  # the annotation's place in uns
OVERWRITE = "--overwrite-items"
GROUPS = ("obs", "obsm", "uns")  # to which something is added
_OWN_UMAP = f"{keys.X_UMAP}_{UNS}"  # where the query has an X_umap of its own


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


def query_file(spec: DatasetSpec) -> QueryFile | None:
    """The file of a spec's query, as `look_at` finds it; None where the query is built in. Raises DataError."""
    query = catalogue.resolve(catalogue.query_spec(spec))
    return look_at(Path(query.name)) if catalogue.is_file(query) else None


def look_at(path: Path) -> QueryFile:
    """What is in a query's file; nothing but names is read.

    Raises
    ------
    DataError
        Another program holds the file, or its obs is no table.
    """
    with opened(path) as file:
        stored = {name: file[name] for name in GROUPS if name in file}
        if "obs" not in stored:
            raise DataError(f"{path} has no obs. Expected an .h5ad file, as written by AnnData's write_h5ad.")
        names = frozenset(f"{group}/{name}" for group, items in stored.items() for name in _names(items))
        index = f"obs/{as_text(file['obs'].attrs.get('_index', '_index'))}" if _is_group(stored["obs"]) else ""
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
    return f"obsm/{as_text(file[place][()])}"


def as_text(value: Any) -> str:
    """Text of an attribute or a value, which may be stored as bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
