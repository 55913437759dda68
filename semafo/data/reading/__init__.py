"""From a file to checked cells: sources, counts, obs columns, a query below its reference, the preflight."""
