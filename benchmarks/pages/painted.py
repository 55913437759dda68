"""Pages of maps in Chromium, without a graphics card: until maps are painted, and what a lasso costs."""

import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.pages.served import ROOT, VIEWPORT, chromium, serve
from semafo.runs.home import Home

# Counts the canvases that hold a WebGL context, whoever asks for one.
COUNT_CONTEXTS = """
window.webglCanvases = new Set();
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  const context = getContext.call(this, kind, ...rest);
  if (context && String(kind).includes('webgl')) window.webglCanvases.add(this);
  return context;
};
"""
# Reading a pixel back waits until the canvas is painted.
IS_PAINTED = """() => {
  const plot = document.querySelector('.js-plotly-plot');
  if (!plot?._fullData?.length || !plot.querySelector('.draglayer .nsewdrag')) return false;
  for (const canvas of plot.querySelectorAll('canvas')) {
    const gl = canvas.getContext('webgl') || canvas.getContext('webgl2');
    if (gl) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
  return true;
}"""
IS_SELECTING = "() => document.querySelector('.js-plotly-plot')?._fullLayout?.dragmode === 'lasso'"
BY_BATCH = "() => document.querySelector('.js-plotly-plot')?._fullData?.some(one => one.name.startsWith('Batch '))"
DRAWN_AGAIN = "() => document.querySelector('[data-testid=stMain]').innerText.includes('cells selected')"
PATIENCE = 60_000  # milliseconds
SESSIONS = 3


@dataclass
class Traffic:
    """Messages on the page's websocket: when and how many bytes."""

    sent: list[tuple[float, int]] = field(default_factory=list)
    received: list[tuple[float, int]] = field(default_factory=list)

    def listen(self, socket: Any) -> None:
        """Listen to a websocket."""
        socket.on("framesent", lambda frame: self.sent.append((time.perf_counter(), len(frame))))
        socket.on("framereceived", lambda frame: self.received.append((time.perf_counter(), len(frame))))

    def clear(self) -> None:
        """Forget what was before."""
        self.sent.clear()
        self.received.clear()


def painted(home: Home, n_cells: int, path: str = "latent_space") -> dict[str, Any]:
    """Open the maps of all runs of a home, draw around all cells, and say what it took.

    path: the page that shows them, `latent_space` or `compare`.

    Returns
    -------
    dict
        `seconds_fresh` from the first request to a server that was just started, which imports and reads first, until
        the page is painted, and `seconds_opened` the same on the running server, median of new browser sessions;
        `seconds_painted` from choosing another colouring until it is painted, `mb_received` by then, `seconds_lasso`
        from letting go of the mouse until the figure with the selected cells arrives and `seconds_lasso_painted` until
        it is painted, `kb_lasso` sent by the browser, `webgl_contexts` of the page.
    """
    runs = sorted(folder.name for folder in home.runs.iterdir())
    log = home.path / "page.log"
    with serve(ROOT / "app.py", home, log) as served, chromium() as browser:
        address = f"{served.address}/{path}?runs={','.join(runs)}"
        fresh, *opened = (_open(browser, address) for _ in range(1 + SESSIONS))
        page, traffic = browser.new_page(viewport=VIEWPORT), Traffic()
        page.add_init_script(COUNT_CONTEXTS)
        page.on("websocket", traffic.listen)
        page.goto(address)
        _wait_until_painted(page)
        received = sum(size for _, size in traffic.received)
        colouring = _colour_by_batch(page)
        page.get_by_text("Select", exact=True).first.click()
        page.wait_for_function(IS_SELECTING, timeout=PATIENCE)
        page.wait_for_timeout(2000)  # the page's last parts arrive
        lasso = _lasso(page, traffic)
        contexts = page.evaluate("() => [...window.webglCanvases].filter(canvas => canvas.isConnected).length")
    return {
        "page": path,
        "n_cells": n_cells,
        "n_panels": len(runs),
        "seconds_fresh": round(fresh, 2),
        "seconds_opened": round(statistics.median(opened), 2),
        "mb_received": round(received / 1e6, 2),
        "seconds_painted": round(colouring, 2),
        **lasso,
        "webgl_contexts": contexts,
    }


def _open(browser: Any, address: str) -> float:
    """Seconds from asking for a page in a new browser session, with nothing in its cache, until it is painted."""
    page = browser.new_page(viewport=VIEWPORT)
    started = time.perf_counter()
    page.goto(address)
    _wait_until_painted(page)
    seconds = time.perf_counter() - started
    page.close()
    return seconds


def _wait_until_painted(page: Any) -> None:
    page.wait_for_function(IS_PAINTED, timeout=PATIENCE)


def _colour_by_batch(page: Any) -> float:
    """Seconds from choosing this colouring until it is painted."""
    page.get_by_role("combobox", name="Colour").click()
    option = page.get_by_role("option", name="Batch", exact=True)
    option.wait_for()
    started = time.perf_counter()
    option.click()
    page.wait_for_function(BY_BATCH, timeout=PATIENCE)
    page.wait_for_function(IS_PAINTED, timeout=PATIENCE)
    return time.perf_counter() - started


def _lasso(page: Any, traffic: Traffic) -> dict[str, float]:
    """Draw around all cells of the first panel."""
    panel = page.locator(".js-plotly-plot .draglayer .xy .nsewdrag").bounding_box()
    left, top = panel["x"] + 1, panel["y"] + 1
    right, bottom = left + panel["width"] - 2, top + panel["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(x, y, steps=12)
    traffic.clear()
    page.mouse.up()
    let_go = time.perf_counter()
    page.wait_for_function(DRAWN_AGAIN, timeout=PATIENCE)
    page.wait_for_function(IS_PAINTED, timeout=PATIENCE)
    painted_at = time.perf_counter()
    arrived, _ = max(traffic.received, key=lambda one: one[1])  # the figure is by far the largest message
    return {
        "seconds_lasso": round(arrived - let_go, 2),
        "seconds_lasso_painted": round(painted_at - let_go, 2),
        "kb_lasso": round(sum(size for _, size in traffic.sent) / 1000, 1),
    }


def main() -> None:
    """Measure a home that is there already: `python -m benchmarks.pages.painted FOLDER N_CELLS`."""
    import sys

    print(json.dumps(painted(Home.at(Path(sys.argv[1])), int(sys.argv[2])), indent=2))


if __name__ == "__main__":
    main()
