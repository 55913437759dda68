"""Scores that Gong et al. 2024 report in Tables 1 to 3: over the whole query, labelled cells among it, one seed.

At 100 % there is no query and the accuracy is on the training cells, so that row does not compare with the others.
"""

from collections.abc import Mapping

# Labelled rate in per cent: scANVI, SemafoVAE, Both
_PANCREAS = {
    100.0: (0.9735, 0.9540, 0.9489),
    82.4: (0.9046, 0.9072, 0.9080),
    45.0: (0.9003, 0.9105, 0.9087),
    39.1: (0.9088, 0.9069, 0.9042),
    21.2: (0.9146, 0.9185, 0.9210),
    16.8: (0.8990, 0.9046, 0.9035),
    0.0: (0.8998, 0.9174, 0.9157),
}
_BONE_MARROW = {
    100.0: (0.9954, 0.9882, 0.9892),
    78.5: (0.9441, 0.9377, 0.9434),
    34.2: (0.9414, 0.9433, 0.9359),
    0.0: (0.9396, 0.9367, 0.9444),
}
MIXES = ("scANVI", "SemafoVAE", "Both")
ACCURACY = {"pancreas": _PANCREAS, "bone-marrow": _BONE_MARROW}
# Table 3: the bone marrow without a label of the query. The paper's "F1 score" is taken to be the weighted one.
UNLABELLED_BONE_MARROW = {
    "f1_weighted": (0.9387, 0.9342, 0.9429),
    "balanced_accuracy": (0.7889, 0.7679, 0.8034),
    "cohen_kappa": (0.9244, 0.9207, 0.9306),
}


def accuracies(family: str | None, *, of_reference: bool = False) -> dict[str, dict[float, float]]:
    """Accuracy over the whole query by mix and labelled rate (0 to 1); empty where unknown.

    of_reference: with the row of 100 %, which is of the cells trained on.
    """
    rows = ACCURACY.get(family or "", {})
    return {
        mix: {percent / 100: row[place] for percent, row in sorted(rows.items()) if percent < 100 or of_reference}
        for place, mix in enumerate(MIXES)
        if rows
    }


def label_scores(family: str | None, rate: float | None) -> Mapping[str, Mapping[str, float]]:
    """Table 3 by score (F1, balanced accuracy, kappa) and mix; empty for any data but its own."""
    if (family, rate) != ("bone-marrow", 0.0):
        return {}
    return {score: dict(zip(MIXES, values, strict=True)) for score, values in UNLABELLED_BONE_MARROW.items()}
