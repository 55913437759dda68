"""The verdict and the columns beside it, as Markdown tables on standard output."""

import json
from importlib import metadata
from typing import Any

import pandas as pd

from benchmarks.fidelity.cases import CHOOSE, REPORT
from benchmarks.fidelity.gate import MOVED, Check, checks, lower_bound, method_difference
from benchmarks.fidelity.scores import SHOWN, TESTED, Found, scvi_table, table
from benchmarks.machine import described
from benchmarks.results.tables import markdown

# Beyond these a column that is only shown is flagged: absolute differences, for the last two shares of the stock's.
_SCIB_FLAG = 0.05
_FLAGS = {"calibration_error": 0.02, "neighbours_kept": 0.0}
_RELATIVE_FLAGS = {"latent_scale": 0.2, "elbo_test": 0.01, "elbo": 0.01, "kl": 0.2, "label_gap": 0.5, "n_active": 0.2}


def report(schedule: str, ours: Found, stock: Found, as_json: bool) -> int:
    """Print everything. Returns 0 where the schedule passes or nothing is tested, else 1."""
    now, before = table(ours, stock), table(stock, stock)
    tested = list(dict.fromkeys(case.name for case in stock if case.division in (*REPORT, *CHOOSE)))
    found = checks(now.loc[tested], before.loc[tested]) if tested else []
    facts = next(iter(stock.values()))["machine"]
    print(f"Stock's scores were made with {described(facts)}.")
    _warn_of_versions(facts)
    for title, drawn in (
        (f"Gate: {schedule}", _checks_table(found)),
        (f"{schedule} minus stock: mean of the mixes (lower end of its one-sided 95 % interval)", _gaps(now, before)),
        (f"Test cells: stock / {schedule}", _side_by_side(_means(now), _means(before))),
        (
            f"scVI before any label: stock / {schedule}",
            _side_by_side(_means(scvi_table(ours)), _means(scvi_table(stock))),
        ),
        (
            f"Processor seconds of training: stock / {schedule}",
            _side_by_side(_seconds(ours), _seconds(stock)),
        ),
    ):
        print(f"\n## {title}\n\n{drawn}")
    return _verdict(schedule, found, as_json)


def _verdict(schedule: str, found: list[Check], as_json: bool) -> int:
    n_failed = sum(not check.holds for check in found)
    said = f"does not pass: {n_failed} of {len(found)} conditions fail" if n_failed else "passes"
    print(f"\n{schedule} {said}." if found else "\nNothing here is tested.")
    if as_json:
        rows = [{**vars(check), "holds": check.holds} for check in found]
        print(
            json.dumps(
                {"benchmark": "fidelity", "schedule": schedule, "passes": bool(found) and not n_failed, "checks": rows}
            )
        )
    return int(n_failed > 0)


def _warn_of_versions(facts: dict[str, Any]) -> None:
    others = [name for name in ("torch", "scvi-tools") if facts[name] != metadata.version(name)]
    if others:
        print(f"Warning: installed are other versions of {', '.join(others)}. Both sides should have the same.")


def _checks_table(found: list[Check]) -> str:
    rows = []
    for check in found:
        allowed = f"≥ {check.least:+.3f}" if check.least is not None else f"± {check.most:.3f}"
        rows.append([check.name, check.metric, f"{check.value:+.3f}", allowed, "yes" if check.holds else "**no**"])
    return markdown(rows, ["condition", "score", "value", "allowed", "holds"])


def _gaps(now: pd.DataFrame, before: pd.DataFrame) -> str:
    """By data set: the tested scores, and SemafoVAE minus scANVI on either side."""
    rows = []
    for name in dict.fromkeys(now.index.get_level_values("name")):
        ours, stock = now.loc[name], before.loc[name]
        row = [name, str(len(ours.index.unique("seed")))]
        for metric in TESTED:
            difference = (ours[metric] - stock[metric]).unstack("mix").mean(axis=1).to_numpy()
            row.append(f"{_signed(difference.mean())} ({_signed(lower_bound(difference))})")
        for metric in MOVED:
            row.append(" / ".join(_signed(method_difference(side, metric).mean()) for side in (stock, ours)))
        rows.append(row)
    methods = [f"SemafoVAE - scANVI, {metric}: stock / ours" for metric in MOVED]
    return markdown(rows, ["", "divisions", *TESTED, *methods])


def _signed(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:+.3f}"


def _means(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over divisions: by data set and, where there are several, mix."""
    levels = [name for name in scores.index.names if name != "seed"]
    columns = [name for name in (*TESTED, *SHOWN) if name in scores] if "mix" in levels else list(scores)
    return scores.groupby(level=levels, sort=False)[columns].mean()


def _side_by_side(ours: pd.DataFrame, stock: pd.DataFrame) -> str:
    """Columns as rows, each cell `stock / ours`, marked where they are further apart than they should be."""
    header = ["", *(" · ".join(key) if isinstance(key, tuple) else str(key) for key in ours.index)]
    rows = [
        [column, *(_cell(column, stock.at[key, column], ours.at[key, column]) for key in ours.index)] for column in ours
    ]
    return markdown(rows, header)


def _cell(column: str, stock: float, ours: float) -> str:
    if pd.isna(stock) or pd.isna(ours):
        return ""
    digits = 3 if max(abs(stock), abs(ours)) < 10 else 1
    mark = " !" if _is_flagged(column, stock, ours) else ""
    return f"{stock:.{digits}f} / {ours:.{digits}f}{mark}"


def _is_flagged(column: str, stock: float, ours: float) -> bool:
    """Whether the two are apart by more than looks the same to people."""
    if column in _RELATIVE_FLAGS:
        return abs(ours - stock) > _RELATIVE_FLAGS[column] * abs(stock)
    if column.startswith("seconds") or column in ("neighbours_kept",):
        return False
    return abs(ours - stock) > _FLAGS.get(column, _SCIB_FLAG)


def _seconds(found: Found) -> pd.DataFrame:
    rows = []
    for case, of_case in found.items():
        mixes = of_case["mixes"].values()
        stages = {
            f"seconds_{stage}": sum(mix["seconds"][stage] for mix in mixes) for stage in ("semi_supervised", "query")
        }
        rows.append({"name": case.name, "seed": case.seed, "seconds_scvi": of_case["scvi"]["seconds"], **stages})
    return pd.DataFrame(rows).set_index(["name", "seed"]).groupby(level="name", sort=False).mean()
