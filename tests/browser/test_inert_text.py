"""Whatever other people's words hold, a browser shows them letter by letter and does nothing else with them."""

import json

import pytest

from semafo import inert
from semafo.runs.home import Home
from tests.support.hostile import TEXTS
from tests.support.serving import clean_console, showing_script

SCRIPT = """
import json
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from semafo import inert

TEXTS = json.loads(Path(__file__).with_name("texts.json").read_text(encoding="utf-8"))

for i, text in enumerate(TEXTS):
    with st.container(key=f"text-{i}"):
        st.markdown(inert.markdown(text))
    with st.container(key=f"button-{i}"):
        st.button(inert.markdown(text), key=f"b{i}")
    with st.container(key=f"html-{i}"):
        st.html(f"<div title='{inert.html(text)}'>{inert.html(text)}</div>")
names = [inert.plotly(text) for text in TEXTS]
figure = go.Figure(go.Bar(y=list(range(len(names))), x=[1] * len(names), orientation="h"))
figure.update_yaxes(tickmode="array", tickvals=list(range(len(names))), ticktext=names, automargin=False)
figure.update_layout(height=2000, margin_l=600)
st.plotly_chart(figure, key="figure")
"""
ELEMENTS = "a, img, strong, em, del, code, pre, h1, h2, h3, li, blockquote, table, hr, sub, sup, script, input, .katex"


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inert")
    script = folder / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")
    (folder / "texts.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    with showing_script(script, Home.at(folder / "home"), folder / "app.log") as address:
        tab = browser.new_page()
        asked = []
        tab.on("request", lambda request: asked.append(request.url))
        with clean_console(tab):
            tab.goto(address)
            tab.locator(".js-plotly-plot .ytick text").nth(len(TEXTS) - 1).wait_for(timeout=60_000)
            yield tab
            assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
        tab.close()


def letters(text: str) -> str:
    """A text as it can be seen: blanks and line breaks are one, and what takes no room is not there."""
    return "".join(text.replace("\u2060", "").replace("\u00a0", " ").split())


@pytest.mark.parametrize("place", ["text", "button", "html"])
def test_words_are_shown_letter_by_letter(page, place):
    shown = [page.locator(f".st-key-{place}-{i}").inner_text() for i in range(len(TEXTS))]
    assert [letters(text) for text in shown] == [letters(inert.visible(text, lines=True)) for text in TEXTS]


@pytest.mark.parametrize("place", ["text", "button", "html"])
def test_words_make_no_element(page, place):
    for i, text in enumerate(TEXTS):
        found = page.locator(f".st-key-{place}-{i}").locator(ELEMENTS)
        assert found.evaluate_all("all => all.map(one => one.outerHTML)") == [], text


def test_a_figure_shows_words_letter_by_letter(page):
    ticks = page.locator(".js-plotly-plot .ytick text")
    shown = ticks.evaluate_all("all => all.map(one => one.textContent)")
    assert [letters(text) for text in shown] == [letters(inert.visible(text)) for text in TEXTS]
    assert page.locator(".js-plotly-plot a, .js-plotly-plot tspan").count() == 0
    assert page.title() == "Streamlit"
