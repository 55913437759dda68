"""HDF5 files as people have them: what they are, that they are whole in themselves, their tables and matrices."""
