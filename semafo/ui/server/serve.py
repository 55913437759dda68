"""The app on a port of this machine: Streamlit's own server with the guard before it."""

import errno
import logging
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import streamlit as st
from streamlit.web.bootstrap import load_config_options
from streamlit.web.cli import configurator_options

from semafo.errors import SemafoError
from semafo.ui.server import browser
from semafo.ui.server.access import LOCAL_HOSTS, Access, Receive, Send
from semafo.ui.server.visit import PARAMETER, Scope

_EVERYWHERE = ("0.0.0.0", "::")
_WITHOUT_TOKEN = (
    "There is no token: everybody with an account on this machine can open this address, and see and delete the runs.\n"
)


class GuardedApp(st.App):
    """Streamlit's app with `Access` before all of it, its answers to errors included.

    Parameters
    ----------
    script
        app.py, beside which Streamlit finds .streamlit/config.toml.
    token
        What is asked for; None lets everybody in.
    options
        Streamlit's, by name, in place of those in files.
    """

    def __init__(self, script: Path, token: str | None, options: Mapping[str, Any]) -> None:
        super().__init__(script, lifespan=_announcing(token))
        # Only now are the files of options known. With these options at once, or those of the server would be taken for
        # a change that needs a new start.
        load_config_options(dict(options))
        self._access = Access(super().__call__, token, _hosts())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is let in."""
        await self._access(scope, receive, send)


@click.command()
@configurator_options
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--no-token", is_flag=True)
def serve(script: Path, no_token: bool, **given: Any) -> None:
    """Serve the app with Streamlit's options and variables, until Ctrl-C or SIGTERM."""
    options = {name.replace("_", "."): value for name, value in given.items() if value not in (None, ())}
    sys.argv = [str(script)]  # by which Streamlit knows whose options and folder are meant
    try:
        # The token is made here, so that it is in no command line and no environment.
        app = GuardedApp(script, None if no_token else secrets.token_urlsafe(32), options)
        _check_port(st.get_option("server.address") or _EVERYWHERE[0], st.get_option("server.port"))
        logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno >= logging.WARNING)
        app.run(config=options)
    except KeyboardInterrupt:
        click.echo("\nThe app has ended. Runs in training go on.")
    except SemafoError as error:
        click.echo(f"semafo: {error}", err=True)
        sys.exit(2)


def _hosts() -> frozenset[str]:
    """What the app may be asked for as: this machine, and what people have set."""
    given = (st.get_option("server.address"), st.get_option("browser.serverAddress"))
    return LOCAL_HOSTS | {str(host).lower().strip("[]") for host in given if host and host not in _EVERYWHERE}


def _check_port(address: str, port: int) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        advice = "Choose another with --port, for instance --port 0 for any that is free."
        if error.errno == errno.EADDRINUSE:
            raise SemafoError(f"Another program listens on port {port}, perhaps a Semafo app. {advice}") from None
        raise SemafoError(f"Port {port} of {address} cannot be had: {error.strerror}. {advice}") from None


def _announcing(token: str | None) -> Any:
    @asynccontextmanager
    async def announced(_app: st.App) -> AsyncIterator[dict[str, Any]]:
        """Once the port is known and taken: say where the app is, and lead a browser there."""
        address = _address(token)
        print(f"\n  Semafo is at {address}\n\n  Ctrl-C ends it.\n", flush=True)
        if token is None:
            print(f"  {_WITHOUT_TOKEN}", flush=True)
        with tempfile.TemporaryDirectory(prefix="semafo-") as folder:
            if not st.get_option("server.headless"):
                browser.show(address, Path(folder))
            yield {}

    return announced


def _address(token: str | None) -> str:
    host = st.get_option("server.address")
    if not host or host in _EVERYWHERE:
        host = st.get_option("browser.serverAddress")
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    whole = f"{scheme}://{f'[{host}]' if ':' in host else host}:{st.get_option('server.port')}/{base}"
    return whole if token is None else f"{whole}?{PARAMETER}={token}"
