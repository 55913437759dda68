"""Query surgery on a trained model: genes that are missing, labels that are unknown, and what stays frozen."""

from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from anndata import AnnData

from semafo.models.scvi_tools.query_data import REFUSE, with_genes_of, with_known_labels
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    from scvi.model import SCANVI as _Model
else:
    _Model = object


class QuerySurface(_Model):
    """Mixin of `SemafoVI`, before SCANVI."""

    unseen_labels_: dict[Any, int] | None = None  # names that end in an underscore are saved with the model
    gene_overlap_: dict[str, Any] | None = None

    @property
    def unseen_labels(self) -> dict[Any, int]:
        """Labels of the query that the reference lacks, and their numbers of cells; empty where none were set aside."""
        return self.unseen_labels_ or {}

    @property
    def gene_overlap(self) -> dict[str, Any] | None:
        """How many of the reference's genes the query has, see `query_data.gene_overlap`; None without."""
        return self.gene_overlap_

    @classmethod
    def prepare_query_anndata(
        cls,
        adata: AnnData,
        reference_model: "str | QuerySurface",
        return_reference_var_names: bool = False,
        inplace: bool = True,
        min_overlap: float = DatasetSpec.min_overlap,
    ) -> AnnData | pd.Index | None:
        """Bring a query onto the reference's genes, as `scvi.model.SCANVI.prepare_query_anndata`.

        Missing genes count as zeros, of which a warning tells. DataError where less than the share `min_overlap` (0 to
        1) of the reference's genes is there.
        """
        genes = pd.Index(super().prepare_query_anndata(None, reference_model, return_reference_var_names=True))
        if return_reference_var_names:
            return genes
        cells, _ = with_genes_of(adata, genes, min_overlap)
        if not inplace:
            return cells
        if cells is not adata:
            adata._init_as_actual(cells)
        return None

    @classmethod
    def load_query_data(
        cls,
        adata: AnnData,
        reference_model: "str | QuerySurface",
        *,
        min_overlap: float = DatasetSpec.min_overlap,
        unknown_labels: str = REFUSE,
        **kwargs: Any,
    ) -> Self:
        """Map query cells onto a trained model (scArches surgery), as `scvi.model.SCANVI.load_query_data`.

        r(z|u) is frozen like q(u|z, y), so is a learned label prior, and the mix is the reference's. Query cells may
        all be unlabelled. What has to be changed in the cells is changed in a copy, the model's `adata`.

        Parameters
        ----------
        adata
            Query cells. Genes that the reference lacks are left out; those that the query lacks count as zeros, with a
            warning. `gene_overlap` has the counts.
        reference_model
            A trained SemafoVI, or the folder it was saved in.
        min_overlap
            Share of the reference's genes that the query must have, 0 to 1; DataError below it.
        unknown_labels
            What to do with labels that the reference has no class for: "refuse" them with a DataError, or take their
            cells as "unlabelled". `unseen_labels` then has their counts, and obs[`semafo.keys.UNSEEN_LABEL`] of the
            model's `adata` keeps them.
        **kwargs
            Further arguments of `scvi.model.SCANVI.load_query_data`: freeze_dropout, unfrozen and so on.
        """
        registry = cls.load_registry(reference_model) if isinstance(reference_model, str) else reference_model.registry
        genes = cls.prepare_query_anndata(adata, reference_model, return_reference_var_names=True)
        cells, overlap = with_genes_of(adata, genes, min_overlap)
        cells, unseen = with_known_labels(cells, registry, unknown_labels)
        model: Self = super().load_query_data(cells, reference_model, **kwargs)
        for name, weight in model.module.encoder_z3_z2.named_parameters():
            weight.requires_grad = model.module.encoder_z2_z1.get_parameter(name).requires_grad
        model._set_indices_and_labels()  # scvi-tools copies the reference's labels over the query's
        model.gene_overlap_, model.unseen_labels_ = overlap, unseen
        return model
