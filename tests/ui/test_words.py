import pytest

from semafo import keys
from semafo.ui import words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (40, "40 s"), (200, "3 min 20 s"), (3900, "1 h 5 min"), (None, "–")]
)
def test_durations_have_units(seconds, text):
    assert words.duration(seconds) == text


def test_rough_durations_are_never_zero():
    assert words.about(1) == "about 5 s"
    assert words.about(95) == "about 2 min"


@pytest.mark.parametrize("value", [None, float("nan"), "x"])
def test_an_undefined_score_is_a_dash(value):
    assert words.score(value) == "–"


def test_accuracy_comes_with_its_interval():
    scores = {"accuracy": 0.8619, "accuracy_low": 0.81, "accuracy_high": 0.902}
    assert words.accuracy(scores) == "0.862 [0.81, 0.90]"
    assert words.accuracy({"accuracy": None}) == "–"


def test_shortened_names_keep_both_ends():
    short = words.shortened("CD8+/CD45RA+ Naive Cytotoxic", 20)
    assert len(short) <= 20
    assert short.startswith("CD8+/CD45RA+")
    assert short.endswith("otoxic")


def test_progress_says_stage_epoch_and_time_left():
    progress = {"stage": keys.QUERY_STAGE, "epoch": 12, "n_epochs": 100, "seconds_left": 21.2}
    assert words.progress_line(progress) == "Query stage · epoch 12 of 100 · 21 s left"
    assert words.progress_line({}) == "Starting"
