"""Scores by division, and their intervals over divisions."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from benchmarks.results.methods import Setting, predictions, tried_predictions
from semafo import keys
from semafo.evaluation.uncertainty.significance import MethodDifference, hierarchical_bootstrap, mean_interval

METRICS = ("accuracy", "balanced accuracy")


def cell_table(folder: Path, settings: Iterable[Setting], tried: bool = False) -> pd.DataFrame:
    """One row a test cell, method and setting: data, form, rate, division, batch, type, method, correct.

    `tried` takes the settings of the head that were tried instead of the reported methods.
    """
    predict = tried_predictions if tried else predictions
    parts = []
    for setting in settings:
        cells = setting.cells()
        test = (cells[keys.PART] == keys.TEST).to_numpy()
        true = cells.loc[test, keys.TRUE].to_numpy()
        facts = {
            "data": setting.data,
            "form": setting.form,
            "rate": setting.rate,
            "division": setting.division.seed,
            "batch": cells.loc[test, keys.BATCH_COLUMN].to_numpy(),
            "type": true,
        }
        seen = set(setting.visible_labels())
        for method, predicted in predict(folder, setting).items():
            frame = pd.DataFrame({**facts, "method": method, "correct": predicted[test] == true})
            parts.append(frame[frame["type"].isin(seen)])
    return pd.concat(parts, ignore_index=True)


def by_division(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and balanced accuracy of each method on each division, indexed by data, form, rate, method, division."""
    groups = ["data", "form", "rate", "method", "division"]
    recall = table.groupby([*groups, "type"])["correct"].mean()
    return pd.DataFrame(
        {"accuracy": table.groupby(groups)["correct"].mean(), "balanced accuracy": recall.groupby(groups).mean()}
    )


def summary(scores: pd.DataFrame, metric: str) -> pd.Series:
    """Mean and 95 % interval over divisions by Student's t, as text, indexed by data, form, rate, method."""

    def text(values: pd.Series) -> str:
        interval = mean_interval(values.to_numpy())
        if interval is None:
            return f"{values.mean():.3f}"
        return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"

    return scores.groupby(["data", "form", "rate", "method"])[metric].agg(text)


def difference(table: pd.DataFrame, a: str, b: str) -> MethodDifference:
    """Accuracy of b minus that of a over divisions, batches and cells. `table`: one data set, form and rate."""
    keyed = table.assign(cell=table.groupby(["division", "method"]).cumcount())
    wide = keyed.pivot(index=["division", "batch", "cell"], columns="method", values="correct")[[a, b]].astype(bool)
    pairs = pd.DataFrame({"n": 1, "n_only_a": wide[a] & ~wide[b], "n_only_b": wide[b] & ~wide[a]}, index=wide.index)
    counts = pairs.astype(int).groupby(["division", "batch"]).sum().reset_index()
    counts = counts.rename(columns={"division": "split", "batch": "donor"}).assign(seed=0)
    return hierarchical_bootstrap(counts)


def balanced_difference(scores: pd.DataFrame, a: str, b: str) -> tuple[float, float, float] | None:
    """Balanced accuracy of b minus that of a: mean and 95 % interval over divisions by Student's t."""
    wide = scores["balanced accuracy"].unstack("method")
    interval = mean_interval((wide[b] - wide[a]).to_numpy())
    return None if interval is None else (interval.mean, interval.low, interval.high)


def best(scores: pd.DataFrame, methods: Iterable[str], metric: str) -> str:
    """The method with the highest mean over divisions."""
    means = scores[metric].groupby("method").mean()
    return str(means[[name for name in methods if name in means.index]].idxmax())
