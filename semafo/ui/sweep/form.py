"""The Sweep page's form: which labelled rates, mixes and seeds, and what that would cost."""

from typing import Any

import streamlit as st

from semafo import inert, keys, wording
from semafo.data.paper import splits as paper_splits
from semafo.runs.background.preflight import Inspection
from semafo.runs.engine import launch
from semafo.runs.sweeps import cost
from semafo.runs.sweeps.cost import Forecast
from semafo.runs.sweeps.grid import PRESET_FAMILIES, Grid, preset_points, rate_title
from semafo.runs.sweeps.sweep import Sweep, sweeps
from semafo.settings.run_config import DatasetSpec, SplitSettings, TrainSettings
from semafo.ui.forms.mixes import chosen_mixes
from semafo.ui.forms.reference import ONE_STAGE, SURGERY, reference_batches
from semafo.ui.session.home import all_rows, current_home
from semafo.ui.widgets import controls

RATES, NEW = "Labelled rates", "new"
_NEXT = "sweep_next"  # the one to look at after it was started
_TITLES = {"pancreas": "The paper's pancreas splits", "bone-marrow": "The paper's bone marrow splits"}
_PERCENTS = (0, 1, 5, 10, 20, 50, 100)
_MOST_SEEDS = 10


def grid(spec: DatasetSpec, inspection: Inspection) -> Grid:
    """What the form asks for. Raises SettingsError."""
    counts = inspection.cells[keys.BATCH_COLUMN].astype(str).value_counts().to_dict()
    families = [
        name for name in PRESET_FAMILIES if any(one.name.startswith(name) for one in paper_splits.fitting(counts))
    ]
    options = {RATES: None, **{_TITLES[name]: name for name in families}}
    family = options[controls.choice("Vary", list(options), "sweep_vary")] if families else None
    rest: dict[str, Any] = {"mixes": tuple(chosen_mixes()), **_seeds(), "train": TrainSettings()}
    if family is not None:
        return Grid(tuple(preset_points(family, spec, set(counts))), preset=family, **rest)
    return Grid.of_rates(spec, SplitSettings(_reference(spec, counts)), _rates(), **rest)


def _reference(spec: DatasetSpec, counts: dict[str, int]) -> tuple[str, ...]:
    if len(counts) < 2:
        return ()
    forms = [ONE_STAGE, SURGERY]
    form = controls.choice("Training", forms, "sweep_form", help="All cells in one stage, or a query onto a reference.")
    return reference_batches(sorted(counts), spec.name) if form == SURGERY else ()


def _rates() -> list[float]:
    chosen = st.pills(
        "Labelled rates",
        _PERCENTS,
        selection_mode="multi",
        default=[1, 5, 20, 50],
        format_func=lambda percent: inert.markdown(rate_title(percent / 100)),
        key="sweep_rates",
        persist_state="session",
        help="Each rate keeps the labels of the lower ones. The test cells are the same at every rate.",
    )
    return [percent / 100 for percent in chosen]


def _seeds() -> dict[str, tuple[int, ...]]:
    first, second = st.columns(2)
    n_seeds = first.number_input(
        "Training seeds",
        1,
        _MOST_SEEDS,
        3,
        key="sweep_seeds",
        persist_state="session",
        help="Weights, minibatches and draws. They show how far chance in training moves a score.",
    )
    n_splits = second.number_input(
        "Splits",
        1,
        _MOST_SEEDS,
        1,
        key="sweep_splits",
        persist_state="session",
        help="Other test cells and other labelled cells each. They show how far the choice of cells moves a score.",
    )
    return {"seeds": tuple(range(int(n_seeds))), "split_seeds": tuple(range(int(n_splits)))}


def start_button(asked: Grid) -> None:
    """What the sweep would cost, and a button that starts it."""
    with st.spinner("Counting what is to be done"):
        foreseen = _foreseen(str(current_home().path), asked, len(all_rows()))
    st.markdown(inert.markdown(described(foreseen)))
    todo = foreseen.n_runs - foreseen.n_done
    if st.button(f"Start {wording.count(todo)} runs" if todo else "Show these runs", type="primary", key="sweep_start"):
        started = Sweep.start(current_home(), asked)
        launch.ensure_engine(current_home())
        st.session_state[_NEXT] = started.sweep_id
        st.rerun()


@st.cache_data(max_entries=32, show_spinner=False, ttl=600)
def _foreseen(home_path: str, asked: Grid, n_known: int) -> Forecast:
    """Foreseen once for each grid and number of known runs. `home_path` is part of the cache's key alone."""
    return cost.forecast(current_home(), asked.configs(), launch.n_workers(current_home()))


def described(foreseen: Forecast) -> inert.Markdown:
    """The plan as a sentence."""
    known = f" ({foreseen.n_done} are done already)" if foreseen.n_done else ""
    pace = "" if foreseen.is_measured else " on a machine like a laptop"
    workers = wording.counted(foreseen.n_workers, "worker")
    return inert.Markdown(
        f"**{wording.count(foreseen.n_runs)} runs**{inert.markdown(known)} · {wording.count(foreseen.n_shared)} scVI "
        f"stages, each trained once ({wording.count(foreseen.n_shared_done)} are there) · about "
        f"**{wording.duration(foreseen.seconds)}** with {inert.markdown(workers + pace)} · "
        f"{wording.size(foreseen.n_bytes)}"
    )


def choose() -> Sweep | None:
    """The sweep to look at: the newest unless another is picked; None asks for a new one."""
    known = sweeps(current_home())
    if not known:
        return None
    options = {sweep.sweep_id: sweep for sweep in known}
    if _NEXT in st.session_state:
        st.session_state["sweep"] = st.session_state.pop(_NEXT)
    labels = {sweep_id: _label(sweep) for sweep_id, sweep in options.items()}
    picked = st.selectbox(
        "Sweep",
        [*options, NEW],
        key="sweep",
        format_func=lambda value: labels.get(value, "A new sweep"),
        bind="query-params",
    )
    return options.get(picked)


def _label(sweep: Sweep) -> str:
    counts = sweep.counts()
    return f"{sweep.name} · {counts['done']} of {sum(counts.values())} done"
