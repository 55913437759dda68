"""The label prior p(y): uniform, given, or learned with the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from semafo.errors import SettingsError

UNIFORM, LEARNED = "uniform", "learned"
LabelPrior = str | tuple[float, ...]
_TOLERANCE = 1e-4  # how far from one the probabilities may add up


def parse_label_prior(label_prior: str | Sequence[float]) -> LabelPrior:
    """Check a label prior, and turn probabilities into a tuple.

    Parameters
    ----------
    label_prior
        "uniform", "learned", or one probability a label, each above 0, with sum 1.

    Raises
    ------
    SettingsError
        It is none of these.
    """
    if isinstance(label_prior, str):
        if label_prior not in (UNIFORM, LEARNED):
            raise SettingsError(
                f"label_prior is {label_prior!r}: choose 'uniform', 'learned', or give one probability for each label."
            )
        return label_prior
    probabilities = np.asarray(label_prior, dtype=float).reshape(-1)
    if not (probabilities > 0).all() or abs(probabilities.sum() - 1) > _TOLERANCE:
        raise SettingsError(
            f"The label prior has the sum {probabilities.sum():g} and the smallest value {probabilities.min():g}. Give "
            "probabilities above 0 with sum 1: a label of probability 0 could never be predicted."
        )
    return tuple(probabilities.tolist())


def in_order_of(label_prior: str | Sequence[float] | Mapping[Any, float], names: Sequence[Any]) -> LabelPrior:
    """Check a label prior that may also be given by label, and bring it into the order of `names`."""
    if not isinstance(label_prior, Mapping):
        return parse_label_prior(label_prior)
    if set(label_prior) != set(names):
        raise SettingsError(
            f"The label prior is given for {', '.join(map(str, label_prior))}; the labels are "
            f"{', '.join(map(str, names))}. Give a probability for each of them."
        )
    return parse_label_prior([label_prior[name] for name in names])


def fixed_prior(label_prior: LabelPrior, n_labels: int) -> Tensor | None:
    """Given probabilities as scvi-tools' y_prior, (1, C); None where the prior is uniform or learned."""
    if isinstance(label_prior, str):
        return None
    if len(label_prior) != n_labels:
        raise SettingsError(
            f"The label prior has {len(label_prior)} probabilities and there are {n_labels} labels. Give one for each, "
            "in the order of label_names."
        )
    return torch.tensor([label_prior], dtype=torch.float32)
