"""No word of a file, an address or a person reaches a page but through `semafo.inert`: the code is walked for it."""

import re

import pytest

from tests.support.imports import ROOT, modules
from tests.support.shown_text import printed_as_it_is, went_round

SHOWN = {
    **{name: source for name, source in modules().items() if name.startswith("semafo.ui")},
    **{path.name: path.read_text(encoding="utf-8") for path in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]},
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_word_is_inert_where_it_is_shown(name):
    assert went_round(SHOWN[name]) == []


def test_every_word_is_inert_where_a_command_prints_it():
    commands = {name: source for name, source in modules().items() if name.startswith("semafo.cli")}
    assert {name: found for name, source in commands.items() if (found := printed_as_it_is(source))} == {}
    assert printed_as_it_is("click.echo(run.name)")


def test_tables_are_written_in_one_place():
    writers = {
        name
        for name, source in modules().items()
        if re.search(r"(?<!downloads)\.to_(csv|html|latex|markdown)\(", source)
    }
    assert writers == {"semafo.inert", "semafo.ui.reports.html_page"}


@pytest.mark.parametrize(
    "line",
    [
        "st.caption(run.name)",
        "st.error(str(error))",
        "st.markdown(f'**{title}** is done')",
        "column.button(f'Remove {name}', key='x')",
        "st.button('Remove', help=f'Take {name} out')",
        "st.page_link(PAGE, label=title)",
        "bar.progress(0.5, text=title)",
        "st.pills('Types', types)",
        "st.html(f'<b>{name}</b>')",
        "trace = dict(hovertemplate=f'{name} %{{y}}')",
        "said = Markdown(f'**{name}**')",
        "st.info(name if name else 'none')",
        "st.caption(' '.join(warnings))",
    ],
)
def test_words_that_go_round_are_found(line):
    assert went_round(f"def show(name):\n    {line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "st.caption(inert.markdown(run.name))",
        "st.caption(f'{wording.cells(n)} of {len(rows)}, {share:.2f}')",
        "st.caption(NOTE if few else '')",
        "st.button('Remove', help=HELPS[kind])",
        "st.pills('Types', types, format_func=inert.markdown)",
        "st.html(f'<b>{inert.html(name)}</b>')",
        "_LOGGER.error(name)",
    ],
)
def test_words_that_are_inert_are_left(line):
    assert went_round(f"def show(name):\n    {line}\n") == []
