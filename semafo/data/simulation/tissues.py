"""Studies and types of the two tissues of the paper, as the simulation and the paper's splits need them."""

# name, cells
PANCREAS_STUDIES = (
    ("Pancreas inDrop", 8391),
    ("Pancreas CelSeq2", 2426),
    ("Pancreas CelSeq", 1271),
    ("Pancreas Fluidigm C1", 632),
    ("Pancreas SS2", 2961),
)
BONE_MARROW_STUDIES = (("Site1", 15201), ("Site2", 23979), ("Site3", 31075), ("Site4", 15058))
# name, family, share of the cells
PANCREAS_TYPES = (
    ("Pancreas Beta", "endocrine", 0.34),
    ("Pancreas Alpha", "endocrine", 0.26),
    ("Pancreas Ductal", "exocrine", 0.13),
    ("Pancreas Acinar", "exocrine", 0.10),
    ("Pancreas Delta", "endocrine", 0.06),
    ("Pancreas Stellate", "stroma", 0.045),
    ("Pancreas Endothelial", "stroma", 0.035),
    ("Pancreas Gamma", "endocrine", 0.03),
)
BONE_MARROW_TYPES = (
    ("CD14+ Monocyte", "myeloid", 0.22),
    ("CD4+ T", "lymphoid", 0.19),
    ("CD8+ T", "lymphoid", 0.14),
    ("NK", "lymphoid", 0.10),
    ("Naive B", "B", 0.09),
    ("Erythroblast", "erythroid", 0.07),
    ("Normoblast", "erythroid", 0.06),
    ("CD16+ Monocyte", "myeloid", 0.04),
    ("Transitional B", "B", 0.03),
    ("HSC", "progenitor", 0.03),
    ("Plasmacytoid dendritic", "myeloid", 0.02),
    ("Plasma", "B", 0.01),
)
TISSUES = {"pancreas": PANCREAS_TYPES, "bone marrow": BONE_MARROW_TYPES}


def thinned_studies(studies: tuple[tuple[str, int], ...], divisor: int) -> tuple[tuple[str, int], ...]:
    """Every study with its size divided by a whole number, halves up."""
    return tuple((name, (2 * size + divisor) // (2 * divisor)) for name, size in studies)
