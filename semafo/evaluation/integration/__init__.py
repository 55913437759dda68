"""The scib table: its columns, and each metric by itself."""
