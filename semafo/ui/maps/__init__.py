"""Figures of maps: places of cells, panels, maps brought onto one another, cells that are chosen."""
