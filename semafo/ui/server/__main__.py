"""`python -m semafo.ui.server`: what `semafo app` becomes."""

import signal
import sys
from types import FrameType


def main() -> None:
    """Serve the app until Ctrl-C or SIGTERM, both of which end it in good order."""
    signal.signal(signal.SIGTERM, _end)
    try:
        from semafo.ui.server.serve import serve  # loads Streamlit, which takes long enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(0)
    serve(prog_name="semafo app")


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
