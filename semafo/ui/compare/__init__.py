"""The Compare page: maps, confusion matrices and scores of every method at once."""
