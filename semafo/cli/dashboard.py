"""`semafo app`: the dashboard in a browser."""

import os
import sys

import click

from semafo import installation
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.errors import SemafoError


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes one that is free.",
)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option("--no-token", is_flag=True, help="Let everybody with an account on this machine open the app.")
@cli_options.scheduler
@cli_options.home
def app(port: int, no_browser: bool, no_token: bool, home: str | None) -> None:
    """Start the dashboard in a browser.

    The address has a token, without which nobody else on this machine can open the app. Paths that are typed there are
    looked up from the folder in which the command was given.
    """
    with output.errors(as_json=False):
        script = installation.app_folder() / "app.py"
        if not script.exists():
            raise SemafoError(f"{script} is missing, so this installation is not whole. Install semafo again.")
        environment = {**installation.environment(), "SEMAFO_HOME": str(cli_options.home_at(home).path)}
        # Streamlit's own welcome has the address without the token.
        options = ["--server.port", str(port), "--logger.hideWelcomeMessage", "true"]
        options += ["--server.headless", "true"] if no_browser else []
        options += ["--no-token"] if no_token else []
        sys.stdout.flush()
        # The command becomes the server, so that whatever ends the one ends the other.
        os.execve(sys.executable, [sys.executable, "-m", "semafo.ui.server", str(script), *options], environment)
