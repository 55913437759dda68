"""How maps are looked at: everything that a person can choose about them."""

from dataclasses import dataclass

import numpy as np

from semafo import keys
from semafo.ui.charts.maps.latent import EXPLORE, Window
from semafo.ui.colouring.colourings import TRUE_TYPE
from semafo.ui.maps import projections
from semafo.ui.session.run_results import Artefacts

ALL_CELLS, QUERY_CELLS, TEST_CELLS = "All cells", "Query", "Test cells"
SHOWN = (ALL_CELLS, QUERY_CELLS, TEST_CELLS)


@dataclass(frozen=True)
class View:
    """How the maps are looked at.

    Parameters
    ----------
    colouring, argument
        One of `COLOURINGS`, `MAPPING`, or one of `WITH_ARGUMENT` and which column, gene or latent dimension (from 1).
    shown
        One of `SHOWN`.
    hollow
        Whether cells whose label the model did not see are rings.
    aligned
        Whether all maps are brought onto the first one's; UMAP and t-SNE only.
    narrow
        Whether the panels stand below one another.
    projection, dimensions
        One of `projections.PROJECTIONS`, and which latent dimensions (from 1) where it is of two.
    labels, density
        Whether names stand at the types' densest parts, and whether lines of equal density are drawn.
    same_scale
        Whether all panels have one scale where a map is in latent units: a small latent space is then seen small.
    window
        Piece of the figure that is shown, in its coordinates: x0, x1, y0, y1; None shows everything.
    mode
        `EXPLORE`: dragging moves the maps; `SELECT`: dragging draws a lasso.
    """

    colouring: str = TRUE_TYPE
    shown: str = ALL_CELLS
    hollow: bool = False
    aligned: bool = False
    narrow: bool = False
    argument: str = ""
    projection: str = projections.UMAP
    dimensions: tuple[int, int] = (1, 2)
    labels: bool = False
    density: bool = False
    same_scale: bool = True
    window: Window | None = None
    mode: str = EXPLORE

    @property
    def map_name(self) -> str:
        """Short name of the projection, as a lasso keeps it."""
        return projections.name_of(self.projection, self.dimensions)

    def rows(self, found: Artefacts) -> np.ndarray:
        """Rows of a run's cells that are shown, ascending."""
        if self.shown == TEST_CELLS:
            return np.flatnonzero(found.coded(keys.PART).isin([keys.TEST]))
        if self.shown == QUERY_CELLS:
            return np.flatnonzero(found.coded(keys.ROLE).isin([keys.QUERY]))
        return np.arange(found.n_cells)
