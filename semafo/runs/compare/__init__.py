"""How runs differ: intervals between methods, cells on which they disagree, marker genes."""
