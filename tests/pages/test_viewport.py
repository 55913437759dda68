"""Narrow windows: what the browser says of itself first, what its window reports later."""

import pytest

from tests.support import fakes


@pytest.fixture
def narrow_layouts(monkeypatch):
    """Whether each drawing of the page was for a narrow window."""
    from semafo.ui import charts

    seen, draw = [], charts.score_table
    monkeypatch.setattr(charts, "score_table", lambda rows, narrow: (seen.append(narrow), draw(rows, narrow=narrow))[1])
    return seen


@pytest.mark.parametrize(("agent", "narrow"), [("Mozilla/5.0 (Android 13) Mobile", True), ("Mozilla/5.0", False)])
def test_the_first_drawing_goes_by_what_the_browser_says(monkeypatch, agent, narrow):
    from semafo.ui.session import viewport

    monkeypatch.setattr(viewport, "_user_agent", lambda: agent)
    assert viewport.is_narrow() is narrow


def test_a_window_that_reports_is_believed_and_drawn_once(home, open_page, narrow_layouts):
    fakes.comparison(home)
    app = open_page("integration")
    assert narrow_layouts == [False]
    app.session_state["viewport"] = {"narrow": True}
    app.run()
    assert not app.exception
    assert narrow_layouts == [False, True]


def test_a_window_of_a_tablet_is_cramped_and_not_narrow(monkeypatch):
    from semafo.ui.session import viewport

    monkeypatch.setattr(viewport, "_user_agent", lambda: "Mozilla/5.0")
    monkeypatch.setattr(viewport.st, "session_state", {"viewport": {"narrow": False, "cramped": True}})
    assert viewport.is_cramped()
    assert not viewport.is_narrow()
    monkeypatch.setattr(viewport.st, "session_state", {"viewport": {"narrow": True}})
    assert viewport.is_cramped()
