"""Every figure has words for those who cannot see it, and files to take away."""

import pytest

from semafo.ui.printing import caption as printing_caption
from semafo.ui.printing import render
from semafo.ui.session import tray
from semafo.ui.widgets import downloads
from tests.support import fakes

PAGES = ("data", "train", "latent_space", "predictions", "integration")


def descriptions(app):
    return [element.proto.alt for element in app.get("plotly_chart")]


@pytest.mark.parametrize("path", PAGES)
def test_every_figure_has_a_text_alternative_and_three_files(home, open_page, monkeypatch, path):
    monkeypatch.setattr(render, "browser", lambda: "/usr/bin/chromium")
    fakes.comparison(home)
    fakes.write_inspection(home, fakes.REAL)
    app = open_page(path)
    assert not app.exception
    said = descriptions(app)
    assert said
    assert all(len(text) > 20 for text in said)
    names = [button.proto.label for button in app.get("download_button")]
    assert all(names.count(kind) == len(said) for kind in ("SVG", "PNG", "PDF"))


def test_without_a_browser_the_camera_stands_in_for_files(home, open_page, monkeypatch):
    monkeypatch.setattr(render, "browser", lambda: None)
    fakes.comparison(home)
    app = open_page("predictions")
    assert "SVG" not in [button.proto.label for button in app.get("download_button")]
    assert all("toImage" in chart.proto.config for chart in app.get("plotly_chart"))
    assert any("set BROWSER_PATH" in caption.value for caption in app.caption)


def test_what_stands_below_a_printed_figure_says_where_it_comes_from(home, open_page):
    runs = [tray.ChosenRun(record, record.title, "#000000") for record in fakes.comparison(home)]
    notes = printing_caption.of(runs, "**One** _seed_ proves [nothing](x).")
    assert notes[0] == "**One** _seed_ proves [nothing](x)."
    settings = "pbmc68k · one stage · labels 20 % · scANVI, SemafoVAE, Both · Condensed schedule · seed 0"
    assert notes[1] == f"{settings} · n = 210 test cells"
    assert notes[2].startswith("Semafo ")
    assert printing_caption.of(()) == notes[2:]


def test_a_table_goes_away_as_text_with_commas():
    import pandas as pd

    frame = pd.DataFrame({"type": ["B", "T, naive"], "score": [0.5, None]})
    assert downloads.to_csv(frame).decode() == 'type,score\nB,0.5\n"T, naive",\n'
