"""Every term of the loss as a pure function of tensors.

Axes: B cells, C labels, L latent dimensions. A leading axis (samples of z) is allowed everywhere and kept.
Units: nats per cell. Sign: every term is something to minimise, so log-densities of the bound come in with a minus.

Sources: Xu et al. 2021 is scANVI (Mol. Syst. Biol. 17:e9620); Gong et al. 2024 is "Enhancing Single-Cell VAE Latent
Space via Semi-Supervision" (ICML AccMLBio workshop); Kingma et al. 2014 is M1+M2 (arXiv 1406.5298).
"""

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, kl_divergence
from torch.nn import functional as F


def reconstruction(p_x: Distribution, x: Tensor) -> Tensor:
    """-log p(x|z, s), and nothing else (Lopez et al. 2018).

    Parameters
    ----------
    p_x
        Likelihood of the counts, batch shape (B, G).
    x
        Counts, (B, G).

    Returns
    -------
    (B,)
    """
    return -p_x.log_prob(x).sum(-1)  # (B, G) -> (B,)


def scanvi_regulariser(log_q_z: Tensor, log_p_z: Tensor, label_probs: Tensor) -> Tensor:
    """Pull z towards its label: log q(z|x) - E_{q(y|z)} log p(z|u_y, y) (Xu et al. 2021, bound of an unlabelled cell).

    Parameters
    ----------
    log_q_z
        log q(z|x, s) at the sampled z, (B,).
    log_p_z
        log p(z|u_y, y) for every label, (B, C).
    label_probs
        q(y|z), (B, C), rows sum to one.

    Returns
    -------
    (B,)
    """
    return log_q_z - (label_probs * log_p_z).sum(-1)  # (B, C) -> (B,)


def semafo_regulariser_published(log_q_z: Tensor, log_r_z: Tensor, log_q_u_at_z: Tensor) -> Tensor:
    """SemafoVAE as published: log q(z|x) - mean_y log r(z|u_y) - Σ_y log q(u=z|z, y) (Gong et al. 2024, eq. 3, code).

    Not a bound: the densities subtracted have total weight C + 1 against a weight of one for log q(z|x), so a smaller z
    always lowers it. No label probability enters, every label counts the same.

    Parameters
    ----------
    log_q_z
        log q(z|x, s) at the sampled z, (B,).
    log_r_z
        log r(z|u_y), the double encoding, for every label, (B, C).
    log_q_u_at_z
        Density of q(u|z, y) taken at the point z, for every label, (B, C).

    Returns
    -------
    (B,)
    """
    return log_q_z - log_r_z.mean(-1) - log_q_u_at_z.sum(-1)  # (B, C) -> (B,)


def semafo_regulariser_normalised(
    log_q_z: Tensor, log_r_z: Tensor, log_q_u_at_z: Tensor, label_probs: Tensor
) -> Tensor:
    """SemafoVAE with weights that sum to one: log q(z|x) - ½ E_{q(y|z)} [log r(z|u_y) + log q(u=z|z, y)].

    Not in the paper, which has the same densities with other weights (`semafo_regulariser_published`). The
    2C weights are q(y|z) / 2 each, so the term balances log q(z|x) and the scale of z is kept.

    Parameters
    ----------
    log_q_z, log_r_z, log_q_u_at_z
        As in `semafo_regulariser_published`: (B,), (B, C), (B, C).
    label_probs
        q(y|z), (B, C), rows sum to one.

    Returns
    -------
    (B,)
    """
    return log_q_z - semafo_label_density(log_r_z, log_q_u_at_z).mul(label_probs).sum(-1)  # (B, C) -> (B,)


def semafo_label_density(log_r_z: Tensor, log_q_u_at_z: Tensor) -> Tensor:
    """Mean of SemafoVAE's two log-densities of z, label by label: what its regulariser raises.

    Parameters
    ----------
    log_r_z, log_q_u_at_z
        As in `semafo_regulariser_published`, (B, C).

    Returns
    -------
    (B, C)
    """
    return 0.5 * (log_r_z + log_q_u_at_z)


def kl_standard_normal(mean: Tensor, scale: Tensor) -> Tensor:
    """KL(N(mean, scale²) || N(0, I)) in closed form (Kingma and Welling 2014, appendix B).

    Parameters
    ----------
    mean, scale
        (..., L), scale above 0.

    Returns
    -------
    (...), summed over the latent dimensions
    """
    return 0.5 * (scale.square() + mean.square() - 1 - 2 * scale.log()).sum(-1)


def kl_u(kl_per_label: Tensor, label_probs: Tensor) -> Tensor:
    """E_{q(y|z)} KL(q(u|z, y) || N(0, I)) (Kingma et al. 2014, eq. 7; Xu et al. 2021).

    Parameters
    ----------
    kl_per_label
        KL(q(u|z, y) || N(0, I)) for every label, (B, C).
    label_probs
        q(y|z), (B, C), rows sum to one.

    Returns
    -------
    (B,)
    """
    return (label_probs * kl_per_label).sum(-1)  # (B, C) -> (B,)


def kl_y(label_probs: Tensor, label_prior: Tensor) -> Tensor:
    """KL(q(y|z) || p(y)) (Kingma et al. 2014, eq. 7; Xu et al. 2021).

    Parameters
    ----------
    label_probs
        q(y|z), (B, C), rows sum to one.
    label_prior
        p(y), (1, C) or (C,), sums to one.

    Returns
    -------
    (B,)
    """
    prior = label_prior.expand_as(label_probs)
    return kl_divergence(
        Categorical(probs=label_probs, validate_args=False), Categorical(probs=prior, validate_args=False)
    )


def classification(logits: Tensor, labels: Tensor) -> Tensor:
    """-log q(y|z) of the observed label at the posterior mean of z (Kingma et al. 2014, eq. 9, without its factor).

    Parameters
    ----------
    logits
        Unnormalised log q(y|z) of labelled cells, (B, C).
    labels
        Their label codes, (B,) or (B, 1).

    Returns
    -------
    Scalar: the mean over the labelled cells of the minibatch.
    """
    return F.cross_entropy(logits, labels.view(-1).long())


def by_label(label_major: Tensor, n_labels: int) -> Tensor:
    """Turn values in label-major order into one row a cell.

    Label-major means all cells with label 0, then all cells with label 1, and so on. Reshaping such a vector to (B, C)
    would mix cells; it has to be read as (C, B) and transposed.

    Parameters
    ----------
    label_major
        (C·B,), or (samples, C·B).
    n_labels
        C.

    Returns
    -------
    (B, C), or (samples, B, C)
    """
    return torch.unflatten(label_major, -1, (n_labels, -1)).transpose(-1, -2)
