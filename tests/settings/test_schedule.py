"""How long a stage is trained follows from the schedule and the number of cells, unless it is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo import keys
from semafo.errors import SettingsError
from semafo.settings.run_config import CONSTANT, ONE_CYCLE, TrainSettings
from semafo.settings.schedule import course_of

STAGES = (keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE)


def test_the_constant_schedule_is_that_of_scvi_tools():
    found = [course_of(stage, TrainSettings(CONSTANT), 2_000) for stage in STAGES]
    assert [course.n_epochs for course in found] == [400, 20, 100]
    assert {(course.learning_rate, course.one_cycle, course.kl_warmup_epochs) for course in found} == {
        (1e-3, False, 400)
    }
    assert course_of(keys.PRETRAIN, TrainSettings(CONSTANT), 40_000).n_epochs == 200


@given(st.integers(1, 10**6))
def test_no_stage_is_trained_for_more_epochs_than_by_scvi_tools(n_cells):
    for stage in STAGES:
        stock = course_of(stage, TrainSettings(CONSTANT), n_cells).n_epochs
        assert 1 <= course_of(stage, TrainSettings(), n_cells).n_epochs <= stock


def test_many_labelled_cells_get_more_epochs_of_the_semi_supervised_stage():
    found = [course_of(keys.SEMI_SUPERVISED, TrainSettings(), n).n_epochs for n in (700, 2_700, 9_000, 15_000, 10**6)]
    assert found == [15, 5, 6, 10, 10]


@given(st.integers(1, 10**6), st.sampled_from([keys.PRETRAIN, keys.QUERY_STAGE]))
def test_more_cells_are_never_trained_for_more_epochs(n_cells, stage):
    one, other = (course_of(stage, TrainSettings(), n).n_epochs for n in (n_cells, 2 * n_cells))
    assert 1 <= other <= one <= course_of(stage, TrainSettings(CONSTANT), 1).n_epochs


@given(st.integers(1, 10**6))
def test_the_kl_terms_end_at_the_weight_that_the_constant_schedule_gives_them(n_cells):
    ends = {keys.PRETRAIN: 1.0, keys.SEMI_SUPERVISED: 20 / 400, keys.QUERY_STAGE: 100 / 400}
    for stage, weight in ends.items():
        course = course_of(stage, TrainSettings(), n_cells)
        assert course.n_epochs / course.kl_warmup_epochs == pytest.approx(weight)
        assert course.kl_weight(0) == 0
        assert course.kl_weight(course.n_epochs) == pytest.approx(weight)


def test_what_is_given_is_kept():
    given_settings = TrainSettings(ONE_CYCLE, 7, 8, 9, learning_rate=0.5, kl_warmup_epochs=3)
    found = [course_of(stage, given_settings, 2_000) for stage in STAGES]
    assert [course.n_epochs for course in found] == [7, 8, 9]
    assert {(course.learning_rate, course.kl_warmup_epochs) for course in found} == {(0.5, 3)}


def test_query_surgery_has_no_weight_decay():
    assert [course_of(stage, TrainSettings(), 100).weight_decay for stage in STAGES] == [1e-6, 1e-6, 0.0]


@pytest.mark.parametrize("bad", [{"schedule": "cosine"}, {"learning_rate": 0.0}, {"accelerator": "tpu"}])
def test_settings_that_mean_nothing_are_refused_in_words(bad):
    with pytest.raises(SettingsError, match=r"choose|above 0"):
        TrainSettings(**bad)
