"""What the genes of a data set are called: names from a var column, kinds of names, and how those of two files differ.

Names are never translated. What is done by itself is to leave out the versions of Ensembl ids, where that loses none.
"""

import re
from itertools import product

import numpy as np
import pandas as pd

from semafo import wording
from semafo.data.reading.obs_columns import text_column
from semafo.data.reading.raw_cells import RawCells, unique_names
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

SYMBOL_COLUMNS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol")
ID_COLUMNS = ("gene_id", "gene_ids", "feature_id", "ensembl_id")
_EXAMPLES = 3
_ENOUGH = 0.5  # share of genes that a cure must match, and of names by which a kind is told
_HEAD = 200  # names by which a kind is told
_MOST_ROWS = 100_000  # a row number is below; the ids of Entrez go far beyond
_ENSEMBL = re.compile(r"(?P<id>ENS(?P<species>[A-Z]*)G\d{6,})(?P<version>\.\d+)?")
_SPECIES = {"": "human ", "MUS": "mouse "}
_NUMBER = re.compile(r"(\d+)(\.0)?")
_ROWS = "row numbers"


def named_by(raw: RawCells, key: str | None) -> RawCells:
    """Name the genes by a var column; a gene without a value there keeps its name. None changes nothing.

    Raises
    ------
    DataError
        There is no such column.
    """
    if key is None:
        return raw
    if key not in raw.var:
        found = ", ".join(columns_of_names(raw.var)) or "none"
        raise DataError(
            f"{raw.title} has no var column {key!r} with the names of the genes. Columns that could serve: {found}. "
            "Choose one of them (--gene-key, --query-gene-key), or none to take var_names."
        )
    names = text_column(raw.var[key]).astype(object)
    n_missing = int(names.isna().sum())
    if n_missing:
        raw.warnings.append(
            f"{wording.counted(n_missing, 'gene')} of {len(names)} had no value in the var column {key!r} and kept "
            f"{wording.numbered(n_missing, 'its var_name', 'their var_names')}."
        )
    raw.var = raw.var.set_axis(pd.Index(names.where(names.notna(), raw.var.index.astype(str))), axis=0)
    return raw


def query_key(spec: DatasetSpec, query: pd.DataFrame) -> str | None:
    """The column that names the query's genes: its own option, or the reference's where the query has such a column."""
    return spec.query_gene_key or (spec.gene_key if spec.gene_key in query.columns else None)


def columns_of_names(var: pd.DataFrame) -> list[str]:
    """The var columns of text whose values mostly differ, those that are known to hold names of genes first."""
    found = [str(name) for name in var.columns if _is_text(var[name]) and 2 * var[name].nunique() > len(var)]
    known = [name for name in (*SYMBOL_COLUMNS, *ID_COLUMNS) if name in found]
    return [*known, *(name for name in found if name not in known)]


def symbols_of(var: pd.DataFrame) -> list[str]:
    """The names by which people know the genes: var_names, or a column of symbols where those are Ensembl ids."""
    column = next((name for name in SYMBOL_COLUMNS if name in var.columns and _is_text(var[name])), None)
    names = var.index.astype(str)
    if column is None or _ensembl_of(names) is None:
        return list(names)
    return list(var[column].astype(object).where(var[column].notna(), names).astype(str))


def are_row_numbers(names: pd.Index) -> bool:
    """Whether names are 0, 1, 2 …, or what is left of them: ascending numbers below 100 000."""
    found = [_NUMBER.fullmatch(name) for name in names.astype(str)]
    if len(found) < 2 or not all(found):
        return False
    numbers = np.array([float(match[1]) for match in found if match])
    return bool((np.diff(numbers) > 0).all() and numbers[-1] < _MOST_ROWS)


def row_number_warning(raw: RawCells) -> list[str]:
    """A sentence where the genes of one data set are named by row numbers."""
    if not are_row_numbers(raw.var.index):
        return []
    columns = columns_of_names(raw.var)
    choice = f" Columns that could name them: {', '.join(columns)} (--gene-key)." if columns else ""
    return [f"The genes are named by row numbers ({_first(raw.var.index)}), which say nothing about them.{choice}"]


def require_names(reference: RawCells, query: RawCells) -> None:
    """Raise DataError where either data set names its genes by row numbers: they would match any other file."""
    parts = (("reference", reference), ("query", query))
    numbered = [who for who, raw in parts if are_row_numbers(raw.var.index)]
    if not numbered:
        return
    options = cure(reference.var, query.var)
    columns = "; ".join(f"{who}: {', '.join(columns_of_names(raw.var)) or 'none'}" for who, raw in parts)
    raise DataError(
        f"The genes of the {wording.listed(numbered)} are named by row numbers "
        f"({_first(dict(parts)[numbered[0]].var.index)}), and a row of one file is another gene in the other. "
        + (_said(options) if options else f"Expected names. var columns that could hold them: {columns} (--gene-key).")
    )


