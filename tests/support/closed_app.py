"""`semafo app` as a shell starts it, and the address that it prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from semafo.runs.home import Home
from tests.support.serving import ROOT, free_port, wait
from tests.support.tiny import end_engine


@dataclass
class Command:
    """A running command."""

    process: subprocess.Popen
    port: int
    log: Path
    home: Home

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def address(self) -> str:
        """All of it, with the token."""
        return re.search(r"http://\S+", self.printed)[0]

    @property
    def token(self) -> str:
        return urlsplit(self.address).query.removeprefix("token=")


@contextmanager
def opened(folder: Path, *options: str, **environment: str) -> Iterator[Command]:
    """The command in a folder, once it has printed its address; ended and with its engine afterwards."""
    home, port, log = Home.at(folder / "home"), free_port(), folder / "app.log"
    command = [sys.executable, "-m", "semafo", "app", "--port", str(port), "--home", str(home.path), *options]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": paths, **environment}, stdout=written, stderr=written
        )
    try:
        wait(lambda: "http://" in log.read_text("utf-8") or process.poll() is not None, 60, "the address")
        yield Command(process, port, log, home)
    finally:
        process.terminate()
        process.wait(timeout=20)
        end_engine(home)
