"""Places of cells: projections, maps brought onto one another, cells that are chosen."""
