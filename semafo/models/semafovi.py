"""SemafoVI, the model: used like any scvi-tools model, with the mix of the two regularisers as three more arguments."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from anndata import AnnData
from lightning.pytorch.callbacks import Callback
from scvi.data._constants import _SETUP_ARGS_KEY
from scvi.model import SCANVI, SCVI
from scvi.train._callbacks import SubSampleLabels

from semafo.errors import DataError, SettingsError
from semafo.models.label_prior import UNIFORM, in_order_of
from semafo.models.scvi_tools.data_loading import LabelSampler, PartSplitter
from semafo.models.scvi_tools.likelihoods import LikelihoodSurface
from semafo.models.scvi_tools.query_data import check_labels
from semafo.models.scvi_tools.query_mapping import QuerySurface
from semafo.models.scvi_tools.training_plan import SemiSupervisedPlan
from semafo.models.semafovae import W_SCANVI, W_SEMAFO, SemafoVAE
from semafo.settings.mix import Mix


class SemafoVI(LikelihoodSurface, QuerySurface, SCANVI):
    """Semi-supervised single-cell VAE with scANVI's and SemafoVAE's regulariser.

    Parameters
    ----------
    adata
        Cells registered with `SemafoVI.setup_anndata`.
    registry
        As in `scvi.model.SCANVI`.
    w_scanvi, w_semafo
        Weights of the two regularisers: (1, 0) is scANVI, (0, 1) SemafoVAE (default), (1, 1) Both.
    label_weighting
        "published" or "normalised", see `semafo.settings.mix.Mix`.
    label_prior
        p(y): "uniform", a probability for each label (by label, or in the order of `label_names`), or "learned".
    **scanvi_kwargs
        Further arguments of `scvi.model.SCANVI`: n_hidden, n_latent, n_layers, gene_likelihood and so on.
    """

    module: SemafoVAE
    _model_summary_string: str
    _module_cls: Callable[..., SemafoVAE] = SemafoVAE
    _data_splitter_cls = PartSplitter
    _training_plan_cls = SemiSupervisedPlan

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        *,
        w_scanvi: float = W_SCANVI,
        w_semafo: float = W_SEMAFO,
        label_weighting: str = "published",
        label_prior: str | Sequence[float] | Mapping[Any, float] = UNIFORM,
        **scanvi_kwargs: Any,
    ) -> None:
        mix = {"w_scanvi": w_scanvi, "w_semafo": w_semafo, "label_weighting": label_weighting}
        super().__init__(adata, registry, **mix, label_prior=label_prior, **scanvi_kwargs)
        self.n_labels = self.module.n_labels
        self._model_summary_string = f"SemafoVI, {self.mix.name}\n{self._model_summary_string}"
        self.init_params_ = self._get_init_params(locals())

    @property
    def mix(self) -> Mix:
        """Weights of the two regularisers."""
        return self.module.mix

    @property
    def label_prior(self) -> np.ndarray:
        """p(y) as it is now, (n_labels,), in the order of `label_names`."""
        return self.module.label_prior.detach().cpu().numpy().ravel()

    @property
    def label_names(self) -> list[str]:
        """Types the model knows, in the order of its codes, without the unlabelled category."""
        return list(self._label_mapping[: self.n_labels])

    @classmethod
    def setup_anndata(cls, adata: AnnData, labels_key: str, unlabeled_category: str, **kwargs: Any) -> None:
        """Register the cells, as in `scvi.model.SCANVI.setup_anndata`.

        Categories of the label column without a cell are dropped from it first: each would become a class of its own.
        Missing labels, and text mixed with numbers, raise DataError.
        """
        column = adata.obs.get(labels_key)
        if column is not None:
            check_labels(column, unlabeled_category)
        if column is not None and hasattr(column, "cat"):
            adata.obs[labels_key] = column.cat.remove_unused_categories()
        super().setup_anndata(adata, labels_key=labels_key, unlabeled_category=unlabeled_category, **kwargs)

    @classmethod
    def from_scvi_model(
        cls,
        scvi_model: SCVI,
        unlabeled_category: str,
        labels_key: str | None = None,
        adata: AnnData | None = None,
        **semafovi_kwargs: Any,
    ) -> Self:
        """Start from the weights of a trained SCVI model.

        Parameters
        ----------
        scvi_model
            Trained on the same cells, set up without a labels_key.
        unlabeled_category
            Value of unlabelled cells in the label column.
        labels_key
            obs column of the labels, with hidden labels replaced by `unlabeled_category`.
        adata
            Cells; those of `scvi_model` by default.
        **semafovi_kwargs
            The mix (w_scanvi, w_semafo, label_weighting) and further arguments of `SemafoVI`.
        """
        registered = scvi_model.registry[_SETUP_ARGS_KEY].get("labels_key")
        if registered is None and labels_key is None:
            raise SettingsError("No label column is given. Pass labels_key, the obs column that holds the labels.")
        if registered is not None and labels_key not in (None, registered):
            raise SettingsError(
                f"The SCVI model was set up with labels_key={registered!r}, so scvi-tools would ignore "
                f"labels_key={labels_key!r} and train on the labels of {registered!r}. Set SCVI up without a "
                "labels_key and train it again: the scVI stage needs no labels."
            )
        model: Self = super().from_scvi_model(
            scvi_model, unlabeled_category, labels_key=labels_key, adata=adata, **semafovi_kwargs
        )
        return model

    def train(
        self,
        max_epochs: int | None = None,
        n_samples_per_label: int | None = None,
        *,
        callbacks: Iterable[Callback] = (),
        **train_kwargs: Any,
    ) -> None:
        """Train, as in `scvi.model.SCANVI.train`; without a labelled cell the classification term is left out.

        Afterwards `history` holds, per epoch, the mean over cells of every unweighted term, `{term}_train` and
        `{term}_validation` for the names in `semafo.keys.TERMS`. A regulariser of weight 0 has no curve.

        Parameters
        ----------
        max_epochs
            Passes through the cells; scvi-tools' heuristic by default.
        n_samples_per_label
            Labelled cells drawn for each type and epoch; all by default.
        callbacks
            Lightning callbacks. They do not replace the drawing of labelled cells.
        **train_kwargs
            Further arguments of `scvi.model.SCANVI.train`.
        """
        own = [callback for callback in callbacks if not isinstance(callback, SubSampleLabels)]
        sampler = [LabelSampler()] if len(self._labeled_indices) else []
        super().train(max_epochs, n_samples_per_label, callbacks=[*sampler, *own], **train_kwargs)

    @torch.inference_mode()
    def label_log_density(
        self,
        adata: AnnData | None = None,
        indices: Sequence[int] | np.ndarray | None = None,
        batch_size: int | None = None,
        density: str | None = None,
    ) -> np.ndarray:
        """Log-density of each cell's latent point under every label, in nats.

        At z, the mean of q(z|x, s), and u_y, the mean of q(u|z, y), with dropout off and nothing sampled:

        - "scanvi": log p(z|u_y, y), the controlling VAE's decoder.
        - "semafo": ½ [log r(z|u_y) + log q(u=z|z, y)], the two densities of SemafoVAE's regulariser.

        The label gap is the value at the cell's label minus the mean over the other labels: how strongly the model
        tells labels apart. Like every density it depends on the scale of z, so look at that scale beside it.

        Parameters
        ----------
        adata, indices, batch_size
            Cells, as in `predict`.
        density
            "scanvi" or "semafo". By default the trained one: "scanvi" where w_scanvi is above 0, else "semafo". A
            density of weight 0 belongs to a network that was never trained, and is refused.

        Returns
        -------
        (n_cells, n_labels), columns in the order of `label_names`
        """
        density = self.trained_density(density)
        self._check_if_trained(warn=False)
        cells = self._make_data_loader(
            adata=self._validate_anndata(adata), indices=indices, batch_size=batch_size, shuffle=False
        )
        rows = []
        for tensors in cells:
            z = self.module.inference(**self.module._get_inference_input(tensors))["qz"].loc
            rows.append(self.module.label_log_density(z, density).cpu())
        return torch.cat(rows).numpy()

    def trained_density(self, density: str | None = None) -> str:
        """Which label density to use, see `label_log_density`: the trained one, or `density` where it was trained."""
        trained = self.mix.trained_densities
        if density is None:
            return trained[0]
        if density not in trained:
            raise SettingsError(
                f"density is {density!r}: with the mix {self.mix.name} choose {' or '.join(map(repr, trained))}. The "
                "other networks were not trained."
            )
        return density

    def _set_indices_and_labels(self, datamodule: Any = None) -> None:
        """Find the labelled cells, and count the types from the registered categories.

        scvi-tools counts them from the labels present: a query that is fully labelled and lacks a type would get a
        class for the unlabelled category.
        """
        super()._set_indices_and_labels(datamodule)
        if datamodule is not None:
            return
        n_labels = len(self._label_mapping) - 1  # the unlabelled category is always registered, as the last one
        if n_labels < 2:
            found = f"only the label {self._label_mapping[0]!r}" if n_labels else "no label"
            raise DataError(
                f"obs[{self.original_label_key!r}] has {found} beside {self.unlabeled_category_!r}: two types "
                "are needed to learn from. Label more cells, or map these onto a labelled reference (load_query_data)."
            )
        self._module_cls = partial(_module_with, self._label_mapping[:n_labels])


def _module_with(
    names: Sequence[Any], label_prior: str | Sequence[float] | Mapping[Any, float], **kwargs: Any
) -> SemafoVAE:
    """Build the module with the types of our own counting."""
    return SemafoVAE(**{**kwargs, "n_labels": len(names), "label_prior": in_order_of(label_prior, names)})
