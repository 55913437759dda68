"""The tables of docs/results.md, as Markdown."""

from collections.abc import Sequence

import pandas as pd

from benchmarks.results.methods import BASELINES, PROPOSED, SCVI_MIXTURE
from benchmarks.results.protocol import KANG, RATES
from benchmarks.results.scores import balanced_difference, best, difference, summary
from semafo import keys

MODELS = ("scANVI", "SemafoVAE", "Both", "SemafoVAE normalised", PROPOSED)
ABLATIONS = ("scANVI + mixture", SCVI_MIXTURE)
BEFORE = ("scANVI, before the query stage", "SemafoVAE, before the query stage")


def markdown(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def scores_table(scores: pd.DataFrame, data: str, form: str, metric: str) -> str:
    """Methods by labelled rates: mean [interval] over divisions."""
    text = summary(scores, metric)
    rates = RATES[form]
    methods = (*MODELS, *ABLATIONS, *(BEFORE if form == keys.SURGERY else ()), *BASELINES)
    known = [method for method in methods if (data, form, rates[0], method) in text.index]
    rows = [[method, *(text[data, form, rate, method] for rate in rates)] for method in known]
    return markdown(rows, ["", *(f"{rate:.0%} labelled".replace("%", " %") for rate in rates)])


def differences_table(table: pd.DataFrame, scores: pd.DataFrame, form: str) -> str:
    """The proposed setting against each rival, in points: accuracy and balanced accuracy."""
    rows = []
    for data in sorted(table["data"].unique(), key=lambda name: name != KANG):
        for rate in RATES[form]:
            cells = table[(table["data"] == data) & (table["form"] == form) & (table["rate"] == rate)]
            if cells.empty:
                continue
            own = scores.loc[data, form, rate]
            strongest = best(own, BASELINES, "accuracy")
            rivals = {"scANVI": "scANVI", "SemafoVAE": "SemafoVAE, published", "Both": "Both", strongest: None}
            rivals |= {SCVI_MIXTURE: None}
            for rival, title in rivals.items():
                found = difference(cells, rival, PROPOSED)
                balanced = balanced_difference(own, rival, PROPOSED)
                labelled = f"{rate:.0%}".replace("%", " %")
                accuracy = _points(found.mean, found.low, found.high)
                rows.append([data, labelled, title or rival, accuracy, _points(*balanced)])
    return markdown(rows, ["cells", "labelled", "proposed minus", "accuracy, points", "balanced accuracy, points"])


def _points(mean: float, low: float, high: float) -> str:
    """A difference in points, and in words where the interval holds 0."""
    text = f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    return text if low > 0 or high < 0 else f"{text} no clear difference"


def tried_table(scores: pd.DataFrame, form: str) -> str:
    """What was tried on the divisions to choose on: mean accuracy / balanced accuracy over divisions."""
    means = scores.groupby(["data", "form", "rate", "method"]).mean()
    known = means.xs(form, level="form")
    columns = [(data, rate) for data, rate in dict.fromkeys((d, r) for d, r, _ in known.index)]
    methods = list(dict.fromkeys(known.index.get_level_values("method")))

    def text(data: str, rate: float, method: str) -> str:
        accuracy, balanced = known.loc[(data, rate, method)]
        return f"{accuracy:.3f} / {balanced:.3f}"

    rows = [[method, *(text(data, rate, method) for data, rate in columns)] for method in sorted(methods)]
    return markdown(rows, ["", *(f"{data} {rate:.0%}".replace("%", " %") for data, rate in columns)])
