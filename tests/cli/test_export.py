"""`semafo export` and `semafo import`, and the report that needs no network."""

import json
import re
import zipfile
from functools import partial

import pytest
from click.testing import CliRunner

from semafo import keys
from semafo.cli import export as cli_export
from semafo.cli.main import cli
from semafo.files import read_json, write_json
from semafo.runs.folder.name_tags_notes import About
from semafo.runs.home import Home
from semafo.runs.sweeps.sweep import SWEEP_FILE
from semafo.runs.workers.work import write_manifest
from tests.support import fakes


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home.at(tmp_path_factory.mktemp("cli") / "home")


@pytest.fixture(scope="module")
def records(home):
    found = [*fakes.comparison(home), *fakes.comparison(home, fakes.MAPPED)[:1]]
    for record in found:
        write_manifest(record.folder, partial(write_json, record.folder / keys.MANIFEST_FILE))
    return found


@pytest.fixture
def semafo(home, monkeypatch):
    """Run a command; give its exit code and what it said."""
    monkeypatch.setattr(cli_export, "ensure_engine", lambda home: None)

    def run(*arguments, where=home):
        done = CliRunner().invoke(cli, [*map(str, arguments), "--home", str(where.path), "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def test_runs_go_from_one_home_to_another(semafo, records, tmp_path):
    path, other = tmp_path / "runs.zip", Home.at(tmp_path / "other")
    code, said = semafo("export", records[0].run_id[:12], records[1].run_id, "--to", path)
    assert (code, json.loads(said)["runs"]) == (0, [records[0].run_id, records[1].run_id])
    code, said = semafo("import", path, where=other)
    assert (code, json.loads(said)["runs"]) == (0, [records[0].run_id, records[1].run_id])
    assert {folder.name for folder in other.runs.iterdir()} == {records[0].run_id, records[1].run_id}


def test_a_sweep_takes_its_finished_runs_along(semafo, home, records, tmp_path):
    (home.sweeps / "sweep-one").mkdir()
    run_ids = [records[0].run_id, "never-trained"]
    write_json(home.sweeps / "sweep-one" / SWEEP_FILE, {"name": "One", "grid": {}, "run_ids": run_ids})
    assert semafo("export", "sweep-one", "--to", tmp_path / "sweep.zip")[0] == 0
    other = Home.at(tmp_path / "other")
    code, said = semafo("import", tmp_path / "sweep.zip", where=other)
    assert (code, json.loads(said)) == (0, {"runs": run_ids[:1], "kept": [], "sweeps": ["sweep-one"]})
    assert read_json(other.sweeps / "sweep-one" / SWEEP_FILE)["run_ids"] == run_ids


def test_a_script_for_each_run_comes_as_a_zip(semafo, records, tmp_path):
    ids = [record.run_id for record in records[:2]]
    assert semafo("export", *ids, "--as", "py", "--to", tmp_path / "scripts.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "scripts.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{run_id}.py" for run_id in ids)


def test_a_name_that_people_gave_cannot_become_code(semafo, records, tmp_path):
    About(name='mine """ + __import__("os") \\').write(records[2].folder)
    assert semafo("export", records[2].run_id, "--to", tmp_path / "named.py")[0] == 0
    text = (tmp_path / "named.py").read_text()
    compile(text, "named.py", "exec")
    assert "mine ''' + __import__('os') /" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["RUN", "--to", "there.zip"], "there.zip is there already. Give another --to, or --force"),
        (["RUN", "--to", "nowhere/x.zip"], "There is no folder nowhere"),
        (["RUN", "--to", "x.docx"], "does not say what to write"),
        (["no-such-run", "--to", "x.zip"], "There is no run 'no-such-run'"),
        (["sweep-none", "--to", "x.zip"], "is no sweep of this home"),
        (["RUN", "OTHER", "--to", "x.py"], "This writes one run, and 2 were named"),
        (["RUN", "--to", "folder", "--as", "model"], "is there and is no exported model"),
        (["RUN", "--to", "folder", "--as", "zip"], "folder is a folder, and this writes a file"),
        (["WAITING", "--to", "x.zip"], "is queued, and only finished runs can be exported. Wait for its end"),
        (["RUN", "MAPPED", "--to", "x.h5ad"], "read different columns"),
    ],
)
def test_what_cannot_be_written_is_said_in_words(semafo, home, records, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.zip").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").touch()
    waiting = fakes.replace(fakes.REAL, train=fakes.TrainSettings(seed=9))
    ids = {"RUN": records[0].run_id, "OTHER": records[1].run_id, "MAPPED": records[3].run_id}
    if "WAITING" in arguments:
        ids["WAITING"] = fakes.queued(home, waiting).run_id
    code, said = semafo("export", *(ids.get(argument, argument) for argument in arguments))
    assert code == 2
    assert words in json.loads(said.splitlines()[-1])["error"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "there.zip"]


