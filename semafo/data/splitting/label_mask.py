"""Which labels a run's models saw, cell by cell: small enough to stand in a script.

A split can be made again from its settings. A mask says what came of that, so that whoever repeats a run does not
depend on how splits are drawn.
"""

import base64
import hashlib
import textwrap
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data.splitting.split import Split
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings

if TYPE_CHECKING:
    from anndata import AnnData

_ROLES = (keys.REFERENCE, keys.QUERY)
_PARTS = (keys.LABELLED, keys.HIDDEN, keys.TEST, keys.CALIBRATION, keys.MISSING)
_VERSION = "1"
_DIGITS = 16  # of the hash of the cells' names
_CURE = "Export the run again, and take the script as it is."


@dataclass(frozen=True, eq=False)
class LabelMask:
    """Role and part of each cell that takes part in a run, in the order of the data.

    Attributes
    ----------
    codes
        (n,) uint8, place of the role among reference and query times five, plus place of the part among labelled,
        hidden, test, calibration and missing.
    names
        Start of the SHA-256 of the cells' names, 16 hex digits.
    """

    codes: np.ndarray
    names: str

    @classmethod
    def of(cls, cells: pd.DataFrame) -> Self:
        """The mask of a split's or a run's per-cell table (`keys.ROLE` and `keys.PART`, indexed by cell)."""
        roles, parts = (
            pd.Index(names).get_indexer(cells[column].astype(str))
            for names, column in ((_ROLES, keys.ROLE), (_PARTS, keys.PART))
        )
        return cls((len(_PARTS) * roles + parts).astype(np.uint8), _hash_of(cells.index))

    @classmethod
    def decode(cls, text: str) -> Self:
        """The inverse of `encode`. Raises DataError where the text is damaged."""
        version, *rest = "".join(text.split()).split(":")
        try:
            n_cells, names, packed = rest
            codes = np.frombuffer(zlib.decompress(base64.b64decode(packed, validate=True)), dtype=np.uint8)
            is_whole = version == _VERSION and len(codes) == int(n_cells)
        except (ValueError, zlib.error):
            is_whole = False
        if not is_whole or codes.max(initial=0) >= len(_ROLES) * len(_PARTS):
            raise DataError(f"The label mask is damaged, or was written by a newer Semafo. {_CURE}")
        return cls(codes, names)

    def encode(self, width: int = 110) -> str:
        """The mask as lines of text, a fifth of a byte a cell or so; each at most `width` characters long."""
        packed = base64.b64encode(zlib.compress(self.codes.tobytes(), 9)).decode()
        return "\n".join(textwrap.wrap(f"{_VERSION}:{len(self.codes)}:{self.names}:{packed}", width))

    def split(self, adata: "AnnData", settings: SplitSettings) -> Split:
        """The split that the mask says, of the cells as `semafo.load_data` gives them.

        Parameters
        ----------
        adata
            obs has `keys.TRUE` and `keys.BATCH_COLUMN`. Where the settings train on the reference alone, cells of
            other batches are left out.
        settings
            The run's, for names and counts: nothing is drawn from them.

        Raises
        ------
        DataError
            These are not the cells that the mask was made of.
        """
        obs = adata.obs
        if settings.reference_only:
            obs = obs[obs[keys.BATCH_COLUMN].isin(settings.reference)]
        if len(obs) != len(self.codes) or _hash_of(obs.index) != self.names:
            raise DataError(
                f"The label mask is of {len(self.codes)} cells, and these are {len(obs)} others. Load the data set "
                "that the run was trained on."
            )
        labels = obs[keys.TRUE].astype(object)
        columns = {
            keys.TRUE: labels.where(labels.isna(), labels.astype(str)),
            keys.BATCH_COLUMN: obs[keys.BATCH_COLUMN].astype(str).astype(object),
            keys.ROLE: np.array(_ROLES, dtype=object)[self.codes // len(_PARTS)],
            keys.PART: np.array(_PARTS, dtype=object)[self.codes % len(_PARTS)],
        }
        return Split(pd.DataFrame(columns, index=obs.index.rename(keys.CELL)), settings)


def _hash_of(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()[:_DIGITS]
