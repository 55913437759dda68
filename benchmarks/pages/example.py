"""The pictures of a real comparison that first visitors see: `python -m benchmarks.pages.example`.

Trains scANVI, SemafoVAE and Both on the built-in cells, as the first button does, opens Compare and writes its figure
to assets/, on a light and on a dark ground.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.pages.served import ROOT, chromium, serve
from semafo.runs.home import Home

FIGURE = ".st-key-figure-comparison .js-plotly-plot"
WIDTH, SCALE = 1300, 1.5
SCHEMES = ("light", "dark")


def main() -> None:
    """Train, look, write."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(Path(folder) / "home")
        subprocess.run([sys.executable, "-m", "semafo", "compare", "--home", str(home.path)], cwd=ROOT, check=True)
        with serve(ROOT / "app.py", home, Path(folder) / "app.log") as served, chromium() as browser:
            for scheme in SCHEMES:
                _take(browser, f"{served.address}/compare", scheme, ROOT / "assets" / f"example-{scheme}.png")


def _take(browser: Any, address: str, scheme: str, path: Path) -> None:
    viewport = {"width": WIDTH, "height": 1000}
    page = browser.new_page(viewport=viewport, color_scheme=scheme, device_scale_factor=SCALE)
    page.goto(address)
    page.locator(FIGURE).wait_for(timeout=60_000)
    page.get_by_text("Labels, against scANVI").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    page.mouse.move(0, 0)
    page.locator(FIGURE).screenshot(path=str(path))
    page.close()
    print(path)


if __name__ == "__main__":
    main()
