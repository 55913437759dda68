"""Loading of cells for semi-supervised training: parts without labelled cells, and labels that no class exists for."""

from typing import Any

import numpy as np
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.dataloaders import AnnDataLoader, SemiSupervisedDataLoader, SemiSupervisedDataSplitter
from scvi.train._callbacks import SubSampleLabels

from semafo.errors import DataError


class PartSplitter(SemiSupervisedDataSplitter):
    """scvi-tools' splitter, which also takes parts (training, validation, test) that have no labelled cell."""

    def setup(self, stage: str | None = None) -> None:
        """Choose the cells of each part and how they are loaded."""
        super().setup(stage)
        self.data_loader_class = self._loader

    def _loader(self, adata_manager: Any, indices: np.ndarray, **kwargs: Any) -> Any:
        if np.isin(indices, self._labeled_indices).any():
            return SemiSupervisedDataLoader(adata_manager, indices=indices, **kwargs)
        kwargs.pop("n_samples_per_label", None)
        return AnnDataLoader(adata_manager, indices=indices, **kwargs)


class LabelSampler(SubSampleLabels):
    """Draw the labelled cells of each epoch anew, where there are any."""

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Draw n_samples_per_label cells of each label."""
        if hasattr(trainer.train_dataloader, "resample_labels"):
            super().on_train_epoch_start(trainer, pl_module)


def check_query_labels(adata: AnnData, registry: dict) -> None:
    """Refuse labels that the reference has no class for."""
    labels = registry["field_registries"][REGISTRY_KEYS.LABELS_KEY]["state_registry"]
    key, known = labels["original_key"], list(labels["categorical_mapping"])
    if key not in adata.obs:
        return  # scvi-tools then warns and takes every cell as unlabelled
    unlabelled = labels["unlabeled_category"]
    unknown = sorted(str(label) for label in set(adata.obs[key].unique()) - set(known) - {unlabelled})
    if unknown:
        raise DataError(
            f"The query has labels that the reference lacks: {', '.join(unknown)}. The reference knows "
            f"{', '.join(str(label) for label in known if label != unlabelled)}. Set those cells to {unlabelled!r} in "
            f"obs[{key!r}], rename their labels, or put cells of these types into the reference."
        )
