"""From counts to q(z|x, s) and back to log p(x|z, s): for training all weights (`Pass`) and in surgery (`QueryPass`).

Axes: B cells, G genes, H hidden units, L latent dimensions, S batches. Both use the networks of a scvi-tools module and
give the same numbers as its `inference` and `generative`; they leave out what a loss does not need.
"""

import torch
from scvi.module import VAE
from scvi.nn import FCLayers
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional as F

from semafo.errors import SettingsError
from semafo.models.fast.likelihood import log_likelihood
from semafo.models.fast.minibatch import CellStore, Minibatch
from semafo.models.layers import after_first_linear, through
from semafo.models.networks import heads

_ROWS_AT_ONCE = 4096  # dense rows while the query's cells are encoded for the first time


class Pass:
    """Encode and decode minibatches with all weights free.

    Parameters
    ----------
    module
        scVI's, or one derived from it: one-hot batches, observed library size, one dispersion a gene, NB or ZINB.
    """

    def __init__(self, module: VAE) -> None:
        usual = module.batch_representation == "one-hot" and module.use_observed_lib_size
        usual &= module.dispersion == "gene" and module.gene_likelihood in ("nb", "zinb")
        if not usual:
            raise SettingsError(
                "Fast training needs one-hot batches, observed library sizes, one dispersion for each gene, and the "
                "likelihood nb or zinb. Train this model with its own method train()."
            )
        self.module = module

    def parameters(self) -> list[nn.Parameter]:
        """Weights to be trained."""
        return [weight for weight in self.module.parameters() if weight.requires_grad]

    def q_z(self, cells: Minibatch) -> Normal:
        """q(z|x, s), batch shape (B, L)."""
        return heads(self.module.z_encoder, self._encoder_hidden(cells))

    def mean_z(self, cells: Minibatch) -> Tensor:
        """Mean of q(z|x, s), (B, L)."""
        mean: Tensor = self.module.z_encoder.mean_encoder(self._encoder_hidden(cells))
        return mean

    def reconstruction(self, cells: Minibatch, z: Tensor) -> Tensor:
        """-log p(x|z, s) in nats, the mean over the cells. z: (B, L). Returns a scalar."""
        decoder = self.module.decoder
        hidden = self._decoder_hidden(cells, z)  # (B, H)
        zeros = decoder.px_dropout_decoder(hidden) if self.module.gene_likelihood == "zinb" else None
        found = log_likelihood(cells.counts(), decoder.px_scale_decoder[0](hidden), self.module.px_r, zeros)
        return found / -len(cells)

    def finish(self) -> None:
        """Bring what was trained back into the module."""

    def _encoder_hidden(self, cells: Minibatch) -> Tensor:
        return through(self.module.z_encoder.encoder, cells.log_counts, cells.batch)

    def _decoder_hidden(self, cells: Minibatch, z: Tensor) -> Tensor:
        return through(self.module.decoder.px_decoder, z, cells.batch)


class QueryPass(Pass):
    """Only the columns of the batches in the first layers of encoder and decoder are free (scArches surgery).

    Whatever stands before them is the same at every step: the product of the counts with the encoder's first layer is
    computed once for all cells. No other weight gets a gradient.

    Parameters
    ----------
    module
        As scvi-tools' `load_query_data` leaves it: dropout frozen, covariates in the first layers only, no batch norm.
    store
        The query's cells.
    """

    def __init__(self, module: VAE, store: CellStore) -> None:
        super().__init__(module)
        self._encoder_layers, self._decoder_layers = module.z_encoder.encoder, module.decoder.px_decoder
        for layers in (self._encoder_layers, self._decoder_layers):
            if layers.inject_covariates or not sum(layers.n_cat_list):
                raise SettingsError("Query surgery needs the batch in the first layers of encoder and decoder, only.")
        for weight in module.parameters():
            weight.requires_grad_(False)
        self._of_encoder = _batch_columns(self._encoder_layers)
        self._of_decoder = _batch_columns(self._decoder_layers)
        self._products = self._first_products(store)  # (n, H)

    def parameters(self) -> list[nn.Parameter]:
        """Columns of the batches, each (S, H)."""
        return [self._of_encoder, self._of_decoder]

    def finish(self) -> None:
        """Write the columns into the module's weights."""
        with torch.no_grad():
            for layers, columns in ((self._encoder_layers, self._of_encoder), (self._decoder_layers, self._of_decoder)):
                _first_linear(layers).weight[:, -columns.shape[0] :] = columns.t()

    def _encoder_hidden(self, cells: Minibatch) -> Tensor:
        product = self._products[cells.index] + F.embedding(cells.batch, self._of_encoder)
        return after_first_linear(self._encoder_layers, product)

    def _decoder_hidden(self, cells: Minibatch, z: Tensor) -> Tensor:
        first, n_batches = _first_linear(self._decoder_layers), self._of_decoder.shape[0]
        product = F.linear(z, first.weight[:, :-n_batches], first.bias) + F.embedding(cells.batch, self._of_decoder)
        return after_first_linear(self._decoder_layers, product)

    @torch.no_grad()
    def _first_products(self, store: CellStore) -> Tensor:
        first, n_batches = _first_linear(self._encoder_layers), self._of_encoder.shape[0]
        everything = torch.arange(len(store)).split(_ROWS_AT_ONCE)
        inputs = (store.take(rows).log_counts for rows in everything)
        return torch.cat([F.linear(x, first.weight[:, :-n_batches], first.bias) for x in inputs])


def _first_linear(layers: FCLayers) -> nn.Linear:
    first: nn.Linear = layers.fc_layers[0][0]
    return first


def _batch_columns(layers: FCLayers) -> nn.Parameter:
    """Columns of the first layer that belong to the batches, as rows: (S, H)."""
    n_batches = sum(layers.n_cat_list)
    return nn.Parameter(_first_linear(layers).weight[:, -n_batches:].detach().t().contiguous())
