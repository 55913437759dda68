"""Compare: everything about the chosen methods at once."""

from semafo.ui.compare import controls as compare_controls
from semafo.ui.compare import figure_on_page, integration, verdict
from semafo.ui.session import navigation, tray
from semafo.ui.session.viewport import is_cramped, is_narrow
from semafo.ui.shell import page_frame
from semafo.ui.start.chosen_or_stop import chosen_or_stop, why_nothing
from semafo.ui.widgets import check_findings

page_frame.title("Compare")
chosen_or_stop()
columns = tray.columns()
look = compare_controls.row(columns, is_narrow(), is_cramped())
figure_on_page.show(columns, look)
why_nothing([column.shown for column in columns])
verdict.show(columns)
integration.show(columns, is_cramped())
check_findings.of_runs(run.record for column in columns for run in column.runs)
navigation.links_deeper()
