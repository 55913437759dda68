"""Figures made of plain values, for those that are made again at every click."""

import base64
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go

from semafo.ui.charts.settled_figure import SettledFigure


class PlainFigure(SettledFigure):
    """A figure whose traces and layout plotly checks only when someone looks into them.

    Checking every value takes plotly a third of a second for four panels of ten types, more than all the rest. What is
    sent is the same.
    """

    def __init__(self, data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> None:
        super().__init__()
        self.__dict__["_plain"] = (list(data), dict(layout))

    @property
    def data(self) -> tuple:
        """Traces, as plotly's objects."""
        return self._checked.data if "_plain" in self.__dict__ else super().data

    @property
    def layout(self) -> go.Layout:
        """Layout, as plotly's object."""
        return self._checked.layout if "_plain" in self.__dict__ else super().layout

    @cached_property
    def _checked(self) -> go.Figure:
        data, layout = self.__dict__["_plain"]
        return go.Figure(data=data, layout=layout)

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain values, arrays encoded; the same object at each call."""
        encoded = self.__dict__.get("_encoded")
        if encoded is None:
            data, layout = self.__dict__["_plain"]
            template = super().to_dict()["layout"]  # what an empty figure has, which takes the theme's colours
            encoded = self.__dict__["_encoded"] = {"data": _encoded(data), "layout": {**template, **_encoded(layout)}}
        return encoded


def _encoded(value: Any) -> Any:
    """A copy in which arrays of numbers are what plotly.js reads typed arrays from."""
    if isinstance(value, Mapping):
        return {key: _encoded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(part) for part in value]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return {"dtype": value.dtype.str[1:], "bdata": base64.b64encode(value.data).decode()}
    return value
