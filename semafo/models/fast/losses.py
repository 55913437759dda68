"""What a step of training minimises: scVI's loss, and that of the semi-supervised models.

Both are the losses of the modules (`scvi.module.VAE`, `semafo.models.semafovae.SemafoVAE`) for a `Pass`. z is drawn
first, then u; the classification of the labelled minibatch draws nothing but dropout.
"""

from contextlib import nullcontext
from functools import reduce
from operator import add
from typing import Protocol

from torch import Tensor

from semafo.models import objectives
from semafo.models.fast.label_terms import LabelTerms
from semafo.models.fast.minibatch import Minibatch
from semafo.models.fast.passes import Pass
from semafo.models.networks import running_statistics
from semafo.models.semafovae import SemafoVAE


class Loss(Protocol):
    """A loss, and the pass whose weights it trains."""

    networks: Pass

    def __call__(
        self, cells: Minibatch, labelled: Minibatch | None, kl_weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a step, and its terms by name: unweighted means over the minibatch, in nats a cell."""


class ScviLoss:
    """-log p(x|z, s) + kl_weight · KL(q(z|x, s) || N(0, I)), the mean over cells (Lopez et al. 2018)."""

    def __init__(self, networks: Pass) -> None:
        self.networks = networks

    def __call__(
        self, cells: Minibatch, labelled: Minibatch | None, kl_weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Loss`; no labels are looked at."""
        q_z = self.networks.q_z(cells)
        reconstruction = self.networks.reconstruction(cells, q_z.rsample())
        kl = objectives.kl_standard_normal(q_z.loc, q_z.scale).mean()
        return reconstruction + kl_weight * kl, {"reconstruction": reconstruction, "kl": kl}


class SemiSupervisedLoss:
    """The loss of `SemafoVAE.loss`, whatever its mix."""

    def __init__(self, networks: Pass, classification_ratio: float) -> None:
        self.networks = networks
        self._module: SemafoVAE = networks.module
        self._label_terms = LabelTerms(networks.module)
        self._ratio = classification_ratio

    def __call__(
        self, cells: Minibatch, labelled: Minibatch | None, kl_weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Loss`."""
        q_z = self.networks.q_z(cells)
        z = q_z.rsample()
        reconstruction = self.networks.reconstruction(cells, z)
        of_cells = self._label_terms(q_z, z)  # each (B,)
        terms = {"reconstruction": reconstruction, **{name: term.mean() for name, term in of_cells.items()}}
        weights = self._module.term_weights(kl_weight)
        loss = reduce(add, (weights[name] * term for name, term in terms.items()))
        if labelled is not None:
            terms["classification"] = self._classification(labelled)
            loss = loss + self._ratio * terms["classification"]
        return loss, terms

    def _classification(self, labelled: Minibatch) -> Tensor:
        lone = len(labelled) == 1  # no variance of its own for batch norm to divide by
        with running_statistics(self._module) if lone else nullcontext():
            logits = self._label_terms.logits_or_probs(self.networks.mean_z(labelled))
        return objectives.classification(logits, labelled.label)
