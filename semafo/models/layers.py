"""Hidden layers of scvi-tools' networks, without what their own forward pass copies.

That joins every input to its categories, even where there are none, and repeats it for every label. Weights, running
statistics and numbers are the modules'.

Axes: B cells, C labels, H hidden units, I inputs.
"""

import torch
from scvi.nn import FCLayers
from torch import Tensor, nn
from torch.nn import functional as F


def through(layers: FCLayers, x: Tensor, categories: Tensor | None = None) -> Tensor:
    """Hidden units for x, (B, I), and one category a cell, (B,) int64. Returns (B, H)."""
    n_categories = sum(layers.n_cat_list)
    one_hot = None
    if n_categories:
        assert categories is not None  # layers that take categories are given them
        one_hot = F.one_hot(categories, n_categories).to(x.dtype)
    for i, (linear, *others) in enumerate(layers.fc_layers):
        if one_hot is not None and layers.inject_into_layer(i):
            x = torch.cat((x, one_hot), -1)
        x = _one_by_one(others, linear(x))
    return x


def through_by_label(layers: FCLayers, x: Tensor, n_labels: int, n_cells: int) -> Tensor:
    """Hidden units for x under every label; x has a row a cell, or is label-major already. Returns (C·B, H).

    A one-hot label times a layer's weights is one column of them. It is added after the product with x, so x is neither
    repeated nor extended, and rows that are the same for all labels are multiplied once.
    """
    for i, (linear, *others) in enumerate(layers.fc_layers):
        by_label = layers.inject_into_layer(i)
        x = _one_by_one(others, _linear_by_label(linear, x, n_labels, n_cells) if by_label else linear(x))
    return x


def after_first_linear(layers: FCLayers, product: Tensor) -> Tensor:
    """The rest of the layers, from the value of the first linear one; no later layer takes a category."""
    (_, *others), *later = layers.fc_layers
    return _one_by_one([*others, *(layer for block in later for layer in block)], product)


def _one_by_one(layers: list[nn.Module | None], x: Tensor) -> Tensor:
    for layer in layers:
        if layer is not None:
            x = layer(x)
    return x


def _linear_by_label(layer: nn.Linear, x: Tensor, n_labels: int, n_cells: int) -> Tensor:
    of_x, of_label = layer.weight.split((layer.in_features - n_labels, n_labels), 1)  # (H, I), (H, C)
    product = F.linear(x, of_x, layer.bias).view(-1, n_cells, layer.out_features)
    summed: Tensor = product + of_label.t().contiguous()[:, None]  # (1 or C, B, H) + (C, 1, H)
    return summed.view(-1, layer.out_features)
