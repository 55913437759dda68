"""Integration: batches mixed, biology kept."""

from semafo.ui import controls, frame, integration, live
from semafo.ui.viewport import is_narrow

frame.title("Integration")
runs = controls.chosen_or_stop()
narrow = is_narrow()
integration.show(runs, integration.weight(), narrow)
integration.pending(runs)
if any(run.record.is_active for run in runs):
    live.cards(runs, narrow=narrow, tall=False)
