"""The figure of the Compare page: a column a method, its map above its confusion matrix and its label scores."""
