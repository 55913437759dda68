"""Factors: what does a dimension mean."""

from semafo.ui import factors, frame, traversal
from semafo.ui.start.chosen_or_stop import chosen_or_stop
from semafo.ui.viewport import is_narrow

frame.title("Factors")
runs = chosen_or_stop()
narrow = is_narrow()
ready = factors.ready_or_stop(runs)
factors.show_map(ready, narrow)
traversal.show(ready, narrow)
factors.show_scores(ready)
