"""Damaged .h5ad files, each the same for the same number: what a copy, a bug or somebody may do to a whole one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

N_CELLS, N_GENES = 60, 30
ENCODINGS = (
    "array",
    "csr_matrix",
    "csc_matrix",
    "dataframe",
    "categorical",
    "string-array",
    "dict",
    "null",
    "",
    "∞",
    7,
)
HOSTILE = (
    "",
    "nan",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "a" * 100_000,
    "\u202egnol",
    "a\nb\rc",
    "🧬",
    "$(id)",
)
NOT_TEXT = (b"\xff\xfe\xfa", b"\xed\xa0\x80", b"caf\xe9", b"\x80" * 50)
File = h5py.File
Rng = np.random.Generator


def write_whole(path: Path) -> None:
    """A small whole file with every kind of thing that the readers look at."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (N_CELLS, N_GENES)).astype(np.float32)
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(np.repeat(["beta", "alpha", "delta"], [30, 20, 10])),
            "donor": np.tile(["d1", "d2"], N_CELLS // 2),
            "site": pd.array([1, 2, None] * (N_CELLS // 3), dtype="Int64"),
            "score": rng.random(N_CELLS),
        },
        index=[f"c{i}" for i in range(N_CELLS)],
    )
    var = pd.DataFrame({"feature_types": ["Gene Expression"] * N_GENES}, index=[f"g{i}" for i in range(N_GENES)])
    adata = ad.AnnData(sparse.csr_matrix(counts), obs=obs, var=var, uns={"note": "whole", "deep": {"er": np.arange(3)}})
    adata.raw = adata.copy()
    adata.layers["counts"] = counts
    adata.obsm["X_pca"] = rng.random((N_CELLS, 2))
    adata.write_h5ad(path, convert_strings_to_categoricals=False)


def damage(path: Path, number: int) -> str:
    """Do to a whole file what the number says; returns the name of that."""
    kind = KINDS[number % len(KINDS)]
    rng = np.random.default_rng(number)
    if kind in _OF_BYTES:
        content = bytearray(path.read_bytes())
        path.write_bytes(kind(content, rng))
    else:
        with h5py.File(path, "a") as file:
            kind(file, rng)
    return kind.__name__


# Of the bytes


def bit_flips(content: bytearray, rng: Rng) -> bytes:
    for place in rng.integers(0, len(content), int(rng.integers(1, 60))):
        content[place] ^= 1 << int(rng.integers(8))
    return bytes(content)


def bit_flips_in_the_head(content: bytearray, rng: Rng) -> bytes:
    for place in rng.integers(8, 3000, int(rng.integers(1, 12))):
        content[place] ^= 1 << int(rng.integers(8))
    return bytes(content)


def truncation(content: bytearray, rng: Rng) -> bytes:
    return bytes(content[: int(rng.integers(8, len(content)))])


def blank_block(content: bytearray, rng: Rng) -> bytes:
    start = int(rng.integers(8, len(content) - 8))
    n_bytes = min(int(rng.integers(1, 4096)), len(content) - start)
    content[start : start + n_bytes] = rng.bytes(n_bytes) if rng.random() < 0.5 else bytes(n_bytes)
    return bytes(content)


_OF_BYTES = (bit_flips, bit_flips_in_the_head, truncation, blank_block)


# Of the objects


def _names(file: File, kind: type | None = None) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, thing: found.append(name) if kind is None or isinstance(thing, kind) else None)
    return found


def _one(rng: Rng, options: Any) -> Any:
    return options[int(rng.integers(len(options)))]


def _put(file: File, name: str, value: Any, **options: Any) -> None:
    """Have something else lie at a place, with the attributes of what lay there."""
    attributes = dict(file[name].attrs) if name in file else {}
    if name in file:
        del file[name]
    file.create_dataset(name, data=value, **options)
    file[name].attrs.update(attributes)


def missing_part(file: File, rng: Rng) -> None:
    del file[_one(rng, _names(file))]


def missing_main_part(file: File, rng: Rng) -> None:
    del file[_one(rng, ["obs", "var", "X", "obs/_index", "var/_index", "X/data", "obs/cell_type/codes", "raw/var"])]


def other_encoding(file: File, rng: Rng) -> None:
    file[_one(rng, ["/", *_names(file)])].attrs["encoding-type"] = _one(rng, ENCODINGS)


