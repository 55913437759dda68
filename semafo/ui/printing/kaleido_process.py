"""Turn a figure into a file, in a process that can be ended.

`python -m semafo.ui.printing.kaleido_process svg|png|pdf BROWSER` reads `{"figures": [...], "notes": [...]}` as JSON
from standard input and writes the file to standard output.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from semafo import inert
from semafo.ui.printing import paper

PNG_SCALE = 2


def poster(drawing: str, width: int, height: int) -> dict[str, Any]:
    """A figure that is nothing but a drawing, for formats that only a browser makes."""
    source = "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()
    whole = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "sizex": 1, "sizey": 1, "sizing": "stretch"}
    hidden = {"visible": False, "fixedrange": True}
    layout = {
        "width": width,
        "height": height,
        "margin": dict.fromkeys("lrtb", 0),
        "images": [{"source": source, **whole}],
        "xaxis": hidden,
        "yaxis": hidden,
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
    }
    return {"data": [], "layout": layout}


async def printed(figures: Sequence[Mapping[str, Any]], notes: Sequence[str], extension: str, browser: str) -> bytes:
    """The file's bytes: figures are drawn as SVG one below the other, their caption set below, the whole printed."""
    from kaleido import Kaleido  # takes a while, and only this process needs it

    async with Kaleido(n=1, path=browser, mathjax=False) as kaleido:
        drawings = []
        for figure in figures:
            size = {"width": figure["layout"]["width"], "height": figure["layout"]["height"], "scale": 1}
            drawing = await kaleido.calc_fig(dict(figure), opts={"format": "svg", **size})
            drawings.append(inert.Html(drawing.decode()))
        whole, width, height = paper.with_caption(drawings, notes)
        if extension == "svg":
            return whole.encode()
        size = {"width": width, "height": height, "scale": PNG_SCALE if extension == "png" else 1}
        return await kaleido.calc_fig(poster(whole, width, height), opts={"format": extension, **size})


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.stdout.buffer.write(asyncio.run(printed(asked["figures"], asked["notes"], sys.argv[1], sys.argv[2])))
