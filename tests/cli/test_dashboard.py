"""`semafo app`: who gets in, where the browser is sent, and how it ends."""

import http.client
import os
import signal
import subprocess
import sys

import psutil
import pytest

from semafo.ui.server.access import HEADERS
from tests.support.closed_app import opened
from tests.support.serving import answers, wait

# A browser that writes down what it was asked to open, and the file that leads on to the app.
BROWSER = """#!/bin/sh
echo "$1" > "{asked}.new" && cat "${{1#file://}}" > "{page}" && ls -ld "$(dirname "${{1#file://}}")" > "{access}"
mv "{asked}.new" "{asked}"
"""
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("app"), "--no-browser") as command:
        yield command


def ask(app, path, **headers):
    """Status and headers of what the app answers, and the answer's text."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, "" if answer.status == 101 else answer.read().decode()
    finally:
        connection.close()


def cookie(app):
    return f"semafo-token-{app.port}={app.token}"


@pytest.mark.parametrize("path", ["/", "/compare", "/_stcore/health", "/_stcore/host-config", "/nothing/here"])
def test_who_has_neither_token_nor_cookie_gets_words_only(app, path):
    status, headers, text = ask(app, path)
    assert status == 403
    assert "semafo app printed" in text
    assert all(value.decode() in headers.get_all(name.decode()) for name, value in HEADERS)


def test_the_printed_address_opens_the_app_and_a_cookie_keeps_it_open(app):
    assert len(app.token) >= 43
    status, headers, _ = ask(app, f"/compare?runs=a,b&token={app.token}")
    assert (status, headers["location"]) == (303, f"http://127.0.0.1:{app.port}/compare?runs=a,b")
    assert headers["set-cookie"].startswith(f"{cookie(app)}; HttpOnly; SameSite=Strict")
    for path in ("/", "/compare?runs=a,b", "/_stcore/health"):
        status, headers, _ = ask(app, path, Cookie=cookie(app))
        assert status == 200
        assert all(value.decode() in headers.get_all(name.decode()) for name, value in HEADERS)


def test_a_foreign_host_is_refused(app):
    status, _, text = ask(app, "/", Host="evil.example", Cookie=cookie(app))
    assert status == 421
    assert "evil.example" in text


def test_a_websocket_needs_the_cookie_and_a_page_of_the_app(app):
    own, other = f"http://127.0.0.1:{app.port}", "http://127.0.0.1:1"
    assert ask(app, "/_stcore/stream", **HANDSHAKE, Origin=own)[0] == 403
    assert ask(app, "/_stcore/stream", **HANDSHAKE, Origin=other, Cookie=cookie(app))[0] == 403
    assert ask(app, "/_stcore/stream", **HANDSHAKE, Origin=own, Cookie=cookie(app))[0] == 101


def test_the_token_is_in_no_command_line_and_no_environment(app):
    process = psutil.Process(app.process.pid)
    for one in (process, *process.children(recursive=True)):
        assert app.token not in " ".join([*one.cmdline(), *one.environ().values()])
    assert process.cwd() == str(app.log.parent)


def test_a_port_in_use_is_said_in_words(app):
    command = [sys.executable, "-m", "semafo", "app", "--no-browser", "--port", str(app.port)]
    environment = {"SEMAFO_HOME": str(app.log.parent / "home")}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 2
    assert f"Another program listens on port {app.port}" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_streamlits_variables_still_count_and_0_is_a_free_port(tmp_path):
    name = "analysis.example"
    with opened(tmp_path, "--no-browser", "--port", "0", STREAMLIT_BROWSER_SERVER_ADDRESS=name) as app:
        app.port = int(app.address.rpartition(":")[2].partition("/")[0])
        assert app.port not in (0, 8501)
        assert ask(app, "/", Host=name)[0] == 403
        assert ask(app, "/", Host="evil.example")[0] == 421


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_app_in_good_order(tmp_path, ending):
    with opened(tmp_path, "--no-browser") as app:
        app.process.send_signal(ending)
        assert app.process.wait(timeout=20) == 0
        assert not answers(app.port)
        assert "Runs in training go on" in app.printed
        assert "Traceback" not in app.printed


def test_no_token_says_what_it_means(tmp_path):
    with opened(tmp_path, "--no-browser", "--no-token") as app:
        assert app.token == ""
        wait(lambda: "everybody with an account on this machine" in app.printed, 10, "the warning")
        assert ask(app, "/")[0] == 200
        assert ask(app, "/", Host="evil.example")[0] == 421


def test_a_browser_is_led_to_the_address_without_being_given_it(tmp_path):
    files = {name: tmp_path / name for name in ("asked", "page", "access")}
    program = tmp_path / "browser"
    program.write_text(BROWSER.format(**files), encoding="utf-8")
    program.chmod(0o700)
    with opened(tmp_path, BROWSER=f"{program} %s", STREAMLIT_SERVER_HEADLESS="false") as app:
        wait(files["asked"].exists, 20, "the browser")
        asked = files["asked"].read_text("utf-8")
        assert asked.startswith("file://")
        assert app.token not in asked
        assert app.address in files["page"].read_text("utf-8")
        assert files["access"].read_text("utf-8").startswith("drwx------")


def test_no_browser_opens_none(tmp_path):
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'asked'}\n", encoding="utf-8")
    program.chmod(0o700)
    variables = {"BROWSER": f"{program} %s", "STREAMLIT_SERVER_HEADLESS": "false"}
    with opened(tmp_path, "--no-browser", **variables) as app:
        assert ask(app, "/", Cookie=cookie(app))[0] == 200
    assert not (tmp_path / "asked").exists()


def test_a_port_that_cannot_be_is_refused():
    command = [sys.executable, "-m", "semafo", "app", "--port", "70000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "65535" in done.stderr