def other_encoding_of_main_part(file: File, rng: Rng) -> None:
    place = _one(rng, ["obs", "var", "X", "obs/cell_type", "obs/donor", "layers/counts", "obs/_index"])
    file[place].attrs["encoding-type"] = _one(rng, ENCODINGS)


def other_encoding_version(file: File, rng: Rng) -> None:
    file[_one(rng, _names(file))].attrs["encoding-version"] = _one(rng, ["9.9.9", "", 3, "x", b"\xff"])


def missing_attribute(file: File, rng: Rng) -> None:
    attributes = file[_one(rng, ["obs", "var", "X", "obs/cell_type", "raw/X", "layers/counts"])].attrs
    del attributes[_one(rng, list(attributes))]


def odd_attribute(file: File, rng: Rng) -> None:
    place = file[_one(rng, ["obs", "var", "X", "raw/var"])]
    name = _one(rng, [*place.attrs, "_index", "shape", "column-order"])
    values = [
        np.nan,
        -1,
        "..",
        "/",
        "no such",
        np.zeros((2, 2)),
        b"\xff\xfe",
        h5py.Empty("f8"),
        np.arange(3),
        2**63 - 1,
    ]
    place.attrs[name] = _one(rng, values)


def other_dtype(file: File, rng: Rng) -> None:
    name = _one(rng, _names(file, h5py.Dataset))
    shape = file[name].shape
    dtype = _one(rng, ["S5", "c16", "?", "f2", "i1", "u8", "V7", "M", "compound", "text", "reference"])
    if dtype == "M":
        _put(file, name, np.zeros(shape, dtype="i8").view("i8"), dtype=h5py.opaque_dtype(np.dtype("M8[s]")))
    elif dtype == "compound":
        _put(file, name, np.zeros(shape, dtype=[("a", "i4"), ("b", "f8")]))
    elif dtype == "text":
        _put(file, name, np.full(shape, "text", dtype=object), dtype=h5py.string_dtype())
    elif dtype == "reference":
        _put(file, name, np.full(shape, file["obs"].ref, dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
    else:
        _put(file, name, np.zeros(shape, dtype=dtype))


def other_shape(file: File, rng: Rng) -> None:
    name = _one(rng, _names(file, h5py.Dataset))
    values = file[name][()]
    shapes = [
        np.array(values).ravel()[:1].reshape(()),
        np.array(values).ravel()[:7],
        np.zeros((2, 3, 4)),
        np.zeros((0,)),
    ]
    _put(file, name, _one(rng, shapes))


def no_value(file: File, rng: Rng) -> None:
    name = _one(rng, _names(file, h5py.Dataset))
    attributes = dict(file[name].attrs)
    del file[name]
    file[name] = h5py.Empty("f8")
    file[name].attrs.update(attributes)


def group_in_place_of_values(file: File, rng: Rng) -> None:
    name = _one(rng, _names(file, h5py.Dataset))
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_group(name).attrs.update(attributes)


def type_in_place_of_values(file: File, rng: Rng) -> None:
    name = _one(rng, _names(file, h5py.Dataset))
    del file[name]
    file[name] = np.dtype("f8")


def values_in_place_of_group(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs", "var", "X", "layers", "raw", "obs/cell_type", "uns", "raw/X", "raw/var", "obs/site"])
    _put(file, name, _one(rng, [np.arange(5), 3.0, "text"]))


def codes(file: File, rng: Rng) -> None:
    values = file["obs/cell_type/codes"][()].astype(_one(rng, ["i1", "i8", "f8"]))
    values[rng.integers(0, N_CELLS, 5)] = _one(rng, [3, 100, -2, -100])
    _put(file, "obs/cell_type/codes", values)


def huge_codes(file: File, rng: Rng) -> None:
    values = file["obs/cell_type/codes"][()].astype("i8")
    values[int(rng.integers(N_CELLS))] = _one(rng, [2**40, -(2**40), 2**62])
    _put(file, "obs/cell_type/codes", values)


def codes_of_other_length(file: File, rng: Rng) -> None:
    _put(file, "obs/cell_type/codes", np.zeros(int(rng.integers(0, 200)), dtype="i1"))


def odd_categories(file: File, rng: Rng) -> None:
    several = [["a", "a", "b"], [], ["a"], list(HOSTILE), [f"t{i}" for i in range(200_000)]]
    _put(file, "obs/cell_type/categories", np.array(_one(rng, several), dtype=object), dtype=h5py.string_dtype())


def numbers_as_categories(file: File, rng: Rng) -> None:
    _put(file, "obs/cell_type/categories", _one(rng, [np.array([np.nan, np.inf, 1]), np.arange(3), np.eye(3)]))


def indices(file: File, rng: Rng) -> None:
    name = _one(rng, ["X/indices", "raw/X/indices"])
    values = file[name][()].astype("i8")
    values[int(rng.integers(len(values)))] = _one(rng, [N_GENES, -1, 10**6, 2**31 - 1, 2**40, -(2**31)])
    _put(file, name, values)


def indptr(file: File, rng: Rng) -> None:
    name = _one(rng, ["X/indptr", "raw/X/indptr"])
    values = file[name][()].astype("i8")
    values[int(rng.integers(len(values)))] = _one(rng, [0, -1, 10**6, 2**31 - 1, 2**40])
    _put(file, name, values)


def indptr_of_other_length(file: File, rng: Rng) -> None:
    values = file["X/indptr"][()]
    _put(file, "X/indptr", _one(rng, [values[:-3], values[:0], np.r_[values, values[-1]], values[::-1], values[:1]]))


def values_of_other_length(file: File, rng: Rng) -> None:
    name = _one(rng, ["X/data", "X/indices"])
    _put(file, name, file[name][()][: int(rng.integers(0, 500))])


def no_counts(file: File, rng: Rng) -> None:
    odd = _one(rng, [np.nan, np.inf, -np.inf, -3, 0.5, 1e30])
    for name in ("X/data", "raw/X/data", "layers/counts"):
        values = file[name][()].astype("f8")
        values.ravel()[int(rng.integers(values.size))] = odd
        _put(file, name, values)


def same_names(file: File, rng: Rng) -> None:
    for name, n in (("obs/_index", N_CELLS), ("var/_index", N_GENES)):
        _put(file, name, np.full(n, _one(rng, HOSTILE), dtype=object), dtype=h5py.string_dtype())


def hostile_text(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs/donor", "obs/_index", "var/_index", "var/feature_types"])
    n = file[name].shape[0]
    _put(file, name, rng.choice(np.array(HOSTILE, dtype=object), n), dtype=h5py.string_dtype())


def text_that_is_none(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs/donor", "obs/_index", "var/_index", "obs/cell_type/categories"])
    values = np.array([b"a", b"b", *NOT_TEXT] * 10, dtype=object)[: file[name].shape[0]]
    values = np.resize(values, file[name].shape)
    _put(file, name, values, dtype=_one(rng, [h5py.string_dtype("utf-8"), h5py.string_dtype("ascii")]))


def names_that_are_no_text(file: File, rng: Rng) -> None:
    place = file[_one(rng, ["obs", "layers", "uns", "/"])]
    h5py.h5g.GroupID.link(place.id, b"X" if place.name == "/" else next(iter(place.id)), _one(rng, NOT_TEXT), 0)
    if place.name == "/obs":
        place.attrs["column-order"] = np.array([b"donor", _one(rng, NOT_TEXT)], dtype="S60")


def hostile_names(file: File, rng: Rng) -> None:
    name = _one(rng, ["<b>obs</b>", "a" * 60_000, "\u202e", "semafo_label", "true_label", "batch", "index", " "])
    file.copy(file["obs/cell_type"], file["obs"], name)
    file["obs"].attrs["column-order"] = np.array(["cell_type", "donor", name], dtype=object)


def order_of_what_is_not_there(file: File, rng: Rng) -> None:
    order = _one(rng, [["cell_type", "gone"], ["cell_type"] * 3, ["../X"], ["/X/data"], [], ["cell_type/codes"]])
    file["obs"].attrs["column-order"] = np.array(order, dtype=h5py.string_dtype())


def columns_of_other_length(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs/donor", "obs/score", "obs/_index", "obs/site/mask", "obs/site/values", "var/_index"])
    values = file[name][()]
    _put(file, name, np.resize(values, int(_one(rng, [0, 1, 59, 61, 5000]))))


def empty_tables(file: File, rng: Rng) -> None:
    for table in _one(rng, [["obs"], ["var"], ["obs", "var"]]):
        for name in list(file[table]):
            del file[table][name]
        file[table]["_index"] = np.array([], dtype="S1")
        file[table]["_index"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        file[table].attrs["column-order"] = np.array([], dtype="S1")


def huge_shape(file: File, rng: Rng) -> None:
    shape = _one(rng, [(10**9, N_GENES), (N_CELLS, 10**12), (2**62, 2**62), (-1, N_GENES), (N_CELLS,), (60, 30, 2)])
    file[_one(rng, ["X", "raw/X"])].attrs["shape"] = np.array(shape, dtype="i8")


def huge_declared_values(file: File, rng: Rng) -> None:
    name = _one(rng, ["layers/counts", "obs/score", "obs/_index", "X/indptr", "obs/cell_type/codes", "uns/huge"])
    attributes = dict(file[name].attrs) if name in file else {}
    if name in file:
        del file[name]
    shape = (10**10,) if name != "layers/counts" else (10**7, 10**4)
    file.create_dataset(name, shape, dtype=_one(rng, ["i1", "f8"]), chunks=True, compression="gzip")
    file[name].attrs.update(attributes)


def unfolding_values(file: File, rng: Rng) -> None:
    """Below the ratio that is refused: 60 MB in 60 kB."""
    name = _one(rng, ["obs/score", "obs/_index", "obs/cell_type/codes", "layers/counts", "X/data"])
    values = np.zeros((6000, 10_000) if name == "layers/counts" else 60_000_000, dtype="i1")
    _put(file, name, values, chunks=True, compression="gzip")


def links(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs", "X", "obs/donor", "uns/note", "layers/counts"])
    del file[name]
    file[name] = _one(rng, [h5py.ExternalLink("/etc/passwd", "/"), h5py.SoftLink("/"), h5py.SoftLink("/gone")])


def group_in_itself(file: File, rng: Rng) -> None:
    place = _one(rng, ["uns/self", "layers/self", "obs/self", "raw/raw"])
    file[place] = file[_one(rng, ["/", "obs", "uns"])]


def deep_groups(file: File, rng: Rng) -> None:
    group = file[_one(rng, ["uns", "obs", "layers"])]
    for _ in range(int(rng.integers(200, 3000))):
        group = group.create_group("d")


def many_groups(file: File, rng: Rng) -> None:
    group = file[_one(rng, ["uns", "layers", "obs"])]
    for i in range(int(rng.integers(500, 2000))):
        group.create_group(f"g{i}")


def unknown_filter(file: File, rng: Rng) -> None:
    name = _one(rng, ["obs/score", "layers/counts", "uns/deep/er"])
    attributes, shape = dict(file[name].attrs), file[name].shape
    del file[name]
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk(shape)
    settings.set_filter(32_004, h5py.h5z.FLAG_OPTIONAL, ())
    place = h5py.h5s.create_simple(shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F64LE, place, settings)
    file[name].attrs.update(attributes)
    file[name].id.write_direct_chunk((0,) * len(shape), bytes(8), 0)


def other_features(file: File, rng: Rng) -> None:
    kinds = _one(rng, [["Peaks"] * N_GENES, ["Gene Expression", *["Antibody Capture"] * (N_GENES - 1)], [""] * N_GENES])
    _put(file, "var/feature_types", np.array(kinds, dtype=object), dtype=h5py.string_dtype())


KINDS: tuple[Callable[[Any, Rng], Any], ...] = (
    *(bit_flips, bit_flips_in_the_head, truncation, blank_block),
    *(missing_part, missing_main_part, other_encoding, other_encoding_of_main_part, other_encoding_version),
    *(missing_attribute, odd_attribute, other_dtype, other_shape, no_value, group_in_place_of_values),
    *(type_in_place_of_values, values_in_place_of_group, codes, huge_codes, codes_of_other_length, odd_categories),
    *(numbers_as_categories, indices, indptr, indptr_of_other_length, values_of_other_length, no_counts, same_names),
    *(hostile_text, text_that_is_none, names_that_are_no_text, hostile_names, order_of_what_is_not_there),
    *(columns_of_other_length, empty_tables, huge_shape, huge_declared_values, unfolding_values, links),
    *(group_in_itself, deep_groups, many_groups, unknown_filter, other_features),
)
