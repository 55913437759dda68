"""Maps of more cells than a browser takes."""
