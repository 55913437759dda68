"""The process from which workers are forked: `python -m semafo.runs.workers.forkserver`, started by the engine.

It imports what every run needs, and has one thread only, so that a fork is safe. Each line of its input is a list of
arguments of `dask worker`; it answers with the process id of the worker. It ends with its input: with the engine.
"""

import json
import os
import sys

from semafo.runs.workers.processes import give_way, imports_are_no_garbage


def main() -> None:
    """Import, then fork a worker for each line."""
    give_way()
    with imports_are_no_garbage():
        from distributed.cli import dask_worker  # noqa: F401

        from semafo.runs.workers.work import import_libraries
    import_libraries()
    for line in sys.stdin:
        print(_fork(json.loads(line)), flush=True)


def _fork(arguments: list[str]) -> int:
    """Fork a worker whose parent is the engine: the process in between ends, and the engine adopts its orphan."""
    heard, told = os.pipe()
    between = os.fork()
    if between == 0:
        worker = os.fork()
        if worker == 0:
            os.close(heard)
            os.close(told)
            _work(arguments)
        os.write(told, str(worker).encode())
        os._exit(0)
    os.close(told)
    with os.fdopen(heard) as answer:
        os.waitpid(between, 0)
        return int(answer.read())


def _work(arguments: list[str]) -> None:
    """Be a worker; never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        from distributed.cli.dask_worker import main as run_worker

        run_worker(arguments, prog_name="dask worker", standalone_mode=False)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
