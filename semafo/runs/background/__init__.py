"""Work that pages ask for and must not do themselves, in processes of its own."""
