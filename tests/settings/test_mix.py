"""A mix has a name for people and a spelling for commands, and neither loses anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo.settings.mix import HEADS, LABEL_WEIGHTINGS, Mix

WEIGHTS = st.floats(0, 1000, allow_nan=False)


@pytest.mark.parametrize(
    ("mix", "name", "option"),
    [
        (Mix(1, 0), "scANVI", "scanvi"),
        (Mix(0, 1, "normalised"), "SemafoVAE normalised", "semafo"),
        (Mix(1, 1, head="mixture"), "Both + mixture", "both"),
        (Mix(0.7, 0.3), "0.7:0.3", "0.7:0.3"),
        (Mix(2, 0), "2:0", "2:0"),
    ],
)
def test_people_read_the_name_and_commands_take_the_option(mix, name, option):
    assert (mix.name, mix.option) == (name, option)


@given(WEIGHTS, WEIGHTS, st.sampled_from(LABEL_WEIGHTINGS), st.sampled_from(HEADS))
def test_what_a_command_is_given_is_the_mix_that_it_came_from(w_scanvi, w_semafo, weighting, head):
    if w_scanvi + w_semafo > 0:
        mix = Mix(w_scanvi, w_semafo, weighting, head)
        assert Mix.parse(mix.option, weighting, head) == mix
