"""Integration: batches mixed, biology kept."""

from semafo.ui.integration import table as integration_table
from semafo.ui.session.viewport import is_cramped
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.start.chosen_or_stop import chosen_or_stop

page_frame.title("Integration")
runs = chosen_or_stop()
narrow = is_cramped()
integration_table.show(runs, integration_table.weight(), narrow)
integration_table.pending(runs)
if any(run.record.is_active for run in runs):
    training_progress.cards(runs, narrow=narrow, tall=False)
