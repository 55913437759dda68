"""Settings of the selected runs side by side: what differs."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from semafo import inert
from semafo.runs.folder import settings_difference
from semafo.runs.folder.run_record import RunRecord
from semafo.ui.session.run_names import names_of
from semafo.ui.widgets import downloads


def comparison(records: Sequence[RunRecord]) -> None:
    """A table of what differs, setting by row and run by column, and a line for the rest."""
    readable = [record for record in records if record.is_readable]
    if len(readable) < 2:
        return
    st.subheader("What differs", anchor=False)
    found = settings_difference.between(readable)
    if found:
        frame = pd.DataFrame(
            [one.values for one in found], pd.Index([one.setting for one in found], name="Setting"), names_of(readable)
        )
        st.dataframe(frame, key="settings_diff")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(inert.markdown(settings_difference.same_rest(found)), width="content")
        if found:
            downloads.csv_button(frame.reset_index(), "settings", "Settings as CSV")
