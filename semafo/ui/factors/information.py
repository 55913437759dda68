"""The Factors page's parts: which runs can be shown, what their dimensions carry, and disentanglement scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.folder.run_record import RunRecord
from semafo.ui import charts
from semafo.ui.charts import Carried
from semafo.ui.session import grouping
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls, downloads
from semafo.ui.widgets.figure import show_figure

STRONGEST = "What it carries most of"
CELL_TYPE = "Cell type"
UNUSED = 0.1  # of the largest reach: a dimension with less is one that the decoder hardly uses
LITTLE = 0.02  # of a factor's entropy: a dimension that carries less of everything stands last
SCORES = {
    "mig": ("MIG", "Mutual information gap: the best dimension of a factor minus the second best. Chen et al. 2018."),
    "sap": ("SAP", "Separated attribute predictability: how much better the best single dimension predicts a factor "
            "than the second best. Kumar et al. 2018."),
    "disentanglement": ("Disentanglement", "DCI: whether each dimension serves one factor. Eastwood & Williams 2018."),
    "completeness": ("Completeness", "DCI: whether each factor is served by one dimension."),
    "informativeness": ("Informativeness", "DCI: how well all dimensions together predict a factor, on held-out cells: "
                        "R², or balanced accuracy beyond chance."),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Factors:
    """What a run's dimensions carry, as its folder has it. Shared by all sessions: do not change it."""

    found: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the factors."""
        return [row["name"] for row in self.found["factors"]]

    @cached_property
    def values(self) -> np.ndarray:
        """(dimensions, factors), 0 to 1, NaN where undefined."""
        rows = [row["information"] for row in self.found["factors"]]
        return np.array(rows, dtype=float).T

    @property
    def dimensions(self) -> list[str]:
        """z1, z2, …"""
        return [f"z{place + 1}" for place in range(len(self.values))]

    @cached_property
    def used(self) -> np.ndarray:
        """Which dimensions the decoder uses: moving them moves genes. (dimensions,) bool; all where it is not known."""
        reach = np.array((self.found.get("traversal") or {}).get("reach", [1.0] * len(self.values)))
        return reach >= UNUSED * reach.max()

    def order(self, factor: str) -> np.ndarray:
        """Places of the dimensions: by what they carry of a factor, most first, but those that are not used last.

        `STRONGEST`: those that carry most of the first factor together, then those of the second, and so on; last those
        that carry next to nothing. So it is for a factor that the run does not have.
        """
        values = np.nan_to_num(self.values)
        if factor in self.names:
            return np.lexsort((-values[:, self.names.index(factor)], ~self.used))
        best = np.where(values.max(1) < LITTLE, values.shape[1], values.argmax(1))
        return np.lexsort((-values.max(1), best, ~self.used))


def ready_or_stop(runs: Sequence[ChosenRun]) -> dict[ChosenRun, Factors]:
    """Runs with factors, in their order. Says why the others have none; without any, draws no more of the page."""
    found = {run: of_run(run.record) for run in runs}
    ready = {run: factors for run, factors in found.items() if factors is not None and "factors" in factors.found}
    old = [run.name for run in runs if found[run] is None and run.record.state == keys.DONE]
    for run in runs:
        if run in ready or run.name in old:
            continue
        left = found[run]
        error = None if left is None else left.found.get("error")
        waits = "Its dimensions are measured with its scores." if run.record.is_active else ""
        st.info(inert.markdown(f"{run.name}: {error or f'{grouping.not_ready(run)} {waits}'}".strip()))
    if old:
        st.info(
            inert.markdown(
                f"{wording.listed(old)}: trained before Semafo measured what latent dimensions carry, so there is "
                "nothing to show. Delete such a run on the Runs page and train it again with the same settings."
            )
        )
    if not ready:
        st.stop()
    return ready


def of_run(record: RunRecord) -> Factors | None:
    """What a run's dimensions carry; None where it left nothing."""
    try:
        return _of_run(str(record.folder), (record.folder / keys.FACTORS_FILE).stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@st.cache_resource(max_entries=24, show_spinner=False)
def _of_run(folder: str, _stamp: int) -> Factors:
    return Factors(RunRecord(Path(folder)).factors())


def show_map(ready: dict[ChosenRun, Factors], narrow: bool) -> None:
    """Dimensions against factors, a panel a run."""
    names = list(dict.fromkeys(name for factors in ready.values() for name in factors.names))
    sort = controls.pick("Sort dimensions by", [STRONGEST, *names], "sort", width=320)
    assert sort is not None  # there is always `STRONGEST`
    short = wording.without_common_parts([run.name for run in ready])
    panels = [_panel(run, name, factors, sort) for (run, factors), name in zip(ready.items(), short, strict=True)]
    show_figure(
        charts.information_panels(panels, narrow=narrow),
        "factors",
        alt=f"Heat maps of {wording.listed([run.name for run in ready])}: latent dimensions in rows, {len(names)} "
        "factors in columns, mutual information as a share of the factor's entropy, 0 to 1.",
        caption="Mutual information of one dimension with one factor, divided by the factor's entropy and corrected "
        "for chance: about 0 for a factor that has nothing to do with the dimension, 1 where the dimension tells it "
        "completely. On all cells of a run, labelled ones among them. Dimensions of different runs do not correspond: "
        "z1 of one run is not z1 of another. In brackets: dimensions that the decoder hardly uses, whatever they carry "
        "(from end to end they move genes less than a tenth as much as the strongest dimension).",
        runs=list(ready),
    )
    _show_left_out(ready)
    downloads.csv_button(_long(ready), "factors")


def _show_left_out(ready: dict[ChosenRun, Factors]) -> None:
    """Once for each data set, by name where there are several."""
    by_data = {
        short_dataset(run.record.config.dataset.name): " ".join(factors.found["left_out"])
        for run, factors in ready.items()
    }
    for name, sentences in by_data.items():
        if sentences:
            st.caption(inert.markdown(f"Left out{f' of {name}' if len(by_data) > 1 else ''}. {sentences}"))


def _panel(run: ChosenRun, name: str, factors: Factors, sort: str) -> Carried:
    order = factors.order(sort)
    dimensions = [
        factors.dimensions[place] if factors.used[place] else f"({factors.dimensions[place]})" for place in order
    ]
    n = [row["n"] for row in factors.found["factors"]]
    used, cells = factors.found["n_used"], factors.found["n_cells"]
    line = f"{factors.used.sum()} of {len(order)} dimensions used, {wording.cells(used)}"
    line += f" of {wording.count(cells)}" if used < cells else ""
    return Carried(name, line, run.colour, dimensions, factors.names, factors.values[order], n)


def _long(ready: dict[ChosenRun, Factors]) -> pd.DataFrame:
    """One row for each run, dimension and factor."""
    parts = []
    for run, factors in ready.items():
        wide = pd.DataFrame(factors.values, index=pd.Index(factors.dimensions, name="dimension"), columns=factors.names)
        long = wide.rename_axis(columns="factor").stack().rename("information").reset_index()
        n = {row["name"]: row["n"] for row in factors.found["factors"]}
        parts.append(long.assign(n=long["factor"].map(n)).assign(run=run.name))
    return pd.concat(parts)[["run", "dimension", "factor", "information", "n"]]


def show_scores(ready: dict[ChosenRun, Factors]) -> None:
    """Disentanglement scores of each run, and of each factor."""
    scored = {run: factors.found["scores"] for run, factors in ready.items() if factors.found["scores"]}
    if not scored:
        return
    st.subheader("Disentanglement", anchor=False)
    table = pd.DataFrame([_score_row(run, scores) for run, scores in scored.items()])
    by_factor = pd.DataFrame([row for run, scores in scored.items() for row in _factor_rows(run, scores)])
    hints = {
        title: st.column_config.NumberColumn(help=inert.markdown(hint), format="%.3f")
        for title, hint in SCORES.values()
    }
    hints["Factors"] = st.column_config.Column(help="The scores are means over these factors.")
    st.dataframe(table, hide_index=True, column_config=hints, key="disentanglement")
    st.caption(inert.markdown(_about_scores([scores["of"] for scores in scored.values()])))
    with st.expander("By factor"):
        st.dataframe(by_factor, hide_index=True, column_config=hints, key="disentanglement_by_factor")
    downloads.csv_button(by_factor, "disentanglement")


def _score_row(run: ChosenRun, scores: dict[str, Any]) -> dict[str, Any]:
    numbers = {title: scores["mean"][key] for key, (title, _) in SCORES.items()}
    return {"Run": run.name, **numbers, "n": scores["n_cells"], "Factors": ", ".join(scores["factors"])}


def _factor_rows(run: ChosenRun, scores: dict[str, Any]) -> list[dict[str, Any]]:
    titles = {title: scores[key] for key, (title, _) in SCORES.items() if key != "disentanglement"}
    return [
        {"Run": run.name, "Factor": factor, **{title: values[place] for title, values in titles.items()}}
        for place, factor in enumerate(scores["factors"])
    ]


def _about_scores(origins: Sequence[str]) -> str:
    parts = ["All are 0 to 1, 1 is best; docs/factors.md has the formulas. Empty: undefined with one factor."]
    if "known" in origins:
        parts.append(
            "Simulated cells: of the factors that the simulation drew. The batch is no factor here, since the decoder "
            "is given it."
        )
    if "annotated" in origins:
        parts.append(
            "Other cells: of the annotated factors, cell type and batch, not of the factors that made the cells, which "
            "nobody knows. A space without the batch, as it should be, scores low for it."
        )
    return " ".join([*parts, "One seed proves nothing about the methods."])
