"""The same work without a browser: `python -m semafo COMMAND`."""
