"""Which look each type and batch of the chosen runs has: that of its data set, whatever a run made of it.

A run may hold only some of the batches, or never predict a type. Its colours go by all names of its data set, which the
preflight counted, so that they are the same on every page, for every run and in every session.
"""

from collections.abc import Callable, Iterable, Sequence

from semafo.runs.folder.run_record import RunRecord
from semafo.ui.charts import colours
from semafo.ui.charts.colours import Look

NamesOf = Callable[[RunRecord], Iterable[str]]


def of_types(records: Sequence[RunRecord], shown: Iterable[str] = ()) -> dict[str, Look]:
    """A look for each type of the runs' data sets, and for those shown that the preflight did not count."""
    return colours.of_types(*_by_data_set(records, types_of), shown)


def of_batches(records: Sequence[RunRecord], shown: Iterable[str] = ()) -> dict[str, Look]:
    """A look for each batch of the runs' data sets, and for those shown that the preflight did not count."""
    return colours.of_batches(*_by_data_set(records, batches_of), shown)


def types_of(record: RunRecord) -> set[str]:
    """All types of the data set of a run; empty where the run does not know its preflight."""
    return set(_composition(record))


def batches_of(record: RunRecord) -> set[str]:
    """All batches of the data set of a run; empty where the run does not know its preflight."""
    return {batch for counts in _composition(record).values() for batch in counts}


def _composition(record: RunRecord) -> dict[str, dict[str, int]]:
    return record.data_report().get("composition", {})


def _by_data_set(records: Sequence[RunRecord], names_of: NamesOf) -> list[set[str]]:
    """All names of each data set, in the order in which the runs have them."""
    groups: dict[tuple, set[str]] = {}
    for record in records:
        spec = record.config.dataset
        groups.setdefault((spec.name, spec.label_key, spec.batch_key), set()).update(names_of(record))
    return list(groups.values())
