"""The Factors page, of runs in every state."""

import pytest

from semafo import keys
from semafo.files import write_json
from tests.pages.conftest import charts, texts
from tests.support import fakes
from tests.support.fake_factors import GENES


def selects(app):
    return {box.label: box for box in app.selectbox}


def test_an_empty_home_offers_the_two_comparisons(open_page):
    app = open_page("factors")
    assert not app.exception
    assert [button.label for button in app.button][:2] == ["Compare on real cells", "Map a query onto a reference"]


@pytest.mark.parametrize("config", [fakes.REAL, fakes.MAPPED])
def test_finished_runs_are_drawn(home, open_page, config):
    fakes.comparison(home, config)
    app = open_page("factors")
    assert not app.exception
    assert not app.error
    assert charts(app) == 2
    said = texts(app)
    assert "Dimensions of different runs do not correspond" in said
    assert "Cell-cycle phase: fewer than 5 of its genes" in said
    assert "proves nothing" in said


def test_each_run_begins_with_the_used_dimension_that_carries_most_of_the_type(home, open_page):
    runs = fakes.comparison(home)
    boxes = selects(open_page("factors"))
    for run in runs:
        rows = {row["name"]: row["information"] for row in run.factors()["factors"]}
        best = max(range(1, 10), key=lambda place: rows["Cell type"][place])
        assert boxes[f"Dimension of {run.title}"].value == f"z{best + 1}"


def test_another_type_another_dimension_and_another_factor_can_be_chosen(home, open_page):
    run = fakes.finished(home)
    app = open_page("factors")
    selects(app)["From cell type"].set_value("CD34+").run()
    assert "mean of the CD34+ cells" in texts(app)
    selects(app)[f"Dimension of {run.title}"].set_value("z3").run()
    assert any("z3" in caption.value for caption in app.caption)
    selects(app)["Dimension that carries most of"].set_value("Library size").run()
    selects(app)["Sort dimensions by"].set_value("Library size").run()
    assert not app.exception
    assert not app.error


def test_the_genes_that_move_are_listed(home, open_page):
    fakes.finished(home)
    app = open_page("factors")
    listed = next(frame.value for frame in app.dataframe if "Gene" in frame.value)
    assert set(listed["Gene"]) <= set(GENES)
    change = listed["log2 change"].to_numpy()
    assert change[0] == change.max() > 0 > change.min()


def test_a_run_without_these_files_says_what_to_do(home, open_page):
    runs = fakes.comparison(home)
    (runs[0].folder / keys.FACTORS_FILE).unlink()
    app = open_page("factors")
    assert not app.exception
    assert charts(app) == 2  # the others are shown
    assert f"{runs[0].title}: trained before" in texts(app)
    for run in runs[1:]:
        (run.folder / keys.FACTORS_FILE).unlink()
    app = open_page("factors")
    assert charts(app) == 0
    assert "train it again" in texts(app)


def test_a_run_at_work_and_one_whose_factors_failed_say_so(home, open_page):
    working, broken = fakes.running(home), fakes.finished(home, fakes.MAPPED)
    write_json(broken.folder / keys.FACTORS_FILE, {"rows": {}, "error": "There was not enough memory."})
    app = open_page("factors", runs=f"{working.run_id},{broken.run_id}")
    assert not app.exception
    said = texts(app)
    assert "In training. Its dimensions are measured with its scores." in said
    assert "There was not enough memory." in said


def test_runs_of_different_data_are_shown_side_by_side(home, open_page):
    runs = [fakes.finished(home), fakes.finished(home, fakes.MAPPED)]
    app = open_page("factors", runs=",".join(run.run_id for run in runs))
    assert not app.exception
    assert charts(app) == 2
    assert "Left out of pbmc68k" in texts(app)
