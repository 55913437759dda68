"""Factors: what does a dimension mean."""

from semafo.ui.factors import information, traversal
from semafo.ui.session.viewport import is_cramped
from semafo.ui.shell import page_frame
from semafo.ui.start.chosen_or_stop import chosen_or_stop

page_frame.title("Factors")
runs = chosen_or_stop()
narrow = is_cramped()
ready = information.ready_or_stop(runs)
information.show_map(ready, narrow)
traversal.show(ready, narrow)
information.show_scores(ready)
