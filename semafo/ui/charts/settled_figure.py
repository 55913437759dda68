"""Figures that are not changed any more."""

from typing import Any

import plotly.graph_objects as go


class SettledFigure(go.Figure):  # type: ignore[misc]  # plotly has no annotations: its Figure is Any
    """A figure that is encoded once, however often it is sent. Do not change it.

    Streamlit asks for the dictionary at every drawing of a page; for 85 000 cells copying and encoding the arrays each
    time takes a twentieth of a second.
    """

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain values, arrays encoded; the same object at each call."""
        encoded = self.__dict__.get("_encoded")
        if encoded is None:
            encoded = self.__dict__["_encoded"] = super().to_dict()
        return encoded
