"""How far columns of runs, or a column and a baseline, are apart in accuracy. Each run is read once for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from semafo.evaluation.uncertainty.significance import MethodDifference
from semafo.runs.compare.differences import Pair, over_pairs
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.test_cells import TestedCells


@dataclass(frozen=True, eq=False)
class TestedRun:
    """A run with its scored test cells, read once for several contrasts."""

    record: RunRecord
    cells: TestedCells

    @classmethod
    def of(cls, record: RunRecord) -> "TestedRun":
        """Read a run's."""
        return cls(record, TestedCells.of(record))


def contrast(a: Mapping[Pair, TestedRun], b: Mapping[Pair, TestedRun]) -> MethodDifference | None:
    """Accuracy of method b minus that of a over the splits and seeds that both have; None where there is none.

    a, b: their runs by (split seed, training seed). Pairs with different test cells are left out, and so are cells of
    types that only one of a pair was shown.
    """
    tested_a, tested_b = {}, {}
    for pair in a.keys() & b.keys():
        if have_one_split(a[pair].record, b[pair].record):
            one, other = a[pair].cells, b[pair].cells
            tested_a[pair], tested_b[pair] = one.among(other.is_correct.index), other.among(one.is_correct.index)
    return over_pairs(tested_a, tested_b)


def contrast_with_baseline(runs: Mapping[Pair, TestedRun], name: str) -> MethodDifference | None:
    """Accuracy of a method minus that of a baseline (of `keys.BASELINES`) on the same cells, over its runs."""
    found = {pair: TestedCells.of(run.record, name) for pair, run in runs.items()}
    baseline = {pair: cells for pair, cells in found.items() if cells is not None}
    return over_pairs(baseline, {pair: runs[pair].cells for pair in baseline})


def have_one_split(a: RunRecord, b: RunRecord) -> bool:
    """Whether test cells of two runs were drawn in the same way from the same data."""
    if a.settings["context"].get("data") != b.settings["context"].get("data"):
        return False
    names = ("reference", "test_share", "stratified", "split_seed", "reference_only", "labelled_batches", "leak")
    return all(getattr(a.config.split, name) == getattr(b.config.split, name) for name in names)
