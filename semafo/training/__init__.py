"""The stages of training, their cache and their progress. Runs in worker processes only."""
