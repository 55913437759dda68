"""Ending a process at each step that it makes on the disk, one after the other: what a kill can leave behind."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator

_STEPS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime"}
_ENDED = 9
_WRITES = os.O_WRONLY | os.O_RDWR


def at_each_step(prepare: Callable[[], None], work: Callable[[], object]) -> Iterator[int]:
    """Yield after `work` was ended before its first, its second, … step; the last time it was not ended at all.

    Parameters
    ----------
    prepare
        Makes the disk each time what it was at first.
    """
    for step in range(10_000):
        prepare()
        code = _ended_before(step, work)
        yield step
        if code == 0:
            return
        assert code == _ENDED, f"the work failed by itself, at step {step}"


def _ended_before(step: int, work: Callable[[], object]) -> int:
    """Exit code of a process that does the work and ends, as if killed, before that step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking beside other threads: the child starts none and waits for none
        child = os.fork()
    if child == 0:
        _do(step, work)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _do(step: int, work: Callable[[], object]) -> None:
    left = step

    def hear(event: str, arguments: tuple) -> None:
        nonlocal left
        is_write = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITES)
        if event in _STEPS or is_write:
            if left == 0:
                os._exit(_ENDED)
            left -= 1

    code = 1
    try:
        sys.addaudithook(hear)
        work()
        code = 0
    finally:
        left = -1  # nothing ends the end
        os._exit(code)
