"""`python -m semafo`."""

from semafo.cli.main import main

if __name__ == "__main__":
    main()
