from benchmarks.pages.large_runs import write_comparison
from semafo.runs.home import Home
from semafo.ui.maps import alignment
from semafo.ui.maps import figures as map_figures
from semafo.ui.session.tray import ChosenRun


def test_the_runs_that_views_are_measured_on_are_runs_that_pages_can_draw(tmp_path):
    records = write_comparison(Home.at(tmp_path), 300)
    runs = [ChosenRun(record, record.title, "#4477AA") for record in records]
    assert alignment.hold_the_same_cells(runs)
    assert all(record.has_maps and not record.is_active for record in records)
    for colouring in map_figures.COLOURINGS:
        figure = map_figures.draw(runs, map_figures.View(colouring, aligned=True))
        assert sum(len(trace.x) for trace in figure.data) == 900
