"""How every figure is shown: with words for those who cannot see it, and with files to take away."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from semafo import inert
from semafo.ui.printing import caption as printing_caption
from semafo.ui.printing import render
from semafo.ui.session import tray
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls

_FORMATS = {"svg": "SVG", "png": "PNG", "pdf": "PDF"}
_PAGE = {"html": "HTML"}  # needs no browser on the server
_MIME = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf", "html": "text/html"}
Files = Callable[[str], bytes]
_CAMERA_ONLY = {"displayModeBar": "hover", "displaylogo": False, "modeBarButtons": [["toImage"]]}
_CAMERA_SAVES = {"toImageButtonOptions": {"format": "svg", "filename": "semafo"}}


def show_figure(
    figure: go.Figure,
    key: str,
    *,
    alt: str,
    caption: str = "",
    config: Mapping[str, Any] | None = None,
    runs: Sequence[ChosenRun] | None = None,
    files: Files | None = None,
    **kwargs: Any,
) -> Any:
    """Show a figure with a text alternative, its caption below, and a small menu that exports it.

    Parameters
    ----------
    figure
        The figure, without colours of text or ground: the page's theme gives them.
    key
        Unique on the page; also the exported file's name.
    alt
        One sentence for screen readers: what is drawn against what, and how many. Keep it constant while the figure is.
    caption
        What a reader must know; drawn below the figure and in the exported file, as it is.
    config
        Plotly's settings; quiet (no buttons) unless given, `controls.MAP_CHART` for maps.
    runs
        The runs whose settings an exported file states; the tray's unless given, `()` for figures of no run.
    files
        What makes the exported file of a format, where it is more than this figure; it may make "html" as well.
    kwargs
        Handed to `st.plotly_chart`: `on_select`, `selection_mode`, `theme` …

    Returns
    -------
    object
        What `st.plotly_chart` returns: the selection's event with `on_select="rerun"`.
    """
    config = controls.QUIET_CHART if config is None else config
    with st.container(key=f"figure-{key}", gap="xxsmall"):
        event = st.plotly_chart(figure, key=key, alt=alt, config=_with_camera(config), **kwargs)
        with st.container(horizontal=True, gap="small", vertical_alignment="top", wrap=False):
            st.caption(inert.markdown(caption or " "), width="stretch")
            notes = printing_caption.of(tray.chosen_runs() if runs is None else runs, caption)
            _menu(key, files or partial(_file, figure, notes), {**_FORMATS, **(_PAGE if files else {})})
    return event


def _with_camera(config: Mapping[str, Any]) -> dict[str, Any]:
    """Where this server cannot make files, plotly's own button, which saves what the browser shows, stands in."""
    if render.browser() is not None:
        return dict(config)
    quiet = config.get("displayModeBar") is False
    return {**config, **(_CAMERA_ONLY if quiet else {}), **_CAMERA_SAVES}


def _file(figure: go.Figure, notes: Sequence[str], extension: str) -> bytes:
    return render.render(figure, extension, notes)


def _menu(key: str, files: Files, formats: Mapping[str, str]) -> None:
    """Files that are made only when asked for."""
    with st.popover("Export", type="tertiary", key=f"export-{key}"):
        problem = render.problem()
        if problem:
            st.caption(inert.markdown(problem))
        if render.browser() is None:
            formats = {extension: name for extension, name in formats.items() if extension in _PAGE}
        with st.container(horizontal=True, gap="small"):
            for extension, name in formats.items():
                st.download_button(
                    inert.markdown(name),
                    partial(files, extension),
                    file_name=f"semafo-{inert.file_name(key)}.{extension}",
                    mime=_MIME[extension],
                    key=f"export-{key}-{extension}",
                    on_click="ignore",
                )
        if formats:
            st.caption("On white, with the caption and the settings of the runs. Takes some seconds.")
