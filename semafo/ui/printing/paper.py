"""Figures as a page of paper wants them: white ground, dark text of at least 9 points, their caption below.

A pixel is 1/96 inch, so 12 pixels are 9 points, and 680 pixels are 180 mm: the text width of most journals. Figures
whose panels would be too narrow for their titles there get 280 mm, for a page on its side.
"""

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from semafo import inert
from semafo.ui.charts import style

WIDTH, LANDSCAPE = 680, 1060  # pixels, 180 and 280 mm
NARROWEST_PANEL = 280  # pixels that a panel's title needs
LEAST_TEXT = 12  # pixels, 9 pt
MOST_VECTOR_POINTS = 20_000
INK, QUIET_INK, RULE = "#1C2733", "#4A5560", "#DDE3E6"
FONT = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"
_LINE, _MARGIN = 16, 10  # pixels of the caption
_LEGEND_ROW, _LEGEND_MARKER = 20, 46  # pixels
_CHARACTER = 0.52 * LEAST_TEXT  # mean width in pixels
_CONTROLS = ("updatemenus", "sliders")  # nothing to press on paper
_FONT_SIZE = re.compile(r"font-size:\s*([\d.]+)px")

_AXIS = {"gridcolor": RULE, "linecolor": RULE, "zerolinecolor": RULE, "automargin": True, "ticks": ""}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "color": INK, "size": LEAST_TEXT},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "colorscale": {"sequential": "Viridis"},
    }
)


def on_paper(figure: go.Figure, width: int | None = None) -> dict[str, Any]:
    """A copy of the figure for print, as `{"data": [...], "layout": {...}}`.

    width: pixels of the page; None goes by what the panels need.

    The theme's colours give way to dark on white, small text grows to 9 points, and maps of at most
    `MOST_VECTOR_POINTS` points become vectors. The legend gets the rows that it needs in the narrower width; panels
    keep their height.
    """
    spec = figure.to_dict()
    width = width or page_width(spec["layout"])
    drawn = {name: part for name, part in spec["layout"].items() if name not in _CONTROLS}
    layout = {**drawn, "template": TEMPLATE.to_plotly_json(), "width": width, "autosize": False}
    room = _LEGEND_ROW * (_legend_rows(spec, width) - _legend_rows(spec, style.WIDE))
    margin = layout.get("margin", {})
    layout["height"] = layout.get("height", 450) + room
    layout["margin"] = {**margin, "b": margin.get("b", 80) + room}
    n_points = sum(len(trace.x) for trace in figure.data if trace.type == "scattergl" and trace.x is not None)
    vector = n_points <= MOST_VECTOR_POINTS
    data = [_vector(trace) if vector else trace for trace in spec["data"]]
    return readable({"data": data, "layout": layout})


def page_width(layout: Mapping[str, Any]) -> int:
    """Pixels that the figure's panels need, `WIDTH` or `LANDSCAPE`."""
    axes = [axis for name, axis in layout.items() if re.fullmatch(r"xaxis\d*", name) and axis.get("visible", True)]
    domains = [axis.get("domain") or (0, 1) for axis in axes]
    narrowest = min((high - low for low, high in domains), default=1)
    return WIDTH if narrowest * WIDTH >= NARROWEST_PANEL else LANDSCAPE


def readable(part: Any) -> Any:
    """The same part of a figure, with no text smaller than `LEAST_TEXT`."""
    if isinstance(part, Mapping):
        return {key: _font(value) if str(key).endswith("font") else readable(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [readable(value) for value in part]
    if isinstance(part, str):
        return _FONT_SIZE.sub(lambda found: f"font-size:{max(float(found[1]), LEAST_TEXT):g}px", part)
    return part


def _font(font: Any) -> Any:
    size = font.get("size") if isinstance(font, Mapping) else None
    return {**font, "size": max(size, LEAST_TEXT)} if isinstance(size, (int, float)) else font


def _legend_rows(spec: Mapping[str, Any], width: int) -> int:
    """Rows of a legend that lies at the bottom of the whole figure; 0 where there is none."""
    layout = spec["layout"]
    if layout.get("showlegend") is False or layout.get("legend", {}).get("yref") != "container":
        return 0
    names = [trace["name"] for trace in spec["data"] if trace.get("name") and trace.get("showlegend", True)]
    entry = max(map(len, names), default=0) * _CHARACTER + _LEGEND_MARKER  # all are as wide as the longest
    return math.ceil(len(names) / max(1, width // entry))


def _vector(trace: Mapping[str, Any]) -> dict[str, Any]:
    return {**trace, "type": "scatter"} if trace.get("type") == "scattergl" else dict(trace)


# --- The caption ------------------------------------------------------------------------------------------------------


def caption_lines(notes: Sequence[str], width: float = WIDTH) -> list[str]:
    """Paragraphs broken into lines for that many pixels."""
    columns = int((width - 2 * _MARGIN) / _CHARACTER)
    return [line for note in notes for line in textwrap.wrap(note, columns)]


def with_caption(drawings: Sequence[inert.Html], notes: Sequence[str]) -> tuple[str, int, int]:
    """SVGs one below the other with text below them on white: the new SVG, its width and its height in pixels."""
    sizes = [_size(drawing) for drawing in drawings]
    width, height = max(size[0] for size in sizes), sum(size[1] for size in sizes)
    tops = [sum(size[1] for size in sizes[:i]) for i in range(len(sizes))]
    parts = [
        inert.Html(f'<g transform="translate(0 {top:d})">{inert.html(one)}</g>')
        for top, one in zip(tops, drawings, strict=True)
    ]
    lines = caption_lines(notes, width)
    total = height + len(lines) * _LINE + 2 * _MARGIN * bool(lines)
    texts = inert.html(*_texts(lines, height + _MARGIN))
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:d}" height="{total:d}" '
        f'viewBox="0 0 {width:d} {total:d}">'
        f'<rect width="{width:d}" height="{total:d}" fill="#FFFFFF"/>{inert.html(*parts)}'
        f'<g font-family="{FONT}" font-size="{LEAST_TEXT}" fill="{QUIET_INK}">{inert.html(texts)}</g></svg>'
    )
    return whole, width, total


def _texts(lines: Sequence[str], top: float) -> Iterator[inert.Html]:
    for i, line in enumerate(lines, start=1):
        yield inert.Html(f'<text x="{_MARGIN}" y="{top + i * _LINE - 4:g}">{inert.html(line)}</text>')


def _size(drawing: str) -> tuple[int, int]:
    opening = drawing[: drawing.index(">")]
    return _pixels(opening, "width"), _pixels(opening, "height")


def _pixels(opening: str, name: str) -> int:
    found = re.search(rf'\b{name}="([\d.]+)', opening)
    assert found is not None  # every drawing states its size
    return round(float(found[1]))
