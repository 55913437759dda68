"""A worker of a cluster: `dask worker tls://HOST:PORT --preload semafo.runs.workers.cluster_worker ...`.

docs/cluster.md says how.

Works with and without dask's nanny. Light to import: the scheduler reads it as well, because it is where tasks pass.
"""

import os
import socket
from pathlib import Path
from typing import Any

from semafo.errors import SettingsError
from semafo.files import sha256
from semafo.runs.workers.memory import limit_memory
from semafo.threads import VARIABLES

GPU = "GPU"  # resource of `dask worker --resources GPU=1`
_unprepared: str | None = (
    "was started without --preload semafo.runs.workers.cluster_worker. Start it as `semafo keys` prints it."
)


def dask_setup(worker: Any) -> None:
    """Run by `dask worker --preload`: threads, memory and GPU are decided before the libraries are imported."""
    global _unprepared
    n_threads = worker.state.nthreads
    os.environ.update(dict.fromkeys(VARIABLES, str(n_threads)))
    os.environ["PYTHONWARNINGS"] = "ignore"
    if not worker.state.total_resources.get(GPU):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # two workers that nobody counted must not share a GPU
    _limit_loaded_libraries(n_threads)
    try:
        limit_memory()
    except SettingsError as error:
        _unprepared = f"takes no part. {error}"
    else:
        _unprepared = None


def _limit_loaded_libraries(n_threads: int) -> None:
    """NumPy is imported by dask before a preload is read, and its BLAS has read the number of threads by then."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=n_threads)


def greet(home: str, ca_hash: str, versions: dict[str, str]) -> dict[str, str]:
    """Look whether this worker can train for a home, and import what every run needs.

    Parameters
    ----------
    home
        The home's path, which must be the same on all machines.
    ca_hash
        Hash of the home's certificate: another home may lie at the same path of another machine.
    versions
        Installed packages that decide numbers, as the engine has them.

    Returns
    -------
    dict
        `label` is host and process id. Where it cannot, `refusal` says why, to follow upon the worker's name.
    """
    label = {"label": f"{socket.gethostname()}:{os.getpid()}"}
    refusal = _refusal(Path(home), ca_hash, versions)
    if refusal is not None:
        return {**label, "refusal": refusal}
    from semafo.runs.workers.work import prepare

    prepare()
    return label


def _refusal(home: Path, ca_hash: str, versions: dict[str, str]) -> str | None:
    problem = _unprepared or _problem_with_disk(home, ca_hash)
    if problem is not None:
        return problem
    from semafo.runs.library.store import versions as installed

    here = installed()
    other = [f"{name} {here.get(name)} (wanted: {wanted})" for name, wanted in versions.items() if here[name] != wanted]
    if other:
        return f"has other versions, and so other numbers: {', '.join(other)}. Install the same and start it anew."
    return None


def _problem_with_disk(home: Path, ca_hash: str) -> str | None:
    host = socket.gethostname()
    try:
        is_same = sha256(home / "engine" / "tls" / "ca.pem") == ca_hash
    except OSError:
        return f"does not see the home {home} on {host}. The home must lie on a disk that all workers share."
    if not is_same:
        return f"sees another home at {home} on {host}. The home must lie on a disk that all workers share."
    if not os.access(home / "runs", os.W_OK):
        return f"may not write to {home / 'runs'} on {host}. It must run as the user to whom the home belongs."
    return None
