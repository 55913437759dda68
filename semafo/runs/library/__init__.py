"""All runs of a home: the store, the index, search, the trash, disk use."""
