"""Hidden layers of scvi-tools' networks, gone through a block at a time.

A block is linear, batch norm, ReLU and dropout. As modules these are five nodes of autograd, and a copy of the input
before them; here they are one function with its own gradient. Weights, running statistics and numbers are the modules'.
Blocks of another make (layer norm) and networks that are not being trained go through their modules.

Axes: B cells, C labels, H hidden units, I inputs.
"""

from typing import Any

import torch
from scvi.nn import FCLayers
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from semafo.models.networks import QuickDropout, linear_by_label


def through(layers: FCLayers, x: Tensor, categories: Tensor | None = None) -> Tensor:
    """Hidden units for x, (B, I), and one category a cell, (B,) int64. Returns (B, H)."""
    n_categories = sum(layers.n_cat_list)
    one_hot = F.one_hot(categories, n_categories).to(x.dtype) if n_categories else None
    for i, block in enumerate(layers.fc_layers):
        if one_hot is not None and layers.inject_into_layer(i):
            x = torch.cat((x, one_hot), -1)
        x = _through_block(block, x)
    return x


def through_by_label(layers: FCLayers, x: Tensor, n_labels: int, n_cells: int) -> Tensor:
    """Hidden units for x under every label; x has a row a cell, or is label-major already. Returns (C·B, H).

    A one-hot label times a layer's weights is one column of them. It is added after the product with x, so x is neither
    repeated nor extended, and rows that are the same for all labels are multiplied once.
    """
    for i, block in enumerate(layers.fc_layers):
        x = _through_block(block, x, (n_labels, n_cells) if layers.inject_into_layer(i) else None)
    return x


def _through_block(block: nn.Sequential, x: Tensor, by_label: tuple[int, int] | None = None) -> Tensor:
    linear, norm, layer_norm, activation, dropout = block
    usual = isinstance(norm, nn.BatchNorm1d) and layer_norm is None and isinstance(activation, nn.ReLU)
    if not (usual and norm.training and x.device.type == "cpu"):
        x = linear(x) if by_label is None else linear_by_label(x, linear.weight, linear.bias, *by_label)
        for layer in filter(None, (norm, layer_norm, activation, dropout)):
            x = layer(x)
        return x
    n_rows = len(x) if by_label is None else by_label[0] * by_label[1]
    kept = _kept(dropout, x.new_empty(()).expand(n_rows, linear.out_features))
    return _Block.apply(x, linear.weight, linear.bias, norm.weight, norm.bias, norm, kept, by_label)


def _kept(dropout: nn.Dropout | None, like: Tensor) -> Tensor | None:
    """What dropout multiplies with; None where it does nothing."""
    if dropout is None or not dropout.training or dropout.p == 0:
        return None
    return dropout.factors(like.shape) if isinstance(dropout, QuickDropout) else dropout(torch.ones_like(like))


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        gamma: Tensor,
        beta: Tensor,
        norm: nn.BatchNorm1d,
        kept: Tensor | None,
        by_label: tuple[int, int] | None,
    ) -> Tensor:
        h = torch.addmm(bias, x, weight.t()) if by_label is None else linear_by_label(x, weight, bias, *by_label)
        norm.num_batches_tracked.add_(1)
        running = norm.running_mean, norm.running_var
        out, mean, spread = torch.native_batch_norm(h, gamma, beta, *running, True, norm.momentum, norm.eps)
        out.relu_()
        if kept is not None:
            out.mul_(kept)
        ctx.save_for_backward(x, weight, h, gamma, *running, mean, spread, out, kept)
        ctx.eps, ctx.by_label = norm.eps, by_label
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, h, gamma, *running, mean, spread, out, kept = ctx.saved_tensors
        grad = torch.ops.aten.threshold_backward(grad if kept is None else grad * kept, out, 0.0)
        grad, of_gamma, of_beta = torch.ops.aten.native_batch_norm_backward(
            grad, h, gamma, *running, mean, spread, True, ctx.eps, [True, True, True]
        )
        n_in, of_labels = x.shape[1], None
        if ctx.by_label is not None:
            by_label = grad.view(*ctx.by_label, -1)  # (C, B, H)
            of_labels = by_label.sum(1).t()
            grad = grad if len(x) == len(grad) else by_label.sum(0)
        of_weight = grad.t() @ x
        if of_labels is not None:
            of_weight = torch.cat((of_weight, of_labels), 1)
        of_x = grad @ weight[:, :n_in] if ctx.needs_input_grad[0] else None
        # batch norm takes away whatever constant the bias adds
        return of_x, of_weight, torch.zeros_like(gamma), of_gamma, of_beta, None, None, None
