"""Small controls that several pages share."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from semafo import inert
from semafo.ui.session import navigation, tray
from semafo.ui.session.viewport import is_cramped

Option = TypeVar("Option")

NORMALISATIONS = {"By row": "row", "By column": "column", "Counts": "counts"}
QUIET_CHART = {"displayModeBar": False, "responsive": True}
MAP_CHART = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}


def two_fields() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Places for two fields of a form: beside each other, or on a tablet, where the form is narrow, stacked."""
    if is_cramped():
        return st.container(), st.container()
    first, second = st.columns(2)
    return first, second


def choice(
    label: str,
    options: Sequence[str],
    key: str,
    help: str | None = None,
    *,
    default: str | None = None,
    **kwargs: Any,
) -> str:
    """One of a few named options; the first unless `default` is given.

    The value stays for the session and stands in the URL as `?key=option`, so that a copied link opens the same view.
    The default and what is not an option are left out of the URL; another page's choices are as well.
    """
    first = options[0] if default is None else default
    picked = st.segmented_control(
        inert.markdown(label),
        options,
        format_func=inert.markdown,
        default=first,
        required=True,
        key=key,
        help=help and inert.markdown(help),
        bind="query-params",
        persist_state="session",
        **kwargs,
    )
    return picked if picked in options else first


def pick(
    label: str,
    options: Sequence[Option],
    key: str,
    help: str | None = None,
    *,
    default: Option | None = None,
    format_func: Callable[[Option], str] = str,
    **kwargs: Any,
) -> Option | None:
    """One of many options from a select that can be searched; kept and linked as a `choice` is.

    The URL has what `format_func` makes of the option. None where there is no option.
    """
    options = list(options)
    index = options.index(default) if default in options else 0
    return st.selectbox(
        inert.markdown(label),
        options,
        index if options else None,
        format_func,
        key,
        help,
        bind="query-params",
        persist_state="session",
        **kwargs,
    )


def search(label: str, key: str, placeholder: str, **kwargs: Any) -> str:
    """Words to look for; kept and linked as a `choice` is."""
    text = st.text_input(
        inert.markdown(label),
        key=key,
        type="search",
        placeholder=placeholder,
        bind="query-params",
        persist_state="session",
        **kwargs,
    )
    return text or ""


def switch(label: str, key: str, default: bool = False, help: str | None = None, **kwargs: Any) -> bool:
    """Yes or no; kept and linked as a `choice` is."""
    return st.toggle(
        inert.markdown(label),
        default,
        key,
        help and inert.markdown(help),
        bind="query-params",
        persist_state="session",
        **kwargs,
    )


def population(key: str) -> str:
    """Which cells scores and matrices are on: the test cells unless asked otherwise. `test` or `query`."""
    picked = choice(
        "Cells",
        ["Test cells", "Whole query"],
        key,
        help="Test cells: no model saw their labels at any rate. Whole query: as the paper scores, with labelled cells "
        "among them, for comparison only.",
    )
    return "test" if picked == "Test cells" else "query"


def normalisation() -> str:
    """Shares of the observed type, of the predicted type, or counts."""
    picked = choice(
        "Scale",
        list(NORMALISATIONS),
        "normalisation",
        help="By row: share of each observed type, so the diagonal is the share found. By column: share of each "
        "predicted type, as in the paper's notebook. Counts: cells.",
    )
    return NORMALISATIONS[picked]


def link_to_comparison() -> None:
    """From training to what comes of it."""
    if tray.run_ids():
        st.page_link(navigation.COMPARE_PAGE, label="Compare the chosen runs")
