"""Three hundred damaged zips and files: each is refused in words or read, quickly, and harms nothing else.

Every case is made by its number alone, so that one that fails can be looked at again. The first cases are of all kinds
and belong to the quick tests.
"""

import io
import json
import random
import resource
import shutil
import signal
import struct
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from semafo import keys
from semafo.errors import SemafoError
from semafo.files import write_json
from semafo.runs import requests
from semafo.runs.engine.launch import engine_pid, is_loading, notice
from semafo.runs.engine.run_queue import Queue
from semafo.runs.export.archive_import import read_bundle
from semafo.runs.export.run_archive import LIST_FILE, write_bundle
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.verification import damage_of
from semafo.runs.home import Home
from semafo.runs.library import cleanup, disk_use, store, trash
from semafo.runs.library.index import Index
from semafo.runs.sweeps.sweep import SWEEP_FILE, Sweep, sweeps
from tests.support import damage, fakes

N_CASES, N_QUICK = 300, 25
MOST_SECONDS = 20
MOST_BYTES = 1_500_000_000  # that the process may grow by, all cases together


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A zip of two runs and a sweep, and a home with other runs in all states."""
    sender = Home.at(tmp_path_factory.mktemp("sender") / "home")
    records = [damage.finished(sender), damage.finished(sender, fakes.ANNOTATED)]
    folder = sender.sweeps / "sweep-abc"
    folder.mkdir()
    grid = {"preset": None, "points": ["20 %"], "mixes": ["scANVI"], "seeds": [0], "split_seeds": [0]}
    run_ids = [record.run_id for record in records]
    write_json(folder / SWEEP_FILE, {"schema": 1, "name": "Mine", "created": 1.0, "grid": grid, "run_ids": run_ids})
    bundle = tmp_path_factory.mktemp("zip") / "runs.zip"
    write_bundle(records, bundle, [Sweep(sender, "sweep-abc")])
    receiver = Home.at(tmp_path_factory.mktemp("receiver") / "home")
    keeper = damage.finished(receiver, fakes.CALIBRATED)
    shutil.copytree(folder, receiver.sweeps / "sweep-def")
    write_json(receiver.disk_file, {"measured": 1.0, "parts": [{"name": "runs", "n": 1, "n_bytes": 5}]})
    write_json(receiver.queue_file, {keeper.run_id: {"position": 1, "waits_for": None}})
    write_json(receiver.engine_file, {"pid": 1, "workers": [], "notice": None})
    return SimpleNamespace(bundle=bundle, records=records, receiver=receiver, keeper=keeper.run_id)


@pytest.fixture(scope="module", autouse=True)
def memory():
    """The process does not grow beyond the limit, whatever a file claims to hold."""
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < MOST_BYTES


@pytest.fixture
def home(sources, tmp_path):
    shutil.copytree(sources.receiver.path, tmp_path / "home")
    return Home.at(tmp_path / "home")


@contextmanager
def in_time() -> Iterator[None]:
    """What takes longer is a hang."""

    def stop(*_):
        raise TimeoutError(f"took more than {MOST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(MOST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def members_of(bundle, kind="runs/", suffix=""):
    with zipfile.ZipFile(bundle) as archive:
        return [name for name in archive.namelist() if name.startswith(kind) and name.endswith(suffix)]


# --- Damaged zips -----------------------------------------------------------------------------------------------------


def other_bytes(bundle, target, rng):
    target.write_bytes(damage.spoil_bytes(bundle.read_bytes(), rng))


def odd_json(bundle, target, rng):
    """Of a run or a sweep, with hashes that fit."""
    name = rng.choice([*members_of(bundle, suffix=".json"), *members_of(bundle, "sweeps/")])
    damage.rewritten(
        bundle, target, lambda files, facts: damage.put(files, facts, name, damage.spoil_json(files[name], rng))
    )


def odd_history(bundle, target, rng):
    name = rng.choice(members_of(bundle, suffix=".jsonl"))

    def change(files, facts):
        lines = files[name].splitlines()
        place = rng.randrange(len(lines))
        lines[place] = damage.spoil_json(lines[place], rng)
        damage.put(files, facts, name, b"\n".join(lines) + b"\n")

    damage.rewritten(bundle, target, change)


def odd_list(bundle, target, rng):
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[LIST_FILE] = damage.spoil_json(files[LIST_FILE], rng)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def swapped(bundle, target, rng):
    """Two members have one another's content."""

    def change(files, facts):
        one, other = rng.sample(sorted(files), 2)
        contents = files[other], files[one]
        for name, content in zip((one, other), contents, strict=True):
            damage.put(files, facts, name, content)

    damage.rewritten(bundle, target, change)


