"""What scvi-tools says about likelihoods, where it would be wrong for a mix of regularisers: made right, or refused."""

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from semafo.errors import SettingsError
from semafo.settings.mix import CORNERS, Mix

if TYPE_CHECKING:
    from scvi.model import SCANVI as _Model
else:
    _Model = object


class LikelihoodSurface(_Model):
    """Mixin of `SemafoVI`, before SCANVI.

    Only scANVI's part of the objective belongs to a generative model; SemafoVAE's regularisers bound nothing.
    """

    def get_elbo(self, *args: Any, **kwargs: Any) -> float | Tensor:
        """The evidence lower bound of each cell, or its mean, in nats; higher is better.

        As in `scvi.model.SCANVI.get_elbo`. In every mix this is the bound of scANVI's generative model, of which
        SemafoVAE's regulariser is no part. SettingsError where w_scanvi is 0: p(z|u, y) was then never trained.
        """
        self._needs_p_z("The evidence lower bound")
        with self.module.as_mix(Mix(*CORNERS["scanvi"])):
            found: float | Tensor = super().get_elbo(*args, **kwargs)
        return found

    def get_marginal_ll(self, *args: Any, **kwargs: Any) -> float | Tensor:
        """Estimate log p(x|s) by importance sampling, of each cell or its mean over cells, in nats; higher is better.

        As in `scvi.model.SCANVI.get_marginal_ll`, with the model's own prior of z where scvi-tools takes N(0, I), and
        weighted by cells, not by minibatches. SettingsError where w_scanvi is 0.
        """
        self._needs_p_z("The marginal likelihood")
        mean = kwargs.pop("return_mean", True)
        found = super().get_marginal_ll(*args, return_mean=False, **kwargs)
        return float(found.mean()) if mean else found

    def get_importance_weights(self, *_: Any, **__: Any) -> np.ndarray:
        """Refused: scvi-tools' weights take N(0, I) as the prior of z, which this model does not have."""
        raise SettingsError(
            "Importance weights take a standard normal prior of z, which this model does not have. Use "
            'weights="uniform".'
        )

    def _needs_p_z(self, what: str) -> None:
        if not self.mix.w_scanvi:
            raise SettingsError(
                f"{what} needs p(z|u, y), which the mix {self.mix.name} does not train: SemafoVAE's regulariser is no "
                "bound. Train with w_scanvi above 0, or use get_reconstruction_error."
            )
