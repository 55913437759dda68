"""`semafo app`: the dashboard in a browser."""

import subprocess
import sys

import click

from semafo import installation
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.errors import SemafoError


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@cli_options.scheduler
@cli_options.home
def app(port: int, home: str | None) -> None:
    """Start the dashboard in a browser.

    Paths that are typed there are looked up from the folder in which the command was given.
    """
    with output.errors(as_json=False):
        script = installation.app_folder() / "app.py"
        if not script.exists():
            raise SemafoError(f"{script} is missing, so this installation is not whole. Install semafo again.")
        environment = {**installation.environment(), "SEMAFO_HOME": str(cli_options.home_at(home).path)}
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)
