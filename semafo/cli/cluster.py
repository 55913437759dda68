"""`semafo keys`: what a cluster needs to train for a home."""

import shlex
from typing import Any

import click

from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.runs.home import Home
from semafo.runs.workers import cluster_worker
from semafo.runs.workers.scheduler_address import SCHEDULER_VARIABLE, checked, host_and_port
from semafo.runs.workers.tls import HomeKeys, home_keys

_PLACE = "tls://HOST:8786"
_NO_PAGES = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")  # they are served without TLS


@click.command("keys")
@click.option("--scheduler", default=_PLACE, show_default=True, help="The address that the scheduler will have.")
@click.option("--threads", default=1, show_default=True, help="Threads of each worker: those of the runs.")
@click.option("--workers", default=1, show_default=True, help="Workers that one `dask worker` starts.")
@cli_options.home
@cli_options.as_json
def keys(scheduler: str, threads: int, workers: int, home: str | None, as_json: bool) -> None:
    """Make a home's keys where they are missing, and print how to start scheduler and workers with them."""
    with output.errors(as_json):
        address, where = checked(scheduler), cli_options.home_at(home)
        kept = home_keys(where)
        commands = {
            "scheduler": scheduler_command(kept, address),
            "worker": worker_command(kept, address, threads, workers),
            "gpu_worker": f"{worker_command(kept, address, threads, 1)} --resources {cluster_worker.GPU}=1",
        }
        facts = {"folder": str(kept.folder), "valid_until": f"{kept.valid_until:%Y-%m-%d}", **commands}
        if as_json:
            output.say(facts, as_json)
        else:
            output.show(_explained(where, facts, address))


def scheduler_command(kept: HomeKeys, address: str) -> str:
    """How to start the scheduler."""
    port = str(host_and_port(address)[1])
    return _shell("dask", "scheduler", "--protocol", "tls", "--port", port, *_NO_PAGES, *_options(kept))


def worker_command(kept: HomeKeys, address: str, n_threads: int, n_workers: int) -> str:
    """How to start workers that join it."""
    numbers = ("--nthreads", str(n_threads), "--nworkers", str(n_workers))
    preload = ("--memory-limit", "0", "--preload", cluster_worker.__name__)
    return _shell("dask", "worker", address, *numbers, *preload, *_NO_PAGES, *_options(kept))


def _options(kept: HomeKeys) -> list[str]:
    return [part for option in kept.options.items() for part in option]


def _shell(*parts: str) -> str:
    return " ".join(shlex.quote(part) for part in parts)


def _explained(home: Home, facts: dict[str, Any], address: str) -> str:
    return (
        f"Keys of {home.path}, valid until {facts['valid_until']}. Who can read {facts['folder']} can run code on the "
        "cluster.\n\n"
        "Scheduler, once, on a machine that all others reach (the package must be installed there too):\n"
        f"  {facts['scheduler']}\n\n"
        f"Workers, on every machine; {home.path} must be there at the same path:\n"
        f"  {facts['worker']}\n\n"
        "A worker with a GPU:\n"
        f"  {facts['gpu_worker']}\n\n"
        f"Then `semafo sweep ... --scheduler {address}`, or {SCHEDULER_VARIABLE}={address} for every command and the "
        "app."
    )
