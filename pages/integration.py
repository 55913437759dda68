"""Integration: batches mixed, biology kept."""

from semafo.ui import frame, integration, live
from semafo.ui.start.chosen_or_stop import chosen_or_stop
from semafo.ui.viewport import is_narrow

frame.title("Integration")
runs = chosen_or_stop()
narrow = is_narrow()
integration.show(runs, integration.weight(), narrow)
integration.pending(runs)
if any(run.record.is_active for run in runs):
    live.cards(runs, narrow=narrow, tall=False)
