"""Loading of cells for semi-supervised training, where a part of them may have no labelled cell."""

from typing import Any

import numpy as np
from scvi.dataloaders import AnnDataLoader, SemiSupervisedDataLoader, SemiSupervisedDataSplitter
from scvi.train._callbacks import SubSampleLabels


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
