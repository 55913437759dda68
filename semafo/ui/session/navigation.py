"""Pages, and going from one to another."""

import streamlit as st

from semafo import inert

COMPARE_PAGE, LATENT_PAGE, TRAIN_PAGE, DATA_PAGE, RUNS_PAGE = (
    f"pages/{name}.py" for name in ("compare", "latent_space", "train", "data", "runs")
)

COMPARE_TITLE = "Compare"
DEEPER = {
    title: f"pages/{title.lower().replace(' ', '_')}.py" for title in ("Latent space", "Predictions", "Integration")
}


def go_to(page: str) -> None:
    """Leave for another page; tray and selection follow, what this page's widgets put into the URL stays behind."""
    st.switch_page(page, query_params={})  # without them Streamlit refuses to clear what bound widgets wrote


def links_deeper() -> None:
    """From the comparison to the pages that say more about one of its parts."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption("Go deeper:", width="content")
        for title, page in DEEPER.items():
            st.page_link(page, label=inert.markdown(title))
