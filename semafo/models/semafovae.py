"""SemafoVAE, the module: scANVI's networks, one more encoder, and a loss that mixes both regularisers.

Axes: B cells, C labels, G genes, L latent dimensions. scvi-tools' names of the shared networks are kept, so that
weights load: encoder_z2_z1 is q(u|z, y), decoder_z1_z2 is p(z|u, y). encoder_z3_z2 is r(z|u), the double encoding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import torch
from scvi import REGISTRY_KEYS
from scvi.module import SCANVAE
from scvi.module.base import LossOutput
from scvi.nn import Encoder
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from semafo.models import objectives
from semafo.models.label_prior import LEARNED, UNIFORM, fixed_prior, parse_label_prior
from semafo.models.marginal_likelihood import log_marginal_likelihood
from semafo.models.networks import decode_by_label, encode, encode_by_label, give_own_noise, running_statistics
from semafo.settings.mix import CORNERS, Mix
from semafo.settings.run_config import TrainSettings

W_SCANVI, W_SEMAFO = CORNERS["semafo"]


class SemafoVAE(SCANVAE):
    """scANVI's module with SemafoVAE's regulariser beside scANVI's, each with its own weight.

    With the mix (1, 0) loss, gradients, initial weights and random draws are those of `scvi.module.SCANVAE`. The draws
    are the same in every mix: z, then u, and dropout of the shared networks. r samples nothing and has its own source
    of dropout noise, so runs that differ in the mix alone see the same minibatches and the same noise.

    Parameters
    ----------
    n_input
        Number of genes G.
    n_hidden, n_latent, n_layers, dropout_rate, use_batch_norm, use_layer_norm
        Sizes and layers, as in `scvi.module.SCANVAE`; r takes them from the encoders.
    w_scanvi, w_semafo, label_weighting
        The mix, see `semafo.settings.mix.Mix`. A regulariser of weight 0 is not computed.
    label_prior
        p(y): "uniform", a probability for each label in the order of their codes, or "learned": free logits that start
        uniform and are trained with the rest.
    **scanvae_kwargs
        Further arguments of `scvi.module.SCANVAE`.
    """

    def __init__(
        self,
        n_input: int,
        *,
        n_hidden: int = 128,
        n_latent: int = 10,
        n_layers: int = 1,
        dropout_rate: float = 0.1,
        use_batch_norm: str = "both",
        use_layer_norm: str = "none",
        w_scanvi: float = W_SCANVI,
        w_semafo: float = W_SEMAFO,
        label_weighting: str = "published",
        label_prior: str | Sequence[float] = UNIFORM,
        **scanvae_kwargs: Any,
    ) -> None:
        label_prior = parse_label_prior(label_prior)
        given = fixed_prior(label_prior, scanvae_kwargs["n_labels"])
        if given is not None:
            scanvae_kwargs["y_prior"] = given
        sizes = {"n_layers": n_layers, "n_hidden": n_hidden, "dropout_rate": dropout_rate}
        super().__init__(
            n_input,
            n_latent=n_latent,
            use_batch_norm=use_batch_norm,
            use_layer_norm=use_layer_norm,
            **sizes,
            **scanvae_kwargs,
        )
        self.mix = Mix(w_scanvi, w_semafo, label_weighting)
        self.label_prior_logits = nn.Parameter(torch.zeros(1, self.n_labels)) if label_prior == LEARNED else None
        with torch.random.fork_rng(devices=[]):  # whatever is drawn next is drawn as if r did not exist
            self.encoder_z3_z2 = Encoder(
                n_latent,
                n_latent,
                use_batch_norm=use_batch_norm in ("encoder", "both"),
                use_layer_norm=use_layer_norm in ("encoder", "both"),
                return_dist=True,
                **sizes,
            )
            give_own_noise(self.encoder_z3_z2, seed=int(torch.randint(2**62, ())))

    @property
    def label_prior(self) -> Tensor:
        """p(y), (1, C), sums to one."""
        return self.y_prior if self.label_prior_logits is None else self.label_prior_logits.softmax(-1)

    @contextmanager
    def as_mix(self, mix: Mix) -> Iterator[None]:
        """Compute the terms of another mix for a while."""
        own, self.mix = self.mix, mix
        try:
            yield
        finally:
            self.mix = own

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
        labelled_tensors: dict[str, Tensor] | None = None,
        classification_ratio: float = TrainSettings.classification_ratio,
    ) -> LossOutput:
        """Weighted sum of the terms, averaged over cells, plus the classification loss of a labelled minibatch.

        In the LossOutput `reconstruction_loss` is -log p(x|z, s) alone, where scvi-tools adds z's terms, and `kl_local`
        holds every other term times its weight in the mix, without kl_weight. So `elbo` is the objective at kl_weight
        1 without classification, and for the mix (1, 0) equals scvi-tools'. `extra_metrics` holds the minibatch mean of
        every unweighted term by its name.
        """
        terms = self.loss_terms(tensors, inference_outputs, generative_outputs)
        weights = self.term_weights(kl_weight)
        loss = cast(Tensor, sum(weights[name] * term for name, term in terms.items())).mean()  # 0 is of an empty sum

        metrics = {name: term.detach().mean() for name, term in terms.items()}
        if self.extra_payload_autotune:
            labels, batch = tensors[REGISTRY_KEYS.LABELS_KEY], tensors[REGISTRY_KEYS.BATCH_KEY]
            metrics |= {"z": inference_outputs["z"], "batch": batch, "labels": labels}

        supervised = {}
        labelled = self._only_labelled(labelled_tensors)
        if labelled is not None:
            cross_entropy, true_labels, logits = self._classification(labelled)
            loss = loss + classification_ratio * cross_entropy
            metrics["classification"] = cross_entropy.detach()
            supervised = {"classification_loss": cross_entropy, "true_labels": true_labels, "logits": logits}

        full_weights = self.term_weights(kl_weight=1.0)
        return LossOutput(
            loss=loss,
            reconstruction_loss=terms["reconstruction"],
            kl_local={name: full_weights[name] * term for name, term in terms.items() if name != "reconstruction"},
            extra_metrics=metrics,
            **supervised,
        )

    def loss_terms(
        self, tensors: dict[str, Tensor], inference_outputs: dict[str, Any], generative_outputs: dict[str, Any]
    ) -> dict[str, Tensor]:
        """Each term of the loss by name, unweighted, (B,), in nats per cell.

        `reconstruction`, `kl_u`, `kl_y` always; `scanvi_regulariser`, `semafo_regulariser` where their weight is not 0;
        `kl_library` where the library size is learned.
        """
        q_z, z = inference_outputs["qz"], inference_outputs["z"]
        terms = {"reconstruction": objectives.reconstruction(generative_outputs["px"], tensors[REGISTRY_KEYS.X_KEY])}
        terms |= self.latent_terms(q_z, z)
        if not self.use_observed_lib_size:
            mean, variance = self._compute_local_library_params(tensors[REGISTRY_KEYS.BATCH_KEY])
            terms["kl_library"] = kl_divergence(inference_outputs["ql"], Normal(mean, variance.sqrt())).sum(-1)
        return terms

    def latent_terms(self, q_z: Normal, z: Tensor) -> dict[str, Tensor]:
        """The terms of `loss_terms` that do not need the counts. Draws u, and dropout while training.

        Parameters
        ----------
        q_z
            q(z|x, s) of the cells, batch shape (B, L).
        z
            A sample of it, (B, L).
        """
        q_u = encode_by_label(self.encoder_z2_z1, z, self.n_labels)
        u = q_u.rsample()  # (C·B, L), label-major
        zs = z.repeat(*([1] * (z.dim() - 2)), self.n_labels, 1)  # (C·B, L)
        label_probs = self._label_probs(z)
        kl_per_label = objectives.by_label(objectives.kl_standard_normal(q_u.loc, q_u.scale), self.n_labels)

        terms = {}
        log_q_z = q_z.log_prob(z).sum(-1)
        if self.mix.w_scanvi:
            log_p_z = self._log_p_z(zs, u)
            terms["scanvi_regulariser"] = objectives.scanvi_regulariser(log_q_z, log_p_z, label_probs)
        if self.mix.w_semafo:
            densities = self._semafo_densities(zs, q_u, u)
            terms["semafo_regulariser"] = self.semafo_regulariser(log_q_z, *densities, label_probs)
        terms["kl_u"] = objectives.kl_u(kl_per_label, label_probs)
        terms["kl_y"] = objectives.kl_y(label_probs, self.label_prior)
        return terms

    def semafo_regulariser(self, log_q_z: Tensor, log_r_z: Tensor, log_q_u_at_z: Tensor, label_probs: Tensor) -> Tensor:
        """The one of the mix's label weighting, see `objectives`: (B,). Densities and label_probs are (B, C)."""
        if self.mix.label_weighting == "published":
            return objectives.semafo_regulariser_published(log_q_z, log_r_z, log_q_u_at_z)
        return objectives.semafo_regulariser_normalised(log_q_z, log_r_z, log_q_u_at_z, label_probs)

    def term_weights(self, kl_weight: Tensor | float = 1.0) -> dict[str, Tensor | float]:
        """Weight of each term in the loss, by the names of `loss_terms`."""
        return {
            "reconstruction": 1.0,
            "scanvi_regulariser": self.mix.w_scanvi,
            "semafo_regulariser": self.mix.w_semafo,
            "kl_u": kl_weight,
            "kl_y": kl_weight,
            "kl_library": kl_weight,
        }

    def label_log_density(self, z: Tensor, density: str) -> Tensor:
        """Log-density of z under every label, with u at the mean of q(u|z, y). Draws nothing.

        Parameters
        ----------
        z
            (B, L).
        density
            "scanvi": log p(z|u_y, y). "semafo": the mean of log r(z|u_y) and log q(u=z|z, y).

        Returns
        -------
        (B, C), nats per cell
        """
        zs = z.repeat(self.n_labels, 1)
        q_u = encode_by_label(self.encoder_z2_z1, z, self.n_labels)
        if density == "scanvi":
            return self._log_p_z(zs, q_u.loc)
        return objectives.semafo_label_density(*self._semafo_densities(zs, q_u, q_u.loc))

    def controlling_densities(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log p(z|u_y, y), log p(u_y) and log q(u_y|z, y) at one u_y ~ q(u|z, y) for each label; z: (..., L).

        Each (..., C), nats per cell.
        """
        q_u = encode_by_label(self.encoder_z2_z1, z, self.n_labels)
        u = q_u.rsample()
        zs = z.repeat(*([1] * (z.dim() - 2)), self.n_labels, 1)
        log_p_u = Normal(0.0, 1.0).log_prob(u).sum(-1)
        log_q_u = q_u.log_prob(u).sum(-1)
        log_p_z = self._log_p_z(zs, u)
        return log_p_z, objectives.by_label(log_p_u, self.n_labels), objectives.by_label(log_q_u, self.n_labels)

    def marginal_ll(
        self, tensors: dict[str, Tensor], n_mc_samples: int, return_mean: bool = False, n_mc_samples_per_pass: int = 1
    ) -> Tensor | float:
        """Log p(x|s) under scANVI's generative model, see `semafo.models.marginal_likelihood`: (B,), or its mean."""
        found = log_marginal_likelihood(self, tensors, n_mc_samples, n_mc_samples_per_pass)
        return found.mean().item() if return_mean else found.cpu()

    def _log_p_z(self, zs: Tensor, u: Tensor) -> Tensor:
        p_z = decode_by_label(self.decoder_z1_z2, u, self.n_labels)
        return objectives.by_label(p_z.log_prob(zs).sum(-1), self.n_labels)  # (C·B,) -> (B, C)

    def _semafo_densities(self, zs: Tensor, q_u: Normal, u: Tensor) -> tuple[Tensor, Tensor]:
        """Two densities of z: log r(z|u_y), and that of q(u|z, y) taken at the point z. Each (B, C)."""
        log_r_z = encode(self.encoder_z3_z2, u).log_prob(zs).sum(-1)
        log_q_u_at_z = q_u.log_prob(zs).sum(-1)
        return objectives.by_label(log_r_z, self.n_labels), objectives.by_label(log_q_u_at_z, self.n_labels)

    def _label_probs(self, z: Tensor) -> Tensor:
        scores: Tensor = self.classifier(z)
        return scores.softmax(-1) if self.classifier.logits else scores

    def _only_labelled(self, tensors: dict[str, Tensor] | None) -> dict[str, Tensor] | None:
        """Cells of a "labelled" minibatch that have a label; None where there is none.

        With no labelled cell and covariates of both kinds, scvi-tools hands the unlabelled minibatch in as labelled.
        """
        if tensors is None:
            return None
        has_label = tensors[REGISTRY_KEYS.LABELS_KEY].view(-1) < self.n_labels  # the unlabelled category has code C
        if has_label.all():
            return tensors
        return {name: values[has_label] for name, values in tensors.items()} if has_label.any() else None

    def _classification(self, labelled: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        lone = labelled[REGISTRY_KEYS.LABELS_KEY].shape[0] == 1  # no variance of its own for batch norm to divide by
        with running_statistics(self) if lone else nullcontext():
            _, true_labels, logits = self.classification_loss(labelled)
        return objectives.classification(logits, true_labels), true_labels, logits
