"""What can be chosen: the data sets that come with the program, simulations by name, and .h5ad files by path.

Light: nothing here loads anndata, scanpy or torch, so that a page can list and fingerprint data sets.
"""

import hashlib
import importlib.util
import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from semafo.data.hdf5.other_formats import checked_path
from semafo.data.simulation import simulate
from semafo.data.simulation.simulate import SimulationSettings, scaled_studies
from semafo.data.simulation.tissues import BONE_MARROW_STUDIES, BONE_MARROW_TYPES, thinned_studies
from semafo.errors import DataError
from semafo.settings.fingerprint import fingerprint
from semafo.settings.run_config import DatasetSpec

PBMC68K = "pbmc68k"
SIMULATED = "simulated"
PANCREAS_LIKE = "simulated:pancreas-like"
BONE_MARROW_LIKE = "simulated:bone-marrow-like"
# Thinned so that the labelled rates of the paper's splits still come out, to three digits
SMALL_PANCREAS_LIKE, SMALL_BONE_MARROW_LIKE = f"{PANCREAS_LIKE}/8", f"{BONE_MARROW_LIKE}/40"

_SIMULATION_EXAMPLE = "simulated:cells=5000,genes=800,types=6,batches=3,seed=1"
_THINNED = re.compile(r"(?P<like>[^/]+)(?:/(?P<divisor>[0-9]+))?")
_SMALL = {"cells": 2000, "genes": 1000, "types": 8, "batches": 5, "seed": 0}


@dataclass(frozen=True)
class Entry:
    """A data set that can be chosen by name.

    Parameters
    ----------
    batch_key
        None where the data have no batches.
    """

    name: str
    title: str
    summary: str
    label_key: str
    batch_key: str | None
    n_cells: int
    n_genes: int
    source: str
    licence: str


def entries() -> tuple[Entry, ...]:
    """All data sets of the catalogue, the default first."""
    pbmc68k = Entry(
        name=PBMC68K,
        title="PBMC, 68k reduced",
        summary="700 blood cells of one donor with 10 published types. Real and quick; one batch.",
        label_key="bulk_labels",
        batch_key=None,
        n_cells=700,
        n_genes=765,
        source="Zheng et al. 2017 (doi 10.1038/ncomms14049), as shipped with scanpy",
        licence="BSD-3-Clause (scanpy)",
    )
    return (pbmc68k, *(_simulation_entry(*described) for described in _SIMULATIONS))


def parse_simulation(name: str) -> SimulationSettings:
    """Settings behind `simulated`, `simulated:pancreas-like` or `simulated:cells=5000,genes=800,...`.

    `simulated:pancreas-like/8` and `simulated:bone-marrow-like/40` have the studies of the paper's data, each divided
    by that whole number. Parameters that are not named keep the value they have in `simulated`: 2000 cells, 1000 genes,
    8 types, 5 batches, seed 0.
    """
    head, _, parameters = name.strip().partition(":")
    if head.strip() != SIMULATED:
        raise DataError(
            f"{name!r} is no simulation. Expected simulated, {PANCREAS_LIKE}, {SMALL_PANCREAS_LIKE} or "
            f"{_SIMULATION_EXAMPLE}."
        )
    thinned = _THINNED.fullmatch(name.strip())
    if thinned and thinned["like"] in _LIKE:
        divisor = int(thinned["divisor"] or 1)
        if divisor == 0:
            raise DataError(f"{name!r} divides by 0. Choose a divisor of 1 or more, as in {SMALL_PANCREAS_LIKE}.")
        full = _LIKE[thinned["like"]]
        return replace(full, studies=thinned_studies(full.studies, divisor))
    values = dict(_SMALL)
    for part in filter(None, (part.strip() for part in parameters.split(","))):
        key, _, number = (piece.strip() for piece in part.partition("="))
        if key not in values or not number.isdecimal():
            raise DataError(
                f"{part!r} in {name!r} is no parameter of a simulation. Expected whole numbers for "
                f"{', '.join(_SMALL)}, as in {_SIMULATION_EXAMPLE}, or {PANCREAS_LIKE}."
            )
        values[key] = int(number)
    if values["batches"] < 1 or values["cells"] < values["batches"] * values["types"]:
        raise DataError(
            f"{name!r} asks for {values['cells']} cells of {values['types']} types in {values['batches']} batches. "
            "Choose at least one batch, and at least one cell of each type in each batch."
        )
    studies = scaled_studies(values["cells"], values["batches"])
    return SimulationSettings(studies=studies, n_genes=values["genes"], n_types=values["types"], seed=values["seed"])


def is_simulation(spec: DatasetSpec) -> bool:
    """Whether the name means a simulation."""
    return spec.name.strip().partition(":")[0].strip() == SIMULATED


def is_file(spec: DatasetSpec) -> bool:
    """Whether the name means a file rather than an entry of the catalogue."""
    name = spec.name.strip()
    if name == PBMC68K or is_simulation(spec):
        return False
    return name.lower().endswith(".h5ad") or "/" in name or Path(name).exists()


