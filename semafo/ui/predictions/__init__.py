"""The Predictions page: confusion matrices, label scores, and closer looks."""
