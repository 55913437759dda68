"""The live map: where a sample of the cells lies in the latent space of a run in training, over its column's empty map.

A canvas, not a figure: it is drawn anew every second at next to no cost, moves its points, and holds no WebGL context.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from semafo import installation, keys, wording
from semafo.runs.folder.live_positions import LivePositions, principal_axes, trainer_of_scvi_stage
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.ui.charts.colours import NEUTRAL, Look
from semafo.ui.charts.comparison.layout import Layout
from semafo.ui.compare import blocks
from semafo.ui.maps import procrustes
from semafo.ui.session.home import active_runs, current_home
from semafo.ui.session.tray import ChosenColumn, ChosenRun
from semafo.ui.shell.errors import guarded
from semafo.ui.shell.training_progress import fraction, line

EVERY_SECONDS = 2.0  # as often as there is a frame of a short training; each look costs the processor that trains
REACH = 4.0  # latent units from the middle of a live map to its edge: the prior's sd is 1
STEPS = 32_000  # whole numbers from the middle to the edge, of two bytes
_SCRIPT = (installation.app_folder() / "assets" / "live_map.js").read_text(encoding="utf-8")
_component = st.components.v2.component("semafo_live_map", js=_SCRIPT)


def show(columns: Sequence[ChosenColumn], layout: Layout) -> None:
    """Draw over the figure of the comparison what its columns without a map do; in the same container as that."""
    waiting = [i for i, column in enumerate(columns) if training_run(column) is not None]
    with st.container(key="compare-live"):
        if waiting:
            st.fragment(_draw, run_every=EVERY_SECONDS)(columns, layout)


def training_run(column: ChosenColumn) -> ChosenRun | None:
    """The run of a column whose training is watched: the first that works or waits, while none has a map."""
    if any(run.record.has_maps for run in column.runs):
        return None
    active = [run for run in column.runs if run.record.is_active]
    return next((run for run in active if run.record.state == keys.RUNNING), active[0] if active else None)


@guarded
def _draw(columns: Sequence[ChosenColumn], layout: Layout) -> None:
    looks = blocks.types_of(columns)
    active, queue = active_runs(), store.queue(current_home())
    panels = []
    for i, column in enumerate(columns):
        run = training_run(column)
        if run is not None:
            panels.append({**_place(layout, i), **_told(run, queue), **_points(run.record, active, looks)})
    _component(key="live-map", data={"panels": panels, "reach": REACH, "steps": STEPS, "ring": NEUTRAL})


def _place(layout: Layout, i: int) -> dict[str, Any]:
    """Where the ith column's map and matrix are over the figure."""
    (x0, x1), (map_low, map_high) = layout.place("map", i)
    low, high = layout.place("matrix", i)[1]
    width = f"(100% - {layout.left + 8}px)"
    return {
        "left": f"calc({layout.left}px + {x0:.5f} * {width})",
        "width": f"calc({x1 - x0:.5f} * {width})",
        "top": round((1 - map_high) * layout.height),
        "height": round((map_high - map_low) * layout.height),
        "below": round((1 - high) * layout.height),
        "belowHeight": round((high - low) * layout.height),
    }


def _told(run: ChosenRun, queue: Mapping[str, dict]) -> dict[str, Any]:
    """What the run does, how much is done, and its loss terms in nats a cell."""
    progress = run.record.progress()
    terms: Any = progress.get("terms") or {}
    shown = [(wording.TERMS[name], wording.score(value, 2)) for name, value in terms.items() if name in wording.TERMS]
    line_of = line(run.record, progress, queue)
    return {"id": run.run_id, "line": line_of, "fraction": fraction(progress), "colour": run.colour, "terms": shown}


def _points(record: RunRecord, active: Sequence[RunRecord], looks: Mapping[str, Look]) -> dict[str, Any]:
    """The newest frame as whole numbers, or that of the scVI stage which the run waits for; nothing without any."""
    found, source = LivePositions.of(record), record
    if found is None:
        trainer = trainer_of_scvi_stage(record, active)
        if trainer is None:
            return {"stamp": ""}
        found, source = LivePositions.of(trainer), trainer
        if found is None:
            return {"stamp": ""}
    xy = found.plane(_axes(source, found))
    whole = np.clip(np.rint(xy * (STEPS / REACH)), -STEPS, STEPS).astype("<i2")
    names = list(looks)
    codes = np.array([names.index(name) if name in looks else len(names) for name in found.types], dtype=np.uint8)
    return {
        "stamp": f"{source.run_id} {found.stamp}",
        "xy": base64.b64encode(whole.tobytes()).decode(),
        "codes": base64.b64encode(codes.tobytes()).decode(),
        "colours": [*(look.colour for look in looks.values()), NEUTRAL],
    }


def _axes(record: RunRecord, found: LivePositions) -> np.ndarray | None:
    """The plane of a frame: fixed for a stage that begins from a trained space, None.

    scVI begins from nothing: the plane of its first frame soon shows a twentieth of the variance. There each frame has
    its own principal components, turned to lie as the frame before did.
    """
    if found.stage != keys.PRETRAIN:
        return None
    kept: dict[str, tuple[str, np.ndarray]] = st.session_state.setdefault("live_axes", {})
    stamp, before = kept.get(record.run_id, ("", found.axes))
    if stamp == found.stamp:
        return before
    axes = principal_axes(found.positions)
    turned = axes @ procrustes.rotation(found.positions @ axes, found.positions @ before)
    kept[record.run_id] = found.stamp, turned
    return turned
