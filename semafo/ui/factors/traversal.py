"""The Factors page's lower part: which genes a decoder moves along a latent dimension, from a cell type."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.ui import charts
from semafo.ui.charts import Along, style
from semafo.ui.factors.information import CELL_TYPE, Factors
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls, downloads
from semafo.ui.widgets.figure import show_figure

LINES = 5  # genes of each direction that are drawn
LISTED = 10  # and that are listed
FEWEST_CELLS = 5
_ENDS, _CHANGE = ("At −2 sd", "At +2 sd"), "log2 change"


@dataclass(frozen=True, eq=False)
class Path:
    """One dimension of one run, moved from one cell type.

    Attributes
    ----------
    run, dimension
        Whose dimension, and its name.
    share
        What it carries of the factor it was chosen by, 0 to 1.
    n_cells, batch
        Cells of the type, and the batch that the decoder is told.
    steps
        (S,) in standard deviations.
    genes
        Names, (G,).
    expression
        (S, G) log(1 + counts per 10 000).
    """

    run: ChosenRun
    dimension: str
    share: float
    n_cells: int
    batch: str
    steps: Sequence[float]
    genes: np.ndarray
    expression: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """log2 of (1 + counts per 10 000) at the last step over that at the first, (G,)."""
        return (self.expression[-1] - self.expression[0]) / np.log(2)

    def top(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Places of the n genes that rise most, and of the n that fall most; each moves at all."""
        order = np.argsort(-self.change, kind="stable")
        return order[:n][self.change[order[:n]] > 0], order[::-1][:n][self.change[order[::-1][:n]] < 0]


def show(ready: dict[ChosenRun, Factors], narrow: bool) -> None:
    """Choose type and dimensions; see lines, tables and a file."""
    can_move = {run: factors for run, factors in ready.items() if factors.found["traversal"]}
    if not can_move:
        return
    st.subheader("Along a dimension", anchor=False)
    names = list(dict.fromkeys(name for factors in can_move.values() for name in factors.names))
    types = sorted({name for factors in can_move.values() for name in factors.found["traversal"]["types"]})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cell_type = controls.pick("From cell type", types, "from", default=_commonest(can_move), width=260)
        factor = controls.pick("Dimension that carries most of", names, "factor", default=CELL_TYPE, width=260)
    assert cell_type is not None  # a run that has a traversal has types and factors
    assert factor is not None
    places = _dimensions(can_move, factor, narrow)
    paths = {run: path_of(run, can_move[run], cell_type, place, factor) for run, place in places.items()}
    _show_lines(paths, cell_type, factor, narrow)
    found = [path for path in paths.values() if path is not None]
    if found:
        _show_tables(found, narrow)
        downloads.csv_button(table(found, cell_type), "traversal")


def path_of(run: ChosenRun, factors: Factors, cell_type: str, place: int, factor: str) -> Path | None:
    """The dimension at a place, from a type; None where the run has too few cells of the type."""
    names = factors.found["traversal"]
    if cell_type not in names["types"]:
        return None
    start = names["types"].index(cell_type)
    expression = np.asarray(run.record.traversal()[start, place], dtype=np.float32)
    genes = np.array(names["genes"], dtype=object)
    if names["kept"] is not None:
        genes = genes[names["kept"][place]]
    share = factors.values[place, factors.names.index(factor)] if factor in factors.names else np.nan
    batch, n_cells = names["batches"][start], names["n_cells"][start]
    return Path(run, factors.dimensions[place], float(share), n_cells, batch, names["steps"], genes, expression)


def table(paths: Sequence[Path], cell_type: str) -> pd.DataFrame:
    """Every gene along the dimension of each run: counts per 10 000 at each step, and the log2 change."""
    parts = []
    for path in paths:
        steps = {f"at {step:+g} sd": values for step, values in zip(path.steps, np.expm1(path.expression), strict=True)}
        who = {"run": path.run.name, "cell_type": cell_type, "batch": path.batch, "dimension": path.dimension}
        whole = pd.DataFrame({**steps, "log2_change": path.change}).assign(**who, gene=path.genes)
        parts.append(whole.sort_values("log2_change", ascending=False, kind="stable"))
    whole = pd.concat(parts)
    first = ["run", "cell_type", "batch", "dimension", "gene", "log2_change"]
    return whole[[*first, *(name for name in whole if name not in first)]]


