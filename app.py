"""Semafo's dashboard: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from semafo.ui.shell import page_frame
from semafo.ui.shell.errors import errors_as_sentences

assets = Path(__file__).parent / "assets"
st.set_page_config(page_title="Semafo", page_icon=assets / "icon.svg", layout="wide")
st.logo(assets / "logo.svg", size="large", icon_image=assets / "icon.svg")

page = st.navigation(
    [
        st.Page("pages/data.py", title="Data", default=True),
        st.Page("pages/train.py", title="Train"),
        st.Page("pages/compare.py", title="Compare"),
        st.Page("pages/annotate.py", title="Annotate"),
        st.Page("pages/latent_space.py", title="Latent space"),
        st.Page("pages/replay.py", title="Replay"),
        st.Page("pages/predictions.py", title="Predictions"),
        st.Page("pages/integration.py", title="Integration"),
        st.Page("pages/factors.py", title="Factors"),
        st.Page("pages/sweep.py", title="Sweep"),
        st.Page("pages/runs.py", title="Runs"),
    ]
)
with errors_as_sentences():
    page_frame.show(page.title)
    page.run()
