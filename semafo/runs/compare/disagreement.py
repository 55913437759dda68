"""Where two runs disagree: the cells that one gets right and the other wrong. Reads run folders only.

What is said holds for these two trained models on these cells; another seed disagrees with itself, too.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from semafo import keys
from semafo.errors import SemafoError
from semafo.evaluation.labels.scores import wilson_interval
from semafo.evaluation.uncertainty.significance import mcnemar
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.test_cells import have_same_test_cells

FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Share:
    """A number of cells among n, and the share with its 95 % interval (Wilson), 0 to 1; None where n is 0."""

    count: int
    n: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Its lower and upper end. Cells count as independent; those of a donor are not."""
        return wilson_interval(self.count, self.n) if self.n else (None, None)


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Predictions of two runs for the same cells with a label.

    Attributes
    ----------
    cells
        Indexed by cell: `keys.TRUE`, and the types that the runs predict, `FIRST` and `SECOND`. (n, 3) of text.
    n_left_out
        Test cells with a label that are not among them, because one of the runs was never shown their type.
    """

    cells: pd.DataFrame
    n_left_out: int = 0

    @property
    def n(self) -> int:
        """Number of cells."""
        return len(self.cells)

    @cached_property
    def first_right(self) -> np.ndarray:
        """Which cells the first run gets right, (n,) bool."""
        is_right: np.ndarray = (self.cells[FIRST] == self.cells[keys.TRUE]).to_numpy()
        return is_right

    @cached_property
    def second_right(self) -> np.ndarray:
        """Which cells the second run gets right, (n,) bool."""
        is_right: np.ndarray = (self.cells[SECOND] == self.cells[keys.TRUE]).to_numpy()
        return is_right

    @property
    def only_first(self) -> Share:
        """Cells that the first run alone gets right."""
        return Share(int((self.first_right & ~self.second_right).sum()), self.n)

    @property
    def only_second(self) -> Share:
        """Cells that the second run alone gets right."""
        return Share(int((self.second_right & ~self.first_right).sum()), self.n)

    @property
    def both_right(self) -> Share:
        """Cells that both get right."""
        return Share(int((self.first_right & self.second_right).sum()), self.n)

    @property
    def both_wrong(self) -> Share:
        """Cells that neither gets right."""
        return Share(int((~self.first_right & ~self.second_right).sum()), self.n)

    @property
    def p_value(self) -> float:
        """McNemar's exact two-sided test: how likely so uneven a division is, were both right equally often."""
        return mcnemar(self.only_first.count, self.only_second.count)

    def by_type(self) -> pd.DataFrame:
        """One row a true type, those with most flips first.

        Columns `type`, `n`, and for `only_first` and `only_second` the number of cells, the share of the type
        (`_share`, 0 to 1) and the ends of its 95 % Wilson interval (`_low`, `_high`).
        """
        flips = {
            "only_first": self.first_right & ~self.second_right,
            "only_second": self.second_right & ~self.first_right,
        }
        true = self.cells[keys.TRUE].to_numpy(dtype=object)
        counts = pd.DataFrame(flips).groupby(true).sum()
        counts.insert(0, "n", pd.Series(true, dtype=object).value_counts())
        rows = [
            {"type": str(name), "n": int(row["n"]), **_columns("only_first", row), **_columns("only_second", row)}
            for name, row in counts.iterrows()
        ]
        table = pd.DataFrame(rows, columns=["type", "n", *(f"{name}{end}" for name in flips for end in _ENDS)])
        flipped = -(table["only_first"] + table["only_second"])
        return table.assign(flipped=flipped).sort_values(["flipped", "type"], ignore_index=True).drop(columns="flipped")

    def flips(self, n: int = 5) -> pd.DataFrame:
        """The commonest ways of being flipped: `type`, which run is `right`, what the other one `said`, and `count`.

        At most n rows, by descending number of cells.
        """
        found = []
        for right, wrong, mask in (
            (FIRST, SECOND, self.first_right & ~self.second_right),
            (SECOND, FIRST, self.second_right & ~self.first_right),
        ):
            part = self.cells[mask]
            sizes = part.groupby([keys.TRUE, wrong]).size()
            found += [(str(true), right, str(said), int(count)) for (true, said), count in sizes.items()]
        found.sort(key=lambda row: (-row[3], row[:3]))
        return pd.DataFrame(found[:n], columns=["type", "right", "said", "count"])


def between(first: RunRecord, second: RunRecord) -> Disagreement:
    """The test cells of types that both runs were shown, and what they make of them.

    Raises
    ------
    SemafoError
        The runs have different test cells.
    """
    if not have_same_test_cells(first, second):
        raise SemafoError(
            f"{first.title} and {second.title} were tested on different cells, so there is nothing to disagree about. "
            "Choose runs of the same data, reference, test share and split seed."
        )
    tables = [record.cells() for record in (first, second)]
    test = tables[0][tables[0][keys.PART] == keys.TEST]
    test = test[test[keys.TRUE].notna()]
    seen = [set((record.split() or {}).get("seen_types", [])) for record in (first, second)]
    scored = test[test[keys.TRUE].isin(seen[0] & seen[1])]
    columns = {
        keys.TRUE: scored[keys.TRUE],
        FIRST: scored[keys.PREDICTED],
        SECOND: tables[1][keys.PREDICTED].reindex(scored.index),
    }
    cells = pd.DataFrame({name: column.astype(object) for name, column in columns.items()}, index=scored.index)
    return Disagreement(cells, n_left_out=len(test) - len(scored))


_ENDS = ("", "_share", "_low", "_high")


def _columns(name: str, row: pd.Series) -> dict[str, float | int | None]:
    share = Share(int(row[name]), int(row["n"]))
    values = (share.count, share.value, *share.interval)
    return {f"{name}{end}": value for end, value in zip(_ENDS, values, strict=True)}