def test_a_file_that_is_no_export_is_refused_in_words(semafo, tmp_path):
    assert "There is no file" in semafo("import", tmp_path / "gone.zip")[1]
    (tmp_path / "photo.zip").write_bytes(b"PK")
    code, said = semafo("import", tmp_path / "photo.zip")
    assert code == 2
    assert "damaged or no zip at all" in said


def test_the_report_needs_no_network_and_has_all_parts(semafo, records, tmp_path):
    path = tmp_path / "report.html"
    code, said = semafo("export", *(record.run_id for record in records[:3]), "--to", path)
    assert code == 0, said
    text = path.read_text()
    assert path.stat().st_size < 8e6
    page = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)  # plotly names addresses that it does not load
    assert not re.findall(r"""(?:src|href|url|action)\s*[=(]\s*["']?(?:https?:)?//""", page)
    assert "default-src 'none'" in text
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    parts = ["Label scores", "Differences", "Latent spaces", "Confusion", "Each type", "Integration", "Training"]
    assert all(any(heading.startswith(part) for heading in headings) for part in [*parts, "Settings"])
    specs = re.findall(r"<script type='application/json'>(.*?)</script>", text, flags=re.DOTALL)
    assert len(specs) == page.count("class='figure'")
    assert all(json.loads(spec)["data"] for spec in specs)
    assert text.count("plotly.js v") == 1
    assert "One seed proves nothing about the methods" in page
    assert "prefers-color-scheme:dark" in text


def test_a_report_and_a_diff_of_two_schedules_say_so(semafo, home, records, tmp_path):
    train = fakes.TrainSettings("one-cycle", seed=0)
    preview = fakes.finished(home, fakes.replace(fakes.REAL, train=train))
    path = tmp_path / "mixed.html"
    assert semafo("export", records[0].run_id, preview.run_id, "--to", path)[0] == 0
    page = path.read_text()
    assert "Different schedules" in page
    assert "Previews are trained too short" in page
    assert "Condensed, Preview (one-cycle) schedule" in page  # where the runs come from
    assert page.count(f"{preview.config.mix.name} · 20 % · seed 0 · preview") >= 2
    lines = list(map(json.loads, semafo("diff", records[0].run_id, preview.run_id)[1].splitlines()))
    setting, *notes = [line for line in lines if line.get("setting") == "Schedule" or line["kind"] == "note"]
    assert list(setting["values"].values()) == ["Condensed (default)", "Preview (one-cycle)"]
    assert "Different schedules" in notes[0]["words"]


def test_names_from_elsewhere_are_text_in_the_report(records):
    from semafo.ui.reports import html_page
    from semafo.ui.reports import runs as run_report

    shown = run_report.as_shown(records[:1])
    assert html_page.paragraph("<img src=x>") == "<p>&lt;img src=x&gt;</p>"
    assert "</script>" not in html_page.figure(_figure("</script><b>"), "alt").split("</script></div>")[0]
    assert shown[0].colour.startswith("#")


def _figure(name):
    import plotly.graph_objects as go

    return go.Figure(go.Scatter(x=[0], y=[0], name=name))
