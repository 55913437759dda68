"""What a run can be given on request, long after it was trained: a t-SNE, by a process in the background."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from semafo import keys
from semafo.errors import SemafoError
from semafo.evaluation.neighbours.sampling import proportional_sample
from semafo.files import read_json, write_atomically, write_json
from semafo.runs.background.process import Background
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.run_shapes import TsneNote
from semafo.runs.home import Home
from semafo.shortages import in_words, is_memory_shortage

TSNE = "tsne"
MOST_CELLS = 20_000  # laid out; of more cells, so many that stand for all
PERPLEXITY = 30.0
SEED = 0
FEWEST_CELLS = 5
_FIXED_SECONDS, _SECONDS_A_CELL = 2.0, 0.005  # on a free core


def expected_seconds(n_cells: Sequence[int]) -> float:
    """About how long the t-SNE of runs with so many cells take together."""
    return sum(_FIXED_SECONDS + _SECONDS_A_CELL * min(n, MOST_CELLS) for n in n_cells)


def start_tsne(home: Home, records: Sequence[RunRecord]) -> bool:
    """Have the t-SNE of these runs computed, one after the other; False where another computation is under way."""
    folders = [str(record.folder) for record in records]
    return _work(home).start(["-m", "semafo.runs.background.tsne", TSNE, *folders], {"folders": folders})


def under_way(home: Home) -> list[Path]:
    """Folders of the runs that a living process works through; empty where none lives."""
    return [Path(folder) for folder in (_work(home).under_way() or {}).get("folders", [])]


def has_tsne(record: RunRecord) -> bool:
    """Whether the run has a t-SNE."""
    return (record.folder / keys.array_file(keys.X_TSNE)).exists()


def why_failed(record: RunRecord) -> str | None:
    """Why the run's t-SNE could not be computed the last time, in words; None where it did not fail."""
    reason: str | None = read_json(record.folder / keys.X_TSNE_STATE_FILE, {}, TsneNote).get("error")
    return reason


def tsne(z: np.ndarray, types: np.ndarray, n_most: int = MOST_CELLS) -> np.ndarray:
    """Two-dimensional map of an embedding by t-SNE (van der Maaten and Hinton 2008), the same for the same cells.

    It starts at the principal components (Kobak and Berens 2019), with scikit-learn's Barnes-Hut layout.

    Parameters
    ----------
    z
        (n, L) latent positions.
    types
        (n,) names; of more than `n_most` cells each type has its share of those that are laid out.

    Returns
    -------
    np.ndarray
        (n, 2) float32; NaN for the cells that are not laid out.

    Raises
    ------
    SemafoError
        With fewer than five cells.
    """
    from sklearn.manifold import TSNE as Layout

    if len(z) < FEWEST_CELLS:
        raise SemafoError(f"A t-SNE needs {FEWEST_CELLS} cells or more; this run has {len(z)}.")
    rows = np.arange(len(z))
    if len(z) > n_most:
        codes = np.unique(types.astype(str), return_inverse=True)[1]
        rows = proportional_sample(codes, np.zeros_like(codes), n_most, SEED)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    layout = Layout(init="pca", perplexity=perplexity, learning_rate="auto", random_state=SEED, n_jobs=1)
    found = np.full((len(z), 2), np.nan, dtype=np.float32)
    found[rows] = layout.fit_transform(np.asarray(z[rows], dtype=np.float64))
    return found


def derive_tsne(record: RunRecord) -> None:
    """Write the run's t-SNE, or why there is none. Raises nothing."""
    (record.folder / keys.X_TSNE_STATE_FILE).unlink(missing_ok=True)
    try:
        z = record.array(record.config.mix.obsm_key)
        if not np.isfinite(z).all():
            raise SemafoError("The run's latent positions are not all finite numbers. Train it again.")
        found = tsne(z, record.cells()[keys.TRUE].to_numpy(dtype=object))
        path = record.folder / keys.array_file(keys.X_TSNE)
        write_atomically(path, lambda handle: np.save(handle, found, allow_pickle=False))
    except Exception as error:
        if record.folder.is_dir():  # not one that was deleted meanwhile
            with suppress(OSError):  # a full disk has no room for the reason either
                write_json(record.folder / keys.X_TSNE_STATE_FILE, {"error": _in_words(error, record.folder)})


def _in_words(error: Exception, folder: Path) -> str:
    if isinstance(error, SemafoError):
        return str(error)
    if is_memory_shortage(error):
        return "There was not enough memory for the t-SNE."
    return in_words(error, folder) or f"The t-SNE could not be computed ({type(error).__name__}: {error})."


def _work(home: Home) -> Background:
    return Background(home, "derive")


def main(arguments: Sequence[str]) -> None:
    """`tsne RUN_FOLDER …`."""
    what, *folders = arguments
    if what != TSNE:
        raise SystemExit(f"{what!r} cannot be derived. Known: {TSNE}.")
    for folder in folders:
        derive_tsne(RunRecord(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
