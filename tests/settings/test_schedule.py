"""How long a stage is trained follows from the schedule and the number of cells, unless it is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo import keys
from semafo.errors import SettingsError
from semafo.settings.run_config import CONDENSED, CONSTANT, ONE_CYCLE, TrainSettings
from semafo.settings.schedule import course_of

STAGES = (keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE)


def test_the_constant_schedule_is_that_of_scvi_tools():
    found = [course_of(stage, TrainSettings(CONSTANT), 2_000) for stage in STAGES]
    assert [course.n_epochs for course in found] == [400, 20, 100]
    assert {(course.learning_rate, course.one_cycle, course.kl_warmup_epochs) for course in found} == {
        (1e-3, False, 400)
    }
    assert course_of(keys.PRETRAIN, TrainSettings(CONSTANT), 40_000).n_epochs == 200


SHORT = st.sampled_from([CONDENSED, ONE_CYCLE])
PARTS = [(keys.ONE_STAGE, stage) for stage in STAGES[:2]] + [(keys.SURGERY, stage) for stage in STAGES]


@given(st.integers(1, 10**6), SHORT, st.sampled_from(PARTS))
def test_no_stage_is_trained_for_more_epochs_than_by_scvi_tools(n_cells, schedule, part):
    form, stage = part
    stock = course_of(stage, TrainSettings(CONSTANT), n_cells, form).n_epochs
    assert 1 <= course_of(stage, TrainSettings(schedule), n_cells, form).n_epochs <= stock


def test_the_preview_gives_many_labelled_cells_more_epochs_of_the_semi_supervised_stage():
    preview = TrainSettings(ONE_CYCLE)
    found = [course_of(keys.SEMI_SUPERVISED, preview, n).n_epochs for n in (700, 2_700, 9_000, 15_000, 10**6)]
    assert found == [15, 5, 6, 10, 10]


@given(st.integers(1, 10**6), st.sampled_from([keys.PRETRAIN, keys.QUERY_STAGE]), SHORT)
def test_more_cells_are_never_trained_for_more_epochs(n_cells, stage, schedule):
    found = (course_of(stage, TrainSettings(schedule), n, keys.SURGERY).n_epochs for n in (n_cells, 2 * n_cells))
    one, other = found
    assert 1 <= other <= one <= course_of(stage, TrainSettings(CONSTANT), 1).n_epochs


# What is stored under a name has to mean the same for ever: epochs and highest rates of the stages of one stage, then
# of surgery, on so many cells. A schedule that should be another one gets another name.
MEANINGS = {
    CONDENSED: {
        700: ([(150, 3e-3), (12, 2e-3)], [(250, 2e-3), (20, 1e-3), (25, 4e-3)]),
        2_699: ([(150, 3e-3), (12, 2e-3)], [(250, 2e-3), (20, 1e-3), (25, 4e-3)]),
        85_000: ([(35, 3e-3), (12, 2e-3)], [(59, 2e-3), (20, 1e-3), (25, 4e-3)]),
    },
    CONSTANT: {
        700: ([(400, 1e-3), (20, 1e-3)], [(400, 1e-3), (20, 1e-3), (100, 1e-3)]),
        85_000: ([(94, 1e-3), (20, 1e-3)], [(94, 1e-3), (20, 1e-3), (100, 1e-3)]),
    },
    ONE_CYCLE: {
        700: ([(120, 1e-2), (15, 1e-2)], [(120, 1e-2), (15, 1e-2), (40, 2e-2)]),
        2_699: ([(33, 1e-2), (5, 1e-2)], [(33, 1e-2), (5, 1e-2), (11, 2e-2)]),
        85_000: ([(30, 1e-2), (10, 1e-2)], [(30, 1e-2), (10, 1e-2), (5, 2e-2)]),
    },
}


@pytest.mark.parametrize("schedule", MEANINGS)
def test_the_name_of_a_schedule_keeps_its_meaning(schedule):
    for n_cells, wanted in MEANINGS[schedule].items():
        for form, courses in zip((keys.ONE_STAGE, keys.SURGERY), wanted, strict=True):
            found = [course_of(stage, TrainSettings(schedule), n_cells, f) for f, stage in PARTS if f == form]
            assert [(course.n_epochs, course.learning_rate) for course in found] == courses


def test_the_default_of_scvi_keeps_its_course():
    course = course_of(keys.PRETRAIN, TrainSettings(), 2_699)
    weights = [course.kl_weight(epoch) for epoch in range(150)]
    assert [weights[epoch] for epoch in (0, 149)] == [0, 0.65]
    assert weights == sorted(weights)
    assert course.kl_weight(75) == pytest.approx(0.35 + 0.3 * (75 / 149 - 0.35) / 0.3)
    assert [course.rate_factor(share) for share in (0, 0.5, 0.75, 1)] == pytest.approx([1, 1, 0.575, 0.15])
    assert (course.adam_eps, course.batch_norm_keeps_up) == (1e-4, True)


@given(st.integers(3, 10**6), SHORT)
def test_the_later_kl_terms_end_at_the_weight_that_the_constant_schedule_gives_them(n_cells, schedule):
    ends = {keys.SEMI_SUPERVISED: 20 / 400, keys.QUERY_STAGE: 100 / 400}
    for stage, weight in ends.items():
        course = course_of(stage, TrainSettings(schedule), n_cells, keys.SURGERY)
        assert course.kl_weight(0) == 0
        assert course.kl_weight(course.n_epochs) == pytest.approx(weight)


@pytest.mark.parametrize("schedule", [CONDENSED, CONSTANT, ONE_CYCLE])
def test_what_is_given_is_kept(schedule):
    given_settings = TrainSettings(schedule, 7, 8, 9, learning_rate=0.5, kl_warmup_epochs=3)
    found = [course_of(stage, given_settings, 2_000, keys.SURGERY) for stage in STAGES]
    assert [course.n_epochs for course in found] == [7, 8, 9]
    assert {(course.learning_rate, course.kl_warmup_epochs) for course in found} == {(0.5, 3)}
    assert [course.kl_weight(epoch) for course in found for epoch in (0, 3, 6)] == [0, 1, 1] * 3


def test_query_surgery_has_no_weight_decay():
    found = [course_of(stage, TrainSettings(), 100, keys.SURGERY) for stage in STAGES]
    assert [course.weight_decay for course in found] == [1e-6, 1e-6, 0.0]


@pytest.mark.parametrize("bad", [{"schedule": "cosine"}, {"learning_rate": 0.0}, {"accelerator": "tpu"}])
def test_settings_that_mean_nothing_are_refused_in_words(bad):
    with pytest.raises(SettingsError, match=r"choose|above 0"):
        TrainSettings(**bad)
