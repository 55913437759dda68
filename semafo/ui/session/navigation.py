"""Pages, and going from one to another."""

import streamlit as st

COMPARE_PAGE, LATENT_PAGE, TRAIN_PAGE, DATA_PAGE, RUNS_PAGE = (
    f"pages/{name}.py" for name in ("compare", "latent_space", "train", "data", "runs")
)

COMPARE_TITLE = "Compare"


def go_to(page: str) -> None:
    """Leave for another page; tray and selection follow, what this page's widgets put into the URL stays behind."""
    st.switch_page(page, query_params={})  # without them Streamlit refuses to clear what bound widgets wrote
