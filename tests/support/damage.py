"""Finished runs with true manifests, and ways to spoil them by a seed."""

import hashlib
import json
import random
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import RunNotFound, SemafoError
from semafo.files import write_json
from semafo.runs.export.run_archive import LIST_FILE
from semafo.runs.folder.expression import Genes, obs_columns
from semafo.runs.folder.replay import Replay
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.workers.base import Workers
from semafo.runs.workers.work import write_manifest
from semafo.settings.run_config import RunConfig
from tests.support import fakes

ODD_VALUES = (
    *(None, True, -1, 3.5, 2**62, "", "text", "x" * 200_000, [], {}, [1, [2, [3]]], {"a": {"b": []}}, ["a", 1], 1e300),
)
# Texts that no file here may hold, whatever a JSON reader makes of them
ODD_TEXTS = (
    *(b"", b"{", b"[]", b"3", b"null", b"NaN", b"\xff\xfe\x00", b'{"a": Infinity}', b'{"created": 1e999}'),
    *(b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 400 + b"1" + b"}" * 400, b'{"a": "\\ud800"}'),
    b'{"a": ' + b"9" * 4000 + b"}",
)


def committed(record: RunRecord) -> RunRecord:
    """A fake run with the manifest that a worker would have written."""
    write_manifest(record.folder, partial(write_json, record.folder / keys.MANIFEST_FILE))
    return record


def finished(home: Home, config: RunConfig = fakes.REAL) -> RunRecord:
    """A finished run whose manifest has size and hash of every file."""
    return committed(fakes.finished(home, config))


def hashes(folder: Path) -> dict[str, str]:
    """What is below a folder: SHA-256 by path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def spoil_value(content: bytes, rng: random.Random) -> bytes:
    """JSON with one value, anywhere in it, made an odd one, taken away or put beside others."""
    document = [json.loads(content)]
    places: list[tuple[Any, Any]] = []
    pending: list[Any] = [document]
    while pending:
        one = pending.pop()
        inner = list(one.items() if isinstance(one, dict) else enumerate(one))
        places += [(one, key) for key, _ in inner]
        pending += [value for _, value in inner if isinstance(value, dict | list)]
    holder, key = rng.choice(places)
    if holder is not document and rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = rng.choice(ODD_VALUES)
    return json.dumps(document[0]).encode()


def spoil_json(content: bytes, rng: random.Random) -> bytes:
    """A JSON file with an odd value, or something else altogether."""
    return rng.choice(ODD_TEXTS) if rng.random() < 0.3 else spoil_value(content, rng)


def spoil_bytes(content: bytes, rng: random.Random) -> bytes:
    """A file with a flipped bit, cut short, grown, or with a stretch of other bytes."""
    kind = rng.randrange(4)
    if kind == 0 or len(content) < 8:
        place = rng.randrange(max(1, len(content)))
        flipped = bytes([content[place] ^ (1 << rng.randrange(8))]) if content else b"x"
        return content[:place] + flipped + content[place + 1 :]
    if kind == 1:
        return content[: rng.randrange(len(content))]
    if kind == 2:
        return content + rng.randbytes(rng.randrange(1, 500))
    start = rng.randrange(len(content) - 4)
    length = rng.randrange(1, min(400, len(content) - start))
    return content[:start] + rng.randbytes(length) + content[start + length :]


def read_everything(record: RunRecord) -> list[str]:
    """Call each reader of a run, and return what was refused, in words. What is no SemafoError is raised."""
    readers = (
        *(lambda: record.settings, lambda: record.config, lambda: record.title, lambda: record.status, record.summary),
        *(record.progress, record.history, record.split, record.predictions, record.integration, record.baselines),
        *(
            record.baselines_error,
            record.baseline_cells,
            record.markers,
            record.factors,
            record.traversal,
            record.cells,
        ),
        *(record.probabilities, record.model_genes, record.data_report, lambda: record.warnings, lambda: record.about),
        *(lambda: Genes.of(record), lambda: Replay.of(record), lambda: obs_columns(record)),
        *(lambda: record.array(keys.X_UMAP), lambda: record.array(record.config.mix.obsm_key)),
    )
    refused = []
    for read in readers:
        try:
            read()
        except RunNotFound as error:
            refused.append(str(error))
        except SemafoError as error:
            refused.append(str(error))
        except FileNotFoundError:
            assert not record.is_committed, "a finished run has all of its files"
    return refused


def rewritten(bundle: Path, target: Path, change: Any) -> Path:
    """A zip with other contents: `change` gets its files by name and the list, and may change both."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    facts = json.loads(files.pop(LIST_FILE))
    change(files, facts)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(LIST_FILE, json.dumps(facts))
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def put(files: dict[str, bytes], facts: dict[str, Any], name: str, content: bytes) -> None:
    """Change a run's file in a zip and in every list of it, as somebody does who wants it to be believed."""
    files[name] = content
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    facts["files"][name] = entry
    folder, _, file = name.rpartition("/")
    manifest_name = f"{folder}/{keys.MANIFEST_FILE}"
    if manifest_name not in files or file == keys.MANIFEST_FILE:
        return
    manifest = json.loads(files[manifest_name])
    if file in manifest["files"]:
        manifest["files"][file] = entry
        put(files, facts, manifest_name, json.dumps(manifest).encode())


class NoWorkers(Workers[Any]):
    """Workers of an engine that has none."""

    shares_cores = True
    address = notice = None
    workers: tuple[Any, ...] = ()

    def reserve(self, train: Any) -> None:
        """None is there."""

    def fill(self) -> None:
        """Nobody comes."""

    def close(self) -> None:
        """Nobody is there."""
