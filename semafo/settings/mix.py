"""What is trained and what predicts: the weights of the two regularisers, the form of SemafoVAE's, and the head."""

import re
from dataclasses import dataclass
from typing import Self

from semafo import keys
from semafo.errors import SettingsError, require

LABEL_WEIGHTINGS = ("published", "normalised")
HEADS = ("classifier", "mixture")


@dataclass(frozen=True)
class Mix:
    """Weights of the two regularisers and the form of SemafoVAE's.

    Parameters
    ----------
    w_scanvi, w_semafo
        Weights of scANVI's and SemafoVAE's regulariser, 0 or more, not both 0. (1, 0) is scANVI, (0, 1) SemafoVAE,
        (1, 1) Both.
    label_weighting
        "published": every label counts the same, as in the paper's code. "normalised": labels weighted by q(y|z), with
        weights that sum to one. Without effect where w_semafo is 0.
    head
        What predicts: "classifier" is q(y|z), as published. "mixture" combines it with a semi-supervised mixture over
        the latent space, see `semafo.models.mixture_head`. Training is the same.
    """

    w_scanvi: float = 1.0
    w_semafo: float = 0.0
    label_weighting: str = "published"
    head: str = "classifier"

    def __post_init__(self) -> None:
        good = 0 <= self.w_scanvi < float("inf") and 0 <= self.w_semafo < float("inf")
        require(good, f"The mix {self.w_scanvi:g}:{self.w_semafo:g} has a weight that is not a number of 0 or more.")
        require(self.w_scanvi + self.w_semafo > 0, "The mix 0:0 has no regulariser. Give one of the weights a value.")
        require(
            self.label_weighting in LABEL_WEIGHTINGS,
            f"label_weighting is {self.label_weighting!r}: choose {' or '.join(LABEL_WEIGHTINGS)}.",
        )
        require(self.head in HEADS, f"head is {self.head!r}: choose {' or '.join(HEADS)}.")
        if self.w_semafo == 0:  # the weighting changes nothing there, so it must not make another run
            object.__setattr__(self, "label_weighting", "published")

    @classmethod
    def parse(cls, text: str, label_weighting: str = "published", head: str = "classifier") -> Self:
        """Read `scanvi`, `semafo`, `both` or two weights such as `0.7:0.3`."""
        corner = CORNERS.get(text.strip().lower())
        if corner is None:
            try:
                w_scanvi, w_semafo = (float(part) for part in text.split(":"))
            except ValueError:
                raise SettingsError(
                    f"The mix {text!r} is not known. Give scanvi, semafo, both, or two weights such as 0.7:0.3."
                ) from None
            corner = (w_scanvi, w_semafo)
        return cls(*corner, label_weighting=label_weighting, head=head)

    @property
    def name(self) -> str:
        """As people say it: scANVI, SemafoVAE, Both, or the two weights."""
        named = {(1.0, 0.0): "scANVI", (0.0, 1.0): "SemafoVAE", (1.0, 1.0): "Both"}
        base = named.get((self.w_scanvi, self.w_semafo), f"{self.w_scanvi:g}:{self.w_semafo:g}")
        weighting = "" if self.label_weighting == "published" else " normalised"
        return f"{base}{weighting}{' + mixture' if self.head == 'mixture' else ''}"

    @property
    def option(self) -> str:
        """The weights as `parse` reads them and `--mix` takes them: scanvi, semafo, both, or such as 0.7:0.3."""
        weights = (self.w_scanvi, self.w_semafo)
        corners = {pair: name for name, pair in CORNERS.items()}
        return corners.get(weights, f"{self.w_scanvi!r}:{self.w_semafo!r}")

    @property
    def slug(self) -> str:
        """The name, fit for a file name."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")

    @property
    def trained_densities(self) -> tuple[str, ...]:
        """Which label densities a model of this mix has trained: "scanvi", "semafo", in this order."""
        return ("scanvi",) * (self.w_scanvi > 0) + ("semafo",) * (self.w_semafo > 0)

    @property
    def obsm_key(self) -> str:
        """Where the latent representation goes: X_scANVI, or X_semafoVI once SemafoVAE's regulariser takes part."""
        return keys.X_SEMAFOVI if self.w_semafo else keys.X_SCANVI


CORNERS = {"scanvi": (1.0, 0.0), "semafo": (0.0, 1.0), "both": (1.0, 1.0)}