def matched(reference: pd.Index, query: pd.Index) -> tuple[np.ndarray, list[str]]:
    """The place of each of the reference's genes among the query's, -1 where it lacks it, and what to say about it.

    Names that occur twice are made unique first. Versions of Ensembl ids are left out where that matches more.
    """
    names = unique_names(reference), unique_names(query)
    position = names[1].get_indexer(names[0])
    bare = _without_versions(names[0]), _without_versions(names[1])
    if not (bare[0].is_unique and bare[1].is_unique):
        return position, []
    found = bare[1].get_indexer(bare[0])
    if (found >= 0).sum() == (position >= 0).sum():
        return position, []
    return found, ["Genes were matched by their Ensembl ids without versions, which differ or are in one file only."]


def difference(reference: RawCells, query: RawCells) -> str:
    """What kinds of gene names the two have, and what to do where that is why few of them match; else nothing."""
    names = reference.var.index.astype(str), query.var.index.astype(str)
    kinds = _kind(names[0]), _kind(names[1])
    text = (
        f"The reference's genes are named by {kinds[0]} ({_first(names[0])}), the query's by {kinds[1]} "
        f"({_first(names[1])})."
    )
    options = cure(reference.var, query.var)
    if options:
        return f"{text} {_said(options)}"
    species = _species(names[0]), _species(names[1])
    if all(species) and species[0] != species[1]:
        return (
            f"{text} These look {species[0]} and those {species[1]}: bring both to one species by a table of "
            "orthologues; if they are of one, write one like the other."
        )
    if _shared(names[0].str.upper(), names[1].str.upper()) >= _ENOUGH > _shared(*names):
        return f"{text} They differ by upper and lower case only: write one like the other."
    return f"{text} Give both the same kind of names." if kinds[0] != kinds[1] or not _shared(*names) else ""


def cure(reference: pd.DataFrame, query: pd.DataFrame) -> str:
    """The options by which most of the reference's genes would be found in the query; empty where none would do."""
    best, options = _ENOUGH, ""
    for ours, theirs in product(_choices(reference), _choices(query)):  # as they are, first
        if ours is not None and theirs is None and ours in query.columns:
            continue  # the option would take the query's column as well
        share = _shared(_names(reference, ours), _names(query, theirs))
        if share > best:
            own = f"--query-gene-key {theirs}" if theirs is not None and theirs != ours else ""
            best, options = share, " ".join(filter(None, (f"--gene-key {ours}" if ours else "", own)))
    return options


def _said(options: str) -> str:
    return f"var columns hold names that both have: add {options} (on the pages: Genes named by)."


def _choices(var: pd.DataFrame) -> list[str | None]:
    named = [] if are_row_numbers(var.index) else [None]
    return [*named, *columns_of_names(var)]


def _names(var: pd.DataFrame, key: str | None) -> pd.Index:
    return _without_versions(pd.Index(var[key].dropna().astype(str)) if key else var.index.astype(str))


def _shared(reference: pd.Index, query: pd.Index) -> float:
    return float(reference.isin(query).mean()) if len(reference) else 0.0


def _without_versions(names: pd.Index) -> pd.Index:
    if _ensembl_of(names) is None:
        return names
    found = (_ENSEMBL.fullmatch(name) for name in names)
    return pd.Index([match["id"] if match else name for name, match in zip(names, found, strict=True)])


def _ensembl_of(names: pd.Index) -> re.Match[str] | None:
    """The first of the names as an Ensembl id, where most of them are such."""
    found = [match for name in names[:_HEAD] if (match := _ENSEMBL.fullmatch(str(name)))]
    return found[0] if len(found) > _ENOUGH * len(names[:_HEAD]) else None


def _kind(names: pd.Index) -> str:
    if are_row_numbers(names):
        return _ROWS
    ensembl = _ensembl_of(names)
    if ensembl is None:
        return "symbols"
    versions = " with versions" if ensembl["version"] else ""
    return f"{_SPECIES.get(ensembl['species'], '')}Ensembl ids{versions}"


def _species(names: pd.Index) -> str:
    """`human` or `mouse`, by Ensembl ids or by how symbols are written (CD19, Cd19); empty where neither tells."""
    ensembl = _ensembl_of(names)
    if ensembl is not None:
        return _SPECIES.get(ensembl["species"], "").strip()
    words = [name for name in names[:_HEAD] if re.match(r"[A-Za-z]{2}", name)]
    for species, is_written in (("human", str.isupper), ("mouse", lambda name: name[1:] == name[1:].lower())):
        if words and np.mean([is_written(name) and name[0].isupper() for name in words]) > 0.8:
            return species
    return ""


def _first(names: pd.Index) -> str:
    return ", ".join(map(str, names[:_EXAMPLES]))


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind == "O"
