"""Integration: batches mixed, biology kept."""

import streamlit as st

from semafo.ui import charts, controls, frame, integration, live, state, tables

frame.title("Integration")
runs = controls.chosen_or_stop()
narrow = state.is_narrow()
bio_weight = integration.weight()
rows = tables.score_rows(runs, bio_weight)
if rows:
    st.plotly_chart(charts.score_table(rows, narrow=narrow), key="scores", config=controls.QUIET_CHART)
    integration.captions(runs, rows)
integration.pending(runs)
if any(run.record.is_active for run in runs):
    live.cards(runs, narrow=narrow, tall=False)
if rows:
    integration.table(rows)
