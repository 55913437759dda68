"""Other people's words are inert in every place that text goes to."""

import ast
import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo import inert
from tests.support.hostile import TEXTS


def test_usual_names_stay_as_they_are():
    names = [
        "scANVI · 20 % · seed 0",
        "CD4+ T cell",
        "cell_type",
        "B cell (naive)",
        "T cell, CD8-alpha",
        "Kang 2018: IFN",
    ]
    assert [inert.markdown(name) for name in names] == names
    assert [inert.plotly(name) for name in names] == names
    assert [inert.html(name) for name in names] == names


def test_markdown_of_our_own_is_left_as_it_is():
    own = inert.Markdown(f"**{inert.markdown('a*b')}**")
    assert inert.markdown(own) == own
    assert own == r"**a\*b**"


def test_a_part_of_a_sentence_keeps_the_blank_before_it():
    assert inert.markdown(" (3 are done)") == " (3 are done)"
    assert inert.markdown("a\n        code\n\tcode") == "a  \n code  \n code"


@given(st.text())
def test_markdown_is_made_inert_once(text):
    once = inert.markdown(text)
    assert inert.markdown(once) == once


@pytest.mark.parametrize("text", TEXTS)
def test_html_and_plotly_have_no_tag(text):
    assert not set("<>\"'") & set(inert.html(text))
    assert not set("<>$") & set(inert.plotly(text))
    assert "%{" not in inert.plotly(text)


@given(st.text())
def test_no_text_holds_what_steers_a_terminal(text):
    kept = set(inert.terminal(text)) - {"\n"}
    assert all(letter.isprintable() or not letter.isascii() for letter in kept)
    assert "\x9b" not in kept


def test_a_spreadsheet_finds_no_formula():
    texts = ["=1+1", "+A1", "-cmd", "@SUM(1)", "\t=1", " =1", "\uff1d1", "CD4+", "-0.5", "+3", "1e-5", "-"]
    table = pd.DataFrame({"=name": texts, "score": np.linspace(-1, 1, len(texts))}, index=[f"=i{n}" for n in range(12)])
    rows = list(csv.reader(io.StringIO(inert.csv(table, index=True))))
    assert rows[0] == ["index", "'=name", "score"]
    assert [row[1] for row in rows[1:]] == [
        *("'=1+1", "'+A1", "'-cmd", "'@SUM(1)", "'\t=1", "' =1", "'\uff1d1"),
        *("CD4+", "-0.5", "+3", "1e-5", "'-"),
    ]
    assert rows[1][0] == "'=i0"
    assert float(rows[1][2]) == -1  # numbers stay numbers


@given(st.text())
def test_a_docstring_is_not_ended(text):
    tree = ast.parse(f'"""{inert.docstring(text)}\n"""\n')
    assert len(tree.body) == 1


@given(st.text())
def test_a_file_name_stays_in_its_folder(text):
    name = inert.file_name(text)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert not name.startswith(".")
    assert len(name) <= 80


def test_a_notebook_renders_none_of_it():
    assert json.dumps(inert.notebook("<b>$x$ [a](b)")) == r'"\\<b\\>\\$x\\$ \\[a\\]\\(b\\)"'


@given(st.dictionaries(st.text(), st.text()))
def test_json_for_a_terminal_is_the_same_json(value):
    text = inert.as_json(value)
    assert json.loads(text) == value
    assert inert.terminal(text) == text