def _commonest(ready: dict[ChosenRun, Factors]) -> str:
    names = next(iter(ready.values())).found["traversal"]
    return names["types"][int(np.argmax(names["n_cells"]))]


def _dimensions(ready: dict[ChosenRun, Factors], factor: str, narrow: bool) -> dict[ChosenRun, int]:
    """Place of each run's dimension: of those that the decoder uses, that which carries most, or the one chosen."""
    places = {}
    columns = itertools.cycle(st.columns(style.panels_in_a_row(len(ready), narrow)))
    for (run, factors), column in zip(ready.items(), columns, strict=False):
        options = [factors.dimensions[place] for place in factors.order(factor)]
        with column:
            key = f"z-{run.run_id}-{inert.file_name(factor)}"
            picked = controls.pick(f"Dimension of {run.name}", options, key)
        places[run] = factors.dimensions.index(picked if picked is not None and picked in options else options[0])
    return places


def _show_lines(paths: dict[ChosenRun, Path | None], cell_type: str, factor: str, narrow: bool) -> None:
    short = wording.without_common_parts([run.name for run in paths])
    panels = [_panel(run, path, name, factor) for (run, path), name in zip(paths.items(), short, strict=True)]
    batches = sorted({path.batch for path in paths.values() if path is not None})
    show_figure(
        charts.traversal_panels(panels, narrow=narrow),
        "traversal",
        alt=f"Lines of the genes that move most along one latent dimension of "
        f"{wording.listed([run.name for run in paths])}, from {cell_type}: expected expression at five steps from -2 "
        "to +2 standard deviations.",
        caption=f"What the decoder expects, not what was measured: from the mean of the {cell_type} cells one "
        "dimension is moved, all others stay. One step is the dimension's standard deviation over the run's cells. "
        "Orange genes rise, purple dashed ones fall, by the log2 change of 1 + counts per 10 000 from end to end. The "
        f"decoder is told the type's commonest batch ({wording.listed(batches)}). Dimensions of different runs do not "
        "correspond, and the sign of a dimension means nothing.",
        runs=list(paths),
    )


def _panel(run: ChosenRun, path: Path | None, name: str, factor: str) -> Along:
    if path is None:
        note = f"Fewer than {FEWEST_CELLS} such cells in this run"
        return Along(name, "", run.colour, [], [], np.empty((0, 5)), np.empty(0, dtype=bool), note)
    up, down = path.top(LINES)
    chosen = np.concatenate([up, down])
    line = f"{path.dimension}, {wording.score(path.share, 2)} of {factor}; n {wording.count(path.n_cells)}"
    rises = np.arange(len(chosen)) < len(up)
    genes, values = list(path.genes[chosen]), path.expression[:, chosen].T
    return Along(name, line, run.colour, path.steps, genes, values, rises, "No gene moves along this dimension")


def _show_tables(paths: Sequence[Path], narrow: bool) -> None:
    """Genes that rise and that fall most, a table a run."""
    per_row = style.panels_in_a_row(len(paths), narrow)
    formats = {**dict.fromkeys(_ENDS, "%.2f"), _CHANGE: "%+.2f"}
    config = {name: st.column_config.NumberColumn(format=form) for name, form in formats.items()}
    for first in range(0, len(paths), per_row):
        for path, column in zip(paths[first : first + per_row], st.columns(per_row), strict=False):
            with column:
                st.caption(inert.markdown(f"{path.run.name}, {path.dimension}: counts per 10 000"))
                key = f"genes-{path.run.run_id}"
                st.dataframe(_genes(path), hide_index=True, height=250, column_config=config, key=key)


def _genes(path: Path) -> pd.DataFrame:
    chosen = np.concatenate(path.top(LISTED))
    ends = np.expm1(path.expression[[0, -1]][:, chosen])
    return pd.DataFrame(
        {"Gene": path.genes[chosen], **dict(zip(_ENDS, ends, strict=True)), _CHANGE: path.change[chosen]}
    )
