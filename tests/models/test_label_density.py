"""The label densities behind the label gap."""

import numpy as np
import pytest
import torch

from semafo.errors import SettingsError

MIXES = [(1, 0), (0, 1), (1, 1), (0.7, 0.3)]


@pytest.mark.parametrize("mix", MIXES)
def test_label_log_density_is_deterministic_and_has_a_column_for_each_label(mix, cells, start, train):
    model = train(start(cells, mix))
    first, second = (model.label_log_density(batch_size=size) for size in (40, 17))
    assert first.shape == (120, 3)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.label_log_density(indices=[5, 3]), first[[5, 3]], rtol=1e-4, atol=1e-4)


def test_label_log_density_is_that_of_the_controlling_vae_at_the_means(cells, start, train):
    model = train(start(cells, (1, 1)))
    found = model.label_log_density(density="scanvi")
    z = torch.from_numpy(model.get_latent_representation())
    module = model.module
    with torch.no_grad():
        for label in range(3):
            one_hot = torch.eye(3)[label].expand(len(z), 3)
            q_u, _ = module.encoder_z2_z1(z, one_hot)
            mean, variance = module.decoder_z1_z2(q_u.loc, one_hot)
            expected = torch.distributions.Normal(mean, variance.sqrt()).log_prob(z).sum(-1)
            np.testing.assert_allclose(found[:, label], expected, rtol=1e-4, atol=1e-4)


def test_the_density_of_an_untrained_network_is_refused(cells, start, train):
    with pytest.raises(SettingsError, match="choose 'semafo'"):
        train(start(cells, (0, 1))).label_log_density(density="scanvi")
    with pytest.raises(SettingsError, match="choose 'scanvi'"):
        train(start(cells, (1, 0))).label_log_density(density="semafo")
