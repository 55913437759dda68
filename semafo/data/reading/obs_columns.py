"""obs columns: which could serve as label or batch, and reading them as text with missing values."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

MISSING_BATCH = "missing"  # batch of the cells whose batch is not known
MOST_VALUES = 200  # a column with more is hardly a label or a batch
TEXT, NUMBER, MANY = "text", "number", "many"  # kinds of columns, in the order in which they are offered
_MISSING = frozenset({"", "nan", "na", "none", "<na>", keys.UNLABELLED})  # in lower case: how missing values were saved


@dataclass(frozen=True)
class Column:
    """An obs column that could serve as label or batch.

    Parameters
    ----------
    n_values, n_missing
        Different values, and cells without one.
    kind
        `TEXT` of up to 200 values, `NUMBER` (whole numbers and flags) of up to 200, or `MANY`: text of more.
    """

    name: str
    n_values: int
    n_missing: int
    kind: str = TEXT


def candidates(obs: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of two or more values that are not all different: text, then whole numbers, then text of many values.

    Of numbers, only those of up to 200 values that two cells share on average: others are measured or counted.
    """
    found = [_column(str(name), obs[name]) for name in obs.columns]
    return tuple(column for kind in (TEXT, NUMBER, MANY) for column in found if column and column.kind == kind)


def _column(name: str, values: pd.Series) -> Column | None:
    is_text = isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind == "O"
    if not is_text and not _is_whole(values):
        return None
    text = text_column(values)
    n_values, n_missing = int(text.nunique()), int(text.isna().sum())
    n_least = n_values + 1 if is_text else 2 * n_values
    if n_values < 2 or len(values) - n_missing < n_least or (n_values > MOST_VALUES and not is_text):
        return None
    kind = MANY if n_values > MOST_VALUES else TEXT if is_text else NUMBER
    return Column(name, n_values, n_missing, kind)


def _is_whole(values: pd.Series) -> bool:
    """Whether a column holds flags or whole numbers, gaps aside."""
    if values.dtype.kind in "biu":
        return True
    known = values.dropna().to_numpy(dtype=float) if values.dtype.kind == "f" else np.array([np.nan])
    return bool((known == np.rint(known)).all() and np.isfinite(known).all())


def text_column(values: pd.Series, missing: Collection[str] = ()) -> pd.Series:
    """Values as a categorical of strings, sorted and without unused categories.

    Empty text, NaN however it was spelled, `keys.UNLABELLED` and what is in `missing` are missing. Whole numbers lose
    their ".0".
    """
    codes, uniques = pd.factorize(values)
    names = [_as_text(value) for value in np.asarray(uniques)]  # an Index would give 0.1 in 64 bits for one in 32
    kept = sorted({name for name in names if name.lower() not in _MISSING}.difference(missing))
    position = {name: i for i, name in enumerate(kept)}
    # factorize gives missing values the code -1, which takes the -1 at the end
    new_code = pd.Series([*(position.get(name, -1) for name in names), -1]).to_numpy()
    return pd.Series(pd.Categorical.from_codes(new_code[codes], categories=kept), index=values.index, name=values.name)


def require_columns(obs: pd.DataFrame, spec: DatasetSpec) -> None:
    """Raise DataError, with what could be chosen, unless the label column and any batch column are there."""
    choice = f"Columns that could serve: {_described(candidates(obs))}."
    if spec.label_key is None:
        raise DataError(f"No label column was chosen for {spec.name}. {choice} Choose one of them as label.")
    for role, name in (("label", spec.label_key), ("batch", spec.batch_key)):
        if name is not None and name not in obs.columns:
            raise DataError(f"{spec.name} has no obs column {name!r} to use as {role}. {choice} Choose one of them.")
    if spec.label_key == spec.batch_key:
        raise DataError(
            f"{spec.label_key!r} was chosen as label and as batch. Taking out batch effects would take out the types: "
            f"choose another column as one of them. {choice}"
        )


def labels_of(obs: pd.DataFrame, spec: DatasetSpec, warnings: list[str]) -> pd.Series:
    """The true labels as text; what is odd about them goes to `warnings`."""
    labels = text_column(obs[spec.label_key], spec.missing_labels)
    types, n_missing = list(labels.cat.categories), int(labels.isna().sum())
    if len(types) < 2:
        found = f"holds only the label {types[0]!r}" if types else "holds no label: every value is missing"
        raise DataError(
            f"The column {spec.label_key!r} of {spec.name} {found}. Expected two or more cell types. Columns that "
            f"could serve: {_described(candidates(obs))}. Choose another one."
        )
    if pd.api.types.is_numeric_dtype(_value_dtype(obs[spec.label_key])):
        warnings.append(f"The labels in {spec.label_key!r} are numbers; they are read as names, such as {types[0]!r}.")
    if len(types) > MOST_VALUES:
        warnings.append(f"{spec.label_key!r} has {len(types)} different labels. Check that it holds cell types.")
    if n_missing:
        warnings.append(f"{n_missing} of {len(obs)} cells have no label: they are predicted and never scored.")
    return labels


def require_missing_labels(labels: Iterable[pd.Series], spec: DatasetSpec) -> None:
    """Raise DataError where a label that is to be missing is in none of the columns of labels."""
    known = {name for values in labels for name in text_column(values).cat.categories}
    absent = [name for name in spec.missing_labels if name not in known]
    if absent:
        raise DataError(
            f"There is no label {wording.named(absent)} in {spec.label_key!r} to take as missing. It has: "
            f"{wording.named(sorted(known))}. Choose among those."
        )


def batches_of(obs: pd.DataFrame, spec: DatasetSpec, warnings: list[str]) -> pd.Series:
    """The batches as text, one for all cells where no column was chosen; cells without one are batch "missing"."""
    if spec.batch_key is None:
        batches = pd.Series(pd.Categorical(["all"] * len(obs)), index=obs.index)
    else:
        batches = text_column(obs[spec.batch_key])
    n_missing = int(batches.isna().sum())
    if n_missing == len(obs):
        raise DataError(
            f"The batch column {spec.batch_key!r} of {spec.name} has no value in any cell. Choose another column "
            f"({_described(candidates(obs))}), or none to treat all cells as one batch."
        )
    if n_missing:
        filled = batches.astype(object).fillna(MISSING_BATCH)
        batches = filled.astype(pd.CategoricalDtype(sorted(set(filled))))
        warnings.append(
            f"{n_missing} of {len(obs)} cells have no {spec.batch_key!r}: they make the batch {MISSING_BATCH!r}."
        )
    if len(batches.cat.categories) == 1:
        warnings.append("All cells are one batch: batch scores are undefined and left out of the total.")
    return batches


def unused_categories(obs: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Categories that no cell has, by column, for the columns that have any."""
    found = {}
    for name in obs.columns:
        if isinstance(obs[name].dtype, pd.CategoricalDtype):
            unused = obs[name].cat.categories.difference(obs[name].cat.remove_unused_categories().cat.categories)
            if len(unused):
                found[str(name)] = tuple(map(str, unused))
    return found


def drop_unused_categories(obs: pd.DataFrame) -> pd.DataFrame:
    """The same table with every category in use."""
    categorical = obs.select_dtypes("category")
    return obs.assign(**{name: categorical[name].cat.remove_unused_categories() for name in categorical})


def _as_text(value: object) -> str:
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _value_dtype(values: pd.Series) -> object:
    return values.cat.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype


def _described(found: Iterable[Column]) -> str:
    return ", ".join(f"{column.name} ({column.n_values} values)" for column in found) or "none"