def absurd_size(bundle, target, rng):
    name, size = rng.choice(members_of(bundle)), rng.choice([0, -1, 2**40, 2**62, 1.5, "9", None, True])

    def change(files, facts):
        facts["files"][name]["bytes"] = size

    damage.rewritten(bundle, target, change)


def absurd_size_in_the_zip(bundle, target, rng):
    """In the directory at the zip's end, where the sizes are that a reader believes."""
    content = bytearray(bundle.read_bytes())
    places = [place for place in range(len(content) - 46) if content[place : place + 4] == b"PK\x01\x02"]
    struct.pack_into("<I", content, rng.choice(places) + rng.choice([20, 24, 42]), rng.choice([0, 7, 2**31, 2**32 - 2]))
    target.write_bytes(content)


def swelling(bundle, target, rng):
    """A member of nothing but zeros."""
    name = rng.choice(members_of(bundle, suffix=rng.choice([".npy", ".json", ".parquet"])))
    zeros = bytes(rng.choice([30_000_000, 60_000_000]))
    damage.rewritten(bundle, target, lambda files, facts: damage.put(files, facts, name, zeros))


def absurd_array(bundle, target, rng):
    """An array whose header claims more than any memory has."""
    name = rng.choice(members_of(bundle, suffix=".npy"))
    shape = rng.choice(["(2000000000, 500)", "(4000000000000,)", "(700, 2, 1, 1, 1)", "(-1, 2)", "()"])
    head = (
        f"{{'descr': '{rng.choice(['<f4', '|O', '<U9'])}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
        + "\n"
    )
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(400)
    damage.rewritten(bundle, target, lambda files, facts: damage.put(files, facts, name, content))


def twice(bundle, target, rng):
    shutil.copy(bundle, target)
    name = rng.choice([*members_of(bundle), LIST_FILE])
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr(name, rng.randbytes(20))


def elsewhere(bundle, target, rng):
    names = (
        "../../escaped",
        "/tmp/escaped",
        "runs/a/../../b",
        "runs/a\\b/c",
        "runs/../x",
        "\u202e",
        "runs/a/.hidden",
        "runs//c",
    )
    name = rng.choice(names) + rng.choice(["", ".json", "\x00", "/config.json"])
    damage.rewritten(bundle, target, lambda files, facts: damage.put(files, facts, name, b"{}"))


def missing(bundle, target, rng):
    name = rng.choice(members_of(bundle))

    def change(files, facts):
        del files[name]
        if rng.random() < 0.5:
            del facts["files"][name]

    damage.rewritten(bundle, target, change)


def foreign(bundle, target, rng):
    """Files that no run has, listed as they should be."""
    folder = rng.choice(members_of(bundle)).rpartition("/")[0]

    def change(files, facts):
        for i in range(rng.choice([1, 5, 300])):
            damage.put(files, facts, f"{folder}/tool{i}.sh", b"echo")

    damage.rewritten(bundle, target, change)


ZIPS = (
    *(other_bytes, odd_json, odd_history, odd_list, swapped, absurd_size, absurd_size_in_the_zip, swelling),
    *(absurd_array, twice, elsewhere, missing, foreign, odd_json, other_bytes),
)


# --- Damaged homes ----------------------------------------------------------------------------------------------------


def spoiled_run(home, sources, rng, spoil, pattern, is_vouched_for):
    """A finished run of which one file is spoiled, with or without a manifest that says so."""
    source = rng.choice(sources.records).folder
    folder = home.runs / source.name
    shutil.copytree(source, folder)
    path = rng.choice(sorted(folder.glob(pattern)))
    path.write_bytes(spoil(path.read_bytes(), rng))
    if is_vouched_for and path.name != keys.MANIFEST_FILE:
        damage.committed(RunRecord(folder))
    if rng.random() < 0.3:
        (folder / keys.MANIFEST_FILE).unlink()
    return folder


def odd_run(home, sources, rng):
    spoiled_run(home, sources, rng, damage.spoil_json, "*.json", is_vouched_for=rng.random() < 0.7)


def damaged_run(home, sources, rng):
    spoiled_run(home, sources, rng, damage.spoil_bytes, "*", is_vouched_for=rng.random() < 0.5)


