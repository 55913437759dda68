import pytest

from semafo import keys, wording
from semafo.settings.run_config import RunConfig, SplitSettings


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (40, "40 s"), (200, "3 min 20 s"), (3900, "1 h 5 min"), (None, "–")]
)
def test_durations_have_units(seconds, text):
    assert wording.duration(seconds) == text


def test_rough_durations_are_never_zero():
    assert wording.about(1) == "about 5 s"
    assert wording.about(95) == "about 2 min"


@pytest.mark.parametrize("value", [None, float("nan"), "x"])
def test_an_undefined_score_is_a_dash(value):
    assert wording.score(value) == "–"


def test_accuracy_comes_with_its_interval():
    scores = {"accuracy": 0.8619, "accuracy_low": 0.81, "accuracy_high": 0.902}
    assert wording.accuracy(scores) == "0.862 [0.81, 0.90]"
    assert wording.accuracy({"accuracy": None}) == "–"


def test_shortened_names_keep_both_ends():
    short = wording.shortened("CD8+/CD45RA+ Naive Cytotoxic", 20)
    assert len(short) <= 20
    assert short.startswith("CD8+/CD45RA+")
    assert short.endswith("otoxic")


def test_progress_says_stage_epoch_and_time_left():
    progress = {"stage": keys.QUERY_STAGE, "epoch": 12, "n_epochs": 100, "seconds_left": 21.2}
    assert wording.progress_line(progress) == "Query stage · epoch 12 of 100 · 21 s left"
    assert wording.progress_line({}) == "Starting"


def test_differences_are_in_points_with_a_true_minus():
    assert wording.points(0.0123) == "+1.2"
    assert wording.points_interval(-0.005, 0.033) == "[−0.5, 3.3]"
    assert wording.points(None) == "–"
    assert wording.points_interval(None, 0.1) == ""


@pytest.mark.parametrize(("p", "text"), [(0.00001, "p < 0.001"), (0.0421, "p 0.042"), (0.5, "p 0.50"), (None, "")])
def test_p_values_are_short(p, text):
    assert wording.p_value(p) == text


def test_names_lose_only_what_all_share():
    assert wording.without_common_parts(["scANVI · 20 % · seed 0", "Both · 20 % · seed 0"]) == ["scANVI", "Both"]
    assert wording.without_common_parts(["scANVI · 20 % · seed 0", "scANVI · 5 % · seed 0"]) == ["20 %", "5 %"]
    assert wording.without_common_parts(["scANVI · 20 %"]) == ["scANVI · 20 %"]
    assert wording.without_common_parts(["scANVI", "scANVI · leaked"]) == ["scANVI", "scANVI · leaked"]


def test_runs_whose_scores_mean_something_else_are_marked():
    assert wording.marked_title(RunConfig()) == RunConfig().title
    assert wording.marked_title(RunConfig(split=SplitSettings(leak=True))).count("labels leaked") == 1
    alone = SplitSettings(reference=("a",), reference_only=True)
    assert wording.marked_title(RunConfig(split=alone)).count("reference only") == 1


def test_lists_end_with_and():
    assert wording.listed(["one"]) == "one"
    assert wording.listed(["one", "two", "three"]) == "one, two and three"
    assert wording.listed([]) == ""


def test_a_course_says_how_far_the_kl_terms_were_warmed_up():
    one_cycle = {"n_epochs": 5, "learning_rate": 0.01, "one_cycle": True, "kl_warmup_epochs": 100}
    constant = {"n_epochs": 400, "learning_rate": 0.001, "one_cycle": False, "kl_warmup_epochs": 300}
    first, second = wording.courses({keys.SEMI_SUPERVISED: one_cycle, keys.PRETRAIN: constant})
    assert first == (
        "Semi-supervised stage: 5 epochs, learning rate up to 0.01 (one-cycle), weight of the KL terms up to 0.04."
    )
    assert second.endswith("400 epochs, learning rate 0.001 (constant), weight of the KL terms up to 1.")


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (45_105, "45 kB"), (18_590_000, "18.6 MB"), (350e6, "350 MB"), (2.5e9, "2.5 GB")],
)
def test_sizes_are_said_in_words(n_bytes, text):
    assert wording.size(n_bytes) == text


def test_one_is_singular_and_a_noun_may_have_a_plural_of_its_own():
    assert [wording.counted(n, "pair") for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
    assert [wording.counted(n, "batch", "batches") for n in (1, 3)] == ["1 batch", "3 batches"]


@pytest.mark.parametrize("seconds", [None, "now", -1, float("nan"), 2e10, 1e300])
def test_what_no_clock_can_have_said_is_no_time(seconds):
    assert wording.moment(seconds) is None


def test_a_time_of_a_clock_is_a_moment():
    assert wording.moment(86_400.0).isoformat() == "1970-01-02T00:00:00+00:00"
