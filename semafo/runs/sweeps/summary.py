"""What a sweep found, in words and tables: as text for a terminal, and as CSV."""

from collections.abc import Iterator

from semafo import inert, wording
from semafo.runs.sweeps import curves
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import clear_differences
from semafo.runs.sweeps.sweep import Sweep
from semafo.settings.run_config import CONDENSED, ONE_CYCLE

CAPTION = (
    "Means over splits (over seeds where there is one split) with 95 % intervals by Student's t, on test cells whose "
    "labels no model sees at any rate. Baselines were given the same labels."
)


def as_text(sweep: Sweep) -> str:
    """The tables and what is clear in them, for a terminal."""
    clear = clear_differences(sweep)
    differing = [clear.table.to_string(index=False), ""] if len(clear.table) else []
    by_rate = sweep_tables.by_rate(sweep).to_string()
    rest = [CAPTION, *training_notes(sweep), "", *differing, clear.words, counted_runs(sweep)]
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
    """One row a finished run or baseline, every score in a column."""
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


def counted_runs(sweep: Sweep) -> str:
    """How many runs ended how, with which seeds and on how many scVI stages."""
    grid, counts = sweep.facts["grid"], sweep.counts()
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    seeds = ", ".join(map(str, grid["seeds"]))
    splits = ", ".join(map(str, grid["split_seeds"]))
    n_trained = sum(record.status.get("reused_seconds") is None for record in sweep.done())
    stages = f"scVI stages trained: {n_trained}, shared by the other runs"
    return f"Runs: {states}. {stages}. Training seeds {seeds}; split seeds {splits}. One seed proves nothing."
