"""Factors: what does a dimension mean."""

from semafo.ui import controls, factors, frame, traversal
from semafo.ui.viewport import is_narrow

frame.title("Factors")
runs = controls.chosen_or_stop()
narrow = is_narrow()
ready = factors.ready_or_stop(runs)
factors.show_map(ready, narrow)
traversal.show(ready, narrow)
factors.show_scores(ready)
