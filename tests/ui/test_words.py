import pytest

from semafo import keys
from semafo.settings import RunConfig, SplitSettings
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


def test_differences_are_in_points_with_a_true_minus():
    assert words.points(0.0123) == "+1.2"
    assert words.points_interval(-0.005, 0.033) == "[−0.5, 3.3]"
    assert words.points(None) == "–"
    assert words.points_interval(None, 0.1) == ""


@pytest.mark.parametrize(("p", "text"), [(0.00001, "p < 0.001"), (0.0421, "p 0.042"), (0.5, "p 0.50"), (None, "")])
def test_p_values_are_short(p, text):
    assert words.p_value(p) == text


def test_names_lose_only_what_all_share():
    assert words.without_common_parts(["scANVI · 20 % · seed 0", "Both · 20 % · seed 0"]) == ["scANVI", "Both"]
    assert words.without_common_parts(["scANVI · 20 % · seed 0", "scANVI · 5 % · seed 0"]) == ["20 %", "5 %"]
    assert words.without_common_parts(["scANVI · 20 %"]) == ["scANVI · 20 %"]
    assert words.without_common_parts(["scANVI", "scANVI · leaked"]) == ["scANVI", "scANVI · leaked"]


def test_runs_whose_scores_mean_something_else_are_marked():
    assert words.marked_title(RunConfig()) == RunConfig().title
    assert words.marked_title(RunConfig(split=SplitSettings(leak=True))).count("labels leaked") == 1
    alone = SplitSettings(reference=("a",), reference_only=True)
    assert words.marked_title(RunConfig(split=alone)).count("reference only") == 1


def test_lists_end_with_and():
    assert words.listed(["one"]) == "one"
    assert words.listed(["one", "two", "three"]) == "one, two and three"
    assert words.listed([]) == ""


def test_a_course_says_how_far_the_kl_terms_were_warmed_up():
    one_cycle = {"n_epochs": 5, "learning_rate": 0.01, "one_cycle": True, "kl_warmup_epochs": 100}
    constant = {"n_epochs": 400, "learning_rate": 0.001, "one_cycle": False, "kl_warmup_epochs": 300}
    first, second = words.courses({keys.SEMI_SUPERVISED: one_cycle, keys.PRETRAIN: constant})
    assert first == (
        "Semi-supervised stage: 5 epochs, learning rate up to 0.01 (one-cycle), weight of the KL terms up to 0.04."
    )
    assert second.endswith("400 epochs, learning rate 0.001 (constant), weight of the KL terms up to 1.")