def odd_status(home, sources, rng):
    """Of a run that waits, works or ended."""
    state = rng.choice([keys.QUEUED, keys.RUNNING, keys.FAILED])
    record = fakes._begin(home, fakes.MAPPED, state)
    for name in rng.sample([keys.STATUS_FILE, keys.CONFIG_FILE, keys.SPLIT_FILE], rng.choice([1, 1, 2])):
        path = record.folder / name
        path.write_bytes(damage.spoil_json(path.read_bytes(), rng))
    requests.send(home, {"action": "queue", "run_ids": [record.run_id]})


def odd_home(home, sources, rng):
    path = rng.choice([home.queue_file, home.disk_file, home.engine_file, home.sweeps / "sweep-def" / SWEEP_FILE])
    path.write_bytes(damage.spoil_json(path.read_bytes(), rng))


def odd_request(home, sources, rng):
    actions = ("queue", "cancel", "delete", "index", cleanup.ACTION, "dance")
    sent = {"action": rng.choice(actions), "run_id": "x", "run_ids": ["x"], "items": [["cache", "x"]]}
    (home.inbox / "0-odd.json").write_bytes(damage.spoil_json(json.dumps(sent).encode(), rng))


HOMES = (odd_run, damaged_run, odd_status, odd_home, odd_request)
KINDS = (*ZIPS, *HOMES, odd_run, damaged_run, odd_status, odd_run, odd_run)


def require_usable(home, keeper):
    """List, index, an engine's start and its rounds, and every reader of every run, as pages and commands do."""
    for run_id in store.rows(home):
        assert run_id["state"] in (*keys.ACTIVE_STATES, keys.DONE, keys.FAILED, keys.CANCELLED, keys.UNREADABLE)
    for folder in home.runs.iterdir():
        record = RunRecord(folder)
        damage.read_everything(record)
        list(damage_of(record))
        _ = record.state, record.is_active, record.refusal
    index = Index(home)
    index.rebuild()
    index.close()
    _ = store.rows(home), store.queue(home), disk_use.last_measured(home), trash.contents(home), cleanup.plan(home)
    _ = disk_use.seconds_since_measured(home), engine_pid(home), notice(home), is_loading(home)
    for sweep in sweeps(home):
        _ = sweep.counts(), sweep.by_point(), sweep.name, sweep.is_active, sweep.done()
    queue = Queue(home, damage.NoWorkers())
    try:
        for _ in range(2):
            queue.round()
    finally:
        queue.close()
        if queue._keeper._walk.ident is not None:
            queue._keeper._walk.join()
    assert RunRecord(home.run(keeper)).state == keys.DONE


def require_deletable(home, keeper):
    """Whatever became of a run, it can be moved away."""
    for folder in [folder for folder in home.runs.iterdir() if folder.name != keeper]:
        store.delete(home, folder.name)
    queue = Queue(home, damage.NoWorkers())
    queue.round()
    queue.close()
    if queue._keeper._walk.ident is not None:
        queue._keeper._walk.join()
    assert [folder.name for folder in home.runs.iterdir()] == [keeper]


def refusal(home, source):
    """Why a zip was refused, in words; None where it was taken in."""
    try:
        read_bundle(home, source)
    except SemafoError as error:
        return str(error)
    return None


def case(number):
    return pytest.param(number, marks=[pytest.mark.long] if number >= N_QUICK else [])


@pytest.mark.parametrize("number", [case(number) for number in range(N_CASES)])
def test_what_is_damaged_is_refused_in_words_and_harms_nothing_else(sources, home, tmp_path, number):
    kind, rng = KINDS[number % len(KINDS)], random.Random(number)
    kept = damage.hashes(home.run(sources.keeper))
    with in_time():
        if kind in ZIPS:
            bundle = tmp_path / "damaged.zip"
            kind(sources.bundle, bundle, rng)
            before = damage.hashes(home.path)
            said = refusal(home, io.BytesIO(bundle.read_bytes()) if rng.random() < 0.5 else bundle)
            if said is not None:
                assert 20 < len(said) < 1500
                assert damage.hashes(home.path) == before, "a refused import left something"
            assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".", "escaped", "tool"))]
        else:
            kind(home, sources, rng)
        require_usable(home, sources.keeper)
        require_deletable(home, sources.keeper)
    assert damage.hashes(home.run(sources.keeper)) == kept


def test_what_is_whole_is_taken_in(sources, home):
    taken = read_bundle(home, sources.bundle)
    assert taken.runs == [record.run_id for record in sources.records]
    assert taken.sweeps == ["sweep-abc"]
    for record in sources.records:
        assert damage.read_everything(RunRecord(home.run(record.run_id))) == []
    require_usable(home, sources.keeper)
