"""The process that serves pages stays light."""

import json
import os
import subprocess
import sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.support import fakes

ROOT = Path(__file__).parents[2]
HEAVY = ["torch", "scvi", "scanpy", "umap", "jax", "anndata", "lightning", "numba"]
SCRIPT = """
import json, sys
from streamlit.testing.v1 import AppTest
from semafo.runs.engine import launch
launch.ensure_engine = lambda home: None
seen = []
for path in ("", "train", "latent_space", "predictions", "integration", "runs"):
    app = AppTest.from_file("app.py", default_timeout=60)
    if path:
        app.switch_page(f"pages/{path}.py")
    app.run()
    assert not app.exception and not app.error, (path, app.exception, app.error)
    seen.append(app.title[0].value)
heavy = [name for name in json.loads(sys.argv[1]) if name in sys.modules]
print(json.dumps({"pages": seen, "heavy": heavy}))
"""


def test_a_fresh_server_asked_for_an_inner_page_still_draws_the_whole_app(home):
    fakes.comparison(home)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/predictions.py").run()
    assert not app.exception
    assert app.title[0].value == "Predictions"
    assert "Chosen runs" in app.sidebar.markdown[0].value


def test_no_page_loads_a_training_library(tmp_path):
    home = fakes.full_home(tmp_path / "home")
    environment = {**os.environ, "SEMAFO_HOME": str(home.path)}
    command = [sys.executable, "-c", SCRIPT, json.dumps(HEAVY)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["heavy"] == []
    assert answer["pages"] == ["Data", "Train", "Latent space", "Predictions", "Integration", "Runs"]
