"""What a sweep found, in words and tables: as text for a terminal, and as CSV."""

from collections import Counter
from collections.abc import Iterator

from semafo import inert, wording
from semafo.errors import SemafoError
from semafo.runs.sweeps import curves
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import clear_differences
from semafo.runs.sweeps.sweep import Sweep
from semafo.settings.run_config import CONDENSED, ONE_CYCLE

CAPTION = (
    "Means over splits (over seeds where there is one split) with 95 % intervals by Student's t, on test cells whose "
    "labels no model sees at any rate. Baselines were given the same labels."
)

_MOST_REASONS = 5  # why runs failed, the most frequent first


def as_text(sweep: Sweep) -> str:
    """The tables and what is clear in them, for a terminal. Raises SemafoError where no run is finished."""
    require_results(sweep)
    clear = clear_differences(sweep)
    differing = [clear.table.to_string(index=False), ""] if len(clear.table) else []
    by_rate = sweep_tables.by_rate(sweep).to_string()
    rest = [CAPTION, *training_notes(sweep), "", *differing, clear.words, counted_runs(sweep), *data_warnings(sweep)]
    return "\n".join([sweep.name, "", by_rate, *_at_one_rate(sweep), "", *rest])


def _at_one_rate(sweep: Sweep) -> Iterator[str]:
    """The further tables where labels are fewest, which is where methods differ."""
    title = fewest_labels(sweep)
    if title is not None:
        for table in (sweep_tables.label_scores(sweep, title), sweep_tables.integration(sweep, title)):
            yield f"\n{title}\n{table.to_string()}"


def fewest_labels(sweep: Sweep) -> str | None:
    """The first point of the grid with a finished run."""
    return next((title for title, records in sweep.by_point().items() if records), None)


def as_csv(sweep: Sweep) -> str:
    """One row a finished run or baseline, every score in a column. Raises SemafoError where no run is finished."""
    require_results(sweep)
    titles = {record.run_id: title for title, records in sweep.by_point().items() for record in records}
    found = curves.table(sweep.done())
    found.insert(3, "point", found["run_id"].map(titles))
    schedules = {record.run_id: record.config.train.schedule for record in sweep.done()}
    found.insert(4, "schedule", found["run_id"].map(schedules))
    return inert.csv(found.drop(columns="place"))


def training_notes(sweep: Sweep) -> list[str]:
    """On which schedule the runs were trained, where it is not the default, and what to know of it."""
    schedules = dict.fromkeys(record.config.train.schedule for record in sweep.done())
    named = [f"Schedule: {wording.SCHEDULES[name]}." for name in schedules if name != CONDENSED]
    return [*named, *([wording.PREVIEW_NOTE] if ONE_CYCLE in schedules else [])]


def data_warnings(sweep: Sweep) -> list[str]:
    """What the check of the data found, each sentence once."""
    reports = [record.data_report() for record in sweep.done()]
    return list(dict.fromkeys(warning for report in reports for warning in report.get("warnings", ())))


def require_results(sweep: Sweep) -> None:
    """Raise SemafoError, with the reasons, where no run of the sweep is finished."""
    if not sweep.done():
        raise SemafoError(why_nothing(sweep))


def why_nothing(sweep: Sweep) -> str:
    """That no run is finished, and how those that have ended did, in sentences."""
    if sweep.is_active:
        return f"No run of {sweep.name} is finished yet."
    reasons = {record.run_id: str(record.status.get("reason") or "").rstrip(".") for record in sweep.records}
    ended = Counter((state, reasons.get(run_id, "")) for run_id, state in sweep.states().items())
    found = [
        f"{wording.counted(n, 'run')} {': '.join(part for part in how if part)}."
        for how, n in ended.most_common(_MOST_REASONS)
    ]
    return " ".join([f"No run of {sweep.name} was finished, so there is nothing to show.", *found])


def counted_runs(sweep: Sweep) -> str:
    """How many runs ended how, with which seeds and on how many scVI stages."""
    grid, counts = sweep.facts["grid"], sweep.counts()
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    seeds = ", ".join(map(str, grid["seeds"]))
    splits = ", ".join(map(str, grid["split_seeds"]))
    n_trained = sum(record.status.get("reused_seconds") is None for record in sweep.done())
    stages = f"scVI stages trained: {n_trained}, shared by the other runs"
    return f"Runs: {states}. {stages}. Training seeds {seeds}; split seeds {splits}. One seed proves nothing."
