"""Pages that need neither server nor network: one file, interactive figures, light or dark as the reader's system."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io
from plotly.offline import get_plotlyjs

from semafo import inert
from semafo.ui.charts import colours

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
# Nothing is loaded from anywhere: the policy forbids what the page does not do. Plotly's WebGL compiles its own code.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:"
)
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--quiet:#5c6873;--ground:#fff;--rule:#dde3e6;--accent:#0f7b8a}
@media (prefers-color-scheme:dark){
:root{--ink:#e6eaed;--quiet:#9aa6b1;--ground:#14191f;--rule:#323b44;--accent:#5cc0ce}}
body{font:15px/1.5 FONT;max-width:1100px;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--ground)}
h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.25rem;margin:2.6rem 0 .4rem}h3{font-size:1rem;margin:1.4rem 0 .2rem}
a{color:var(--accent)}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .8rem;text-align:right;border-bottom:1px solid var(--rule);font-weight:400}
thead th{font-weight:600}td:first-child,th:first-child{text-align:left}
.quiet,small,.caption{color:var(--quiet)}.caption{font-size:.9rem;max-width:54rem;margin:.3rem 0 1rem}
.wide{overflow-x:auto}.figure{min-width:680px}.heatmap-label text{fill:currentColor!important}
.warning{border-left:3px solid var(--accent);padding-left:.8rem}
@media print{body{max-width:none;margin:0}h2{break-after:avoid}.block{break-inside:avoid}}
""".replace("FONT", _FONT)
_FIGURE_FONT = "Arial,Helvetica,'Liberation Sans',sans-serif"  # figures leave room for text as wide as this
_AXIS = {"gridcolor": colours.GRID, "linecolor": colours.GRID, "zerolinecolor": colours.GRID, "automargin": True}
_TEMPLATE = {
    "layout": {
        "font": {"family": _FIGURE_FONT, "size": 12},
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
}
# Draws each figure in the ink of the reader's colour scheme, and again when that changes.
_DRAW = """
const dark = matchMedia("(prefers-color-scheme: dark)");
const inked = () => {
  const [ink, ground] = dark.matches ? ["#e6eaed", "#1d242c"] : ["#1c2733", "#ffffff"];
  return {"font.color": ink, "hoverlabel.bgcolor": ground, "hoverlabel.font.color": ink};
};
for (const place of document.querySelectorAll("div.figure")) {
  const spec = JSON.parse(place.querySelector("script").textContent);
  const config = {displaylogo: false, responsive: true, modeBarButtonsToRemove:
    ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]};
  Plotly.newPlot(place, spec.data, spec.layout, config).then(() => Plotly.relayout(place, inked()));
}
dark.addEventListener("change", () => {
  for (const place of document.querySelectorAll("div.figure")) Plotly.relayout(place, inked());
});
"""


def page(title: str, *body: inert.Html) -> inert.Html:
    """A whole page with a heading."""
    library = inert.Html(get_plotlyjs())
    return inert.Html(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{inert.html(title)}</title><style>{_STYLE}</style><script>{inert.html(library)}</script></head>"
        f"<body>{inert.html(element('h1', title), *body)}<script>{_DRAW}</script></body></html>"
    )


def element(tag: str, *inside: object, kind: str = "") -> inert.Html:
    """An element of a page, such as a heading. inside: text, or `Html`; kind: its class in the page's style."""
    of_kind = inert.Html(f' class="{inert.html(kind)}"' if kind else "")
    return inert.Html(f"<{inert.html(tag)}{inert.html(of_kind)}>{inert.html(*inside)}</{inert.html(tag)}>")


def table(frame: pd.DataFrame, **looks: Any) -> inert.Html:
    """A table that scrolls by itself where the window is narrower. Cells are text or `Html`.

    looks: of `pandas.DataFrame.to_html`.
    """
    cells = frame.map(lambda value: inert.html(value) if isinstance(value, str) else value)
    cells = cells.rename(index=_inert_name, columns=_inert_name)
    return element("div", inert.Html(cells.to_html(escape=False, border=0, **looks)), kind="wide")


def _inert_name(name: object) -> object:
    return inert.html(name) if isinstance(name, str) else name


def figure(drawn: go.Figure, alt: str, caption: str = "", *, texts: bool = True) -> inert.Html:
    """A figure with a text alternative, and below it its caption; both are text.

    texts: whether points keep what they say on hover. In maps of many cells that is most of a file.
    """
    drawing = drawn.to_dict()
    layout = {**drawing["layout"], "template": _TEMPLATE, "autosize": True}
    layout.pop("width", None)
    data = drawing["data"] if texts else [_silent(trace) for trace in drawing["data"]]
    spec = plotly.io.to_json({"data": data, "layout": layout}, validate=False)
    held = inert.Html(spec.replace("<", "\\u003c"))  # nothing in it ends the script
    shown = inert.Html(
        f"<div class='figure' role='img' aria-label='{inert.html(alt)}'>"
        f"<script type='application/json'>{inert.html(held)}</script></div>"
    )
    parts = [element("div", shown, kind="wide"), *([paragraph(caption, "caption")] if caption else [])]
    return element("div", *parts, kind="block")


def _silent(trace: Mapping[str, Any]) -> dict[str, Any]:
    """The trace without the texts of its points."""
    return {**{name: part for name, part in trace.items() if name != "text"}, "hoverinfo": "skip"}


def paragraph(text: str, kind: str = "") -> inert.Html:
    """Text as a paragraph."""
    return element("p", text, kind=kind)
