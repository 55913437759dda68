"""Worker processes, on this machine or on a cluster, and what they do with a run."""
