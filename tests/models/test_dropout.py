"""Dropout of our own drops what it should, repeats itself, and leaves other sources of noise alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scvi.nn import FCLayers
from torch import nn

from semafo.models.networks import QuickDropout, quicken_dropout


def dropped(p, seed, shape=(200, 300)):
    """What is left of ones."""
    return QuickDropout(nn.Dropout(p), seed)(torch.ones(shape))


@settings(deadline=None, max_examples=20)
@given(st.sampled_from([0.05, 0.1, 0.5, 0.9]), st.integers(0, 10_000))
def test_each_entry_is_dropped_with_probability_p_and_the_others_make_up_for_it(p, seed):
    left = dropped(p, (seed, 0))
    n_dropped = int((left == 0).sum())
    assert stats.binomtest(n_dropped, left.numel(), p).pvalue > 1e-7
    torch.testing.assert_close(left[left != 0], torch.full_like(left[left != 0], 1 / (1 - p)), rtol=1e-4, atol=0)


def test_entries_are_dropped_independently_of_their_neighbours():
    gone = (dropped(0.5, (1, 0)) == 0).numpy()
    for one, other in [(gone[:, 1:], gone[:, :-1]), (gone[1:], gone[:-1]), (gone[:, 4:], gone[:, :-4])]:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 128)])
def test_any_shape_will_do(shape):
    assert dropped(0.1, (0, 0), shape).shape == shape


def test_the_same_seed_drops_the_same_entries_and_every_layer_others():
    def layers(seed):
        torch.manual_seed(seed)
        network = FCLayers(4, 50, n_layers=2, n_hidden=50, dropout_rate=0.5)
        quicken_dropout(network)
        return [block[-1] for block in network.fc_layers]

    ones = torch.ones(20, 50)
    first, again, other = ([layer(ones) for layer in layers(seed)] for seed in (3, 3, 4))
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], other[0])


def test_torch_draws_what_it_would_have_drawn_without_the_dropout():
    torch.manual_seed(0)
    expected = torch.randn(5)
    torch.manual_seed(0)
    dropped(0.1, (0, 0))
    assert torch.equal(torch.randn(5), expected)


def test_nothing_is_dropped_when_the_network_is_used_or_p_is_0():
    ones = torch.ones(4, 4)
    assert QuickDropout(nn.Dropout(0.5), (0, 0)).eval()(ones) is ones
    assert QuickDropout(nn.Dropout(0.0), (0, 0))(ones) is ones
