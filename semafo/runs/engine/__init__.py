"""The engine: one process a home that holds the queue, starts workers and writes the index."""
