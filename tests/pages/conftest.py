"""The app in a home of its own, without an engine."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from semafo.runs.engine import launch
from semafo.runs.home import Home

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home that the app uses; what the app submits stays in its inbox."""
    monkeypatch.setenv("SEMAFO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(launch, "ensure_engine", lambda home: None)
    return Home.at(tmp_path / "home")


@pytest.fixture
def warm_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server that has run app.py before: AppTest forgets at each run that st.navigation was called."""
    init = PagesManager.__init__

    def init_warm(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init_warm)


@pytest.fixture
def open_page(home: Home, warm_server: None) -> Callable[..., AppTest]:
    """Open a page by the path in its address, in a new session."""

    def open_it(path: str = "", runs: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        if path:
            app.switch_page(f"pages/{path}.py")
        if runs is not None:
            app.query_params["runs"] = runs
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_it


def texts(app: AppTest) -> str:
    """Everything that a page says in words."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info, app.toast)
    return seen("\n".join(element.value for kind in kinds for element in kind))


def seen(markdown: str) -> str:
    """What people see of other people's words in Markdown."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown.replace("\u2060", ""))


def charts(app: AppTest) -> int:
    """Number of figures on the page."""
    return len(app.get("plotly_chart"))
