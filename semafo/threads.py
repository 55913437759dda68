"""How many threads the numerical libraries use: they read it when they are imported, and it changes the last digits."""

import os
import sys
import warnings

VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_READERS = ("numpy", "numba", "torch")


def use_threads(n_threads: int = 1) -> None:
    """Have OpenMP, BLAS, numba and torch use so many threads. Call it before anything else is imported.

    A run repeats bit for bit with the number of threads that it was trained with (1 unless somebody asked for more).
    A warning says so where a library that reads the number was imported before.
    """
    wanted = dict.fromkeys(VARIABLES, str(n_threads))
    late = [name for name in _READERS if name in sys.modules]
    if late and any(os.environ.get(name) != value for name, value in wanted.items()):
        warnings.warn(
            f"{', '.join(late)} was imported before the number of threads was set: numbers may differ in their last "
            "digits. Start anew, and call use_threads first.",
            UserWarning,
            stacklevel=2,
        )
    os.environ.update(wanted)