def files_of(spec: DatasetSpec) -> list[Path]:
    """The files that a spec names: its own and its query's, where they are files. Raises DataError."""
    specs = [spec] if spec.query is None else [replace(spec, query=None), query_spec(spec)]
    return [checked_path(one.name.strip()) for one in specs if is_file(one)]


def resolve(spec: DatasetSpec) -> DatasetSpec:
    """Fill in what the catalogue knows, and check that files are there and look like an .h5ad.

    A resolved spec resolves to itself.
    """
    if spec.query is not None:
        spec = replace(spec, query=resolve(query_spec(spec)).name)
    if is_file(spec):
        return replace(spec, name=str(checked_path(spec.name.strip())))
    entry = _entry_of(spec)
    return replace(
        spec,
        name=spec.name.strip(),
        label_key=spec.label_key or entry.label_key,
        batch_key=spec.batch_key or entry.batch_key,
    )


def query_spec(spec: DatasetSpec) -> DatasetSpec:
    """The second data set of a spec as one of its own, read by the same columns."""
    if spec.query is None or not spec.query.strip():
        raise DataError("No query was given. Give a name from the catalogue or the path of an .h5ad file.")
    return replace(spec, name=spec.query, query=None)


def content_fingerprint(spec: DatasetSpec) -> str:
    """Hash of the cells behind a spec, whatever the files are called; 64 hex digits.

    A file is read once a process for each (path, modification time, size).
    """
    if spec.query is not None:
        both = (content_fingerprint(replace(spec, query=None)), content_fingerprint(query_spec(spec)))
        return fingerprint("reference and query", *both)
    if is_simulation(spec):
        settings = asdict(parse_simulation(spec.name))
        if settings["tissue"] == SimulationSettings.tissue:
            del settings["tissue"]  # younger than the others: what was simulated before keeps its fingerprint
        return fingerprint(SIMULATED, simulate.SIMULATOR_VERSION, settings)
    path = pbmc68k_path() if resolve(spec).name == PBMC68K else Path(resolve(spec).name)
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size)


def pbmc68k_path() -> Path:
    """The file that scanpy ships, found without importing scanpy."""
    scanpy = importlib.util.find_spec("scanpy")
    folders = [Path(folder) for folder in (scanpy.submodule_search_locations or ())] if scanpy else []
    for folder in folders:
        path = folder / "datasets" / "10x_pbmc68k_reduced.h5ad"
        if path.is_file():
            return path
    raise DataError(
        f"The data set {PBMC68K} comes with scanpy, and no scanpy with that file is installed here. Reinstall scanpy, "
        "or choose another data set."
    )


@lru_cache(maxsize=256)
def _digest(path: Path, mtime_ns: int, size: int) -> str:
    """SHA-256 of a file; time and size only tell the cache that the file changed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _entry_of(spec: DatasetSpec) -> Entry:
    known = {entry.name: entry for entry in entries()}
    if is_simulation(spec):
        parse_simulation(spec.name)  # raises where the parameters make no sense
        return known[SIMULATED]
    if spec.name.strip() not in known:
        raise DataError(
            f"There is no data set {spec.name!r}. Expected {', '.join(known)}, {_SIMULATION_EXAMPLE}, or the path of "
            "an .h5ad file."
        )
    return known[spec.name.strip()]


# Many cells make types easier to learn: a smaller effect keeps it about as hard
_LIKE = {
    PANCREAS_LIKE: SimulationSettings(type_effect=0.6),
    BONE_MARROW_LIKE: SimulationSettings(
        BONE_MARROW_STUDIES, n_types=len(BONE_MARROW_TYPES), type_effect=0.6, tissue="bone marrow"
    ),
}
_SIMULATIONS = (
    (SIMULATED, "Simulated, small", "Five studies with known types, batches and factors."),
    (
        PANCREAS_LIKE,
        "Simulated, the size of the pancreas data",
        "Five simulated studies with the names and sizes of the pancreas data: the paper's splits, not its cells.",
    ),
    (
        SMALL_PANCREAS_LIKE,
        "Simulated, an eighth of the pancreas data",
        "The same five studies with an eighth of the cells each, for the paper's splits in minutes.",
    ),
    (
        SMALL_BONE_MARROW_LIKE,
        "Simulated, a fortieth of the bone marrow data",
        "Four simulated sites with the names of the bone marrow data and a fortieth of its cells: the paper's splits.",
    ),
)


def _simulation_entry(name: str, title: str, summary: str) -> Entry:
    settings = parse_simulation(name)
    return Entry(
        name=name,
        title=title,
        summary=f"{summary} {settings.n_types} types, {len(settings.studies)} batches.",
        label_key=simulate.LABEL_KEY,
        batch_key=simulate.BATCH_KEY,
        n_cells=settings.n_cells,
        n_genes=settings.n_genes,
        source=f"simulated by this program, seed {settings.seed}",
        licence="CC0-1.0",
    )
