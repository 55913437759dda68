"""The guard before the app, asked as a server asks it."""

import asyncio
from dataclasses import dataclass

import pytest

from semafo.ui.server.access import HEADERS, LOCAL_HOSTS, Access

TOKEN = "a-token-of-forty-three-characters-or-so_-42"
HOST = "127.0.0.1:8501"
COOKIE = f"semafo-token-8501={TOKEN}"
PATHS = ["/", "/compare", "/_stcore/health", "/_stcore/upload_file/a/b", "/media/map.png", "/static/js/index.js", "//x"]


@dataclass
class Answer:
    """What came back: `inside` where the guard let the request in."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def all_of(self, name):
        return [value for key, value in self.headers if key == name]

    def __getitem__(self, name):
        (value,) = self.all_of(name)
        return value


async def app(scope, receive, send):
    """What is guarded: it would let itself be framed."""
    kind = "http.response" if scope["type"] == "http" else "websocket.http.response"
    headers = [(b"X-Frame-Options", b"ALLOWALL"), (b"content-security-policy", b"sandbox"), (b"etag", b"1")]
    await send({"type": f"{kind}.start", "status": 200, "headers": headers})
    await send({"type": f"{kind}.body", "body": b"inside"})


def ask(path="/", query="", *, kind="http", method="GET", token=TOKEN, hosts=LOCAL_HOSTS, **headers):
    headers = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(name, one) for name, given in headers.items() for one in (given if isinstance(given, list) else [given])]
    scope = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
        "extensions": {"websocket.http.response": {}},
        **({"method": method} if kind == "http" else {}),
    }
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Access(app, token, hosts)(scope, None, send))
    start, body = sent
    decoded = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
    return Answer(start["status"], decoded, body["body"].decode())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_without_token_and_cookie_nothing_is_let_in(path, method):
    assert ask(path, method=method).status == 403
    assert ask(path, method=method, cookie=COOKIE).text == "inside"


def test_a_websocket_needs_the_cookie():
    assert ask("/_stcore/stream", kind="websocket").status == 403
    assert ask("/_stcore/stream", f"token={TOKEN}", kind="websocket").status == 403
    assert ask("/_stcore/stream", kind="websocket", cookie=COOKIE, origin=f"http://{HOST}").text == "inside"


def test_a_server_that_cannot_answer_a_handshake_in_words_is_told_to_close_it():
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"host", HOST.encode())]}
    asyncio.run(Access(app, TOKEN)(scope, None, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_whoever_is_not_let_in_reads_what_was_found_and_what_to_do():
    answer = ask("/compare", "runs=a")
    assert "The address has no token" in answer.text
    assert "Open the whole address that semafo app printed" in answer.text
    assert "not the one of this app" in ask("/", "token=of-yesterday").text
    assert answer["cache-control"] == "no-store"
    assert "src=" not in answer.text


def test_the_token_becomes_a_cookie_and_leaves_the_address():
    answer = ask("/compare", f"runs=a~1,b%2C&token={TOKEN}&colouring=Predicted+type&empty=")
    assert answer.status == 303
    assert answer["location"] == f"http://{HOST}/compare?runs=a~1,b%2C&colouring=Predicted+type&empty="
    assert answer["set-cookie"] == f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/"
    assert ask("/", f"token={TOKEN}")["location"] == f"http://{HOST}/"
    assert TOKEN not in ask("/", f"%74oken={TOKEN}")["location"]


def test_an_old_token_leaves_the_address_of_a_browser_that_has_the_cookie():
    answer = ask("/runs", "token=of-yesterday&home=1", cookie=COOKIE)
    assert (answer.status, answer["location"]) == (303, f"http://{HOST}/runs?home=1")


def test_a_path_that_begins_like_a_host_leads_to_no_other_host():
    assert ask("//evil.example/", f"token={TOKEN}")["location"] == f"http://{HOST}//evil.example/"


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "%FF%FE", "é"])
def test_another_token_is_refused(given):
    assert ask("/", f"token={given}").status == 403
    assert ask("/", cookie=f"semafo-token-8501={given}").status == 403


def test_cookies_of_two_ports_are_told_apart():
    other = "semafo-token-8502=another"
    assert ask(cookie=f"{other}; theme=dark; {COOKIE}").text == "inside"
    assert ask(host="localhost:8502", cookie=f"semafo-token-8501={TOKEN}").status == 403
    assert "semafo-token-9000=" in ask("/", f"token={TOKEN}", host="localhost:9000")["set-cookie"]  # forwarded by ssh


def test_a_cookie_that_another_port_set_does_not_shut_its_owner_out():
    assert ask(cookie=f"semafo-token-8501=planted; {COOKIE}").text == "inside"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8501", "127.0.0.1", "localhost:8501", "LOCALHOST", "localhost.", "[::1]:8501"]
)
def test_the_app_answers_as_this_machine(host):
    port = host.rpartition(":")[2] if host.endswith("8501") else "80"
    assert ask(host=host, cookie=f"semafo-token-{port}={TOKEN}").text == "inside"


HOSTS = [
    "evil.example",
    "evil.example:8501",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "",
    "localhost:x",
    "[::1",
]


@pytest.mark.parametrize("host", [*HOSTS, "localhost/evil", [HOST, "evil.example"], []])
@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_name_that_is_not_the_apps_is_refused_in_words(host, token):
    for kind in ("http", "websocket"):
        answer = ask(kind=kind, host=host, cookie=COOKIE, token=token)
        assert answer.status == 421
        assert "127.0.0.1" in answer.text
        assert "STREAMLIT_BROWSER_SERVER_ADDRESS" in answer.text


def test_what_the_browser_asked_for_is_shown_as_text():
    assert "<script>" not in ask(host="<script>alert(1)</script>").text


def test_an_address_that_was_given_to_the_server_is_the_apps():
    hosts = LOCAL_HOSTS | {"analysis.example"}
    assert ask(host="Analysis.Example:8501", hosts=hosts, cookie=COOKIE).text == "inside"


ORIGINS = ["http://evil.example", "http://127.0.0.1:9999", "http://localhost:8501", "null", "", "http://[::1"]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_page_of_another_host_or_port_is_refused_even_with_the_cookie(origin, token):
    """Ports share their cookies, so another user's page on another port comes with it."""
    for kind, method in (("websocket", "GET"), ("http", "PUT"), ("http", "GET")):
        answer = ask(kind=kind, method=method, cookie=COOKIE, origin=origin, token=token)
        assert answer.status == 403
        assert "Another page" in answer.text


def test_a_link_from_elsewhere_is_asked_again_in_the_apps_own_name():
    """A browser keeps a strict cookie to itself where a mail or a file leads to the app."""
    again = '<meta http-equiv="refresh"'
    assert again in ask("/compare", "runs=a", sec_fetch_site="cross-site", sec_fetch_mode="navigate").text
    for site in ("same-origin", "same-site", "none"):
        assert again not in ask("/compare", "runs=a", sec_fetch_site=site, sec_fetch_mode="navigate").text
    assert again not in ask("/media/a.png", sec_fetch_site="cross-site", sec_fetch_mode="no-cors").text


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"cookie": COOKIE},
        {"query": f"token={TOKEN}"},
        {"host": "evil.example"},
        {"origin": "null"},
        {"token": None},
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_every_answer_forbids_frames_and_guessing(kind, given):
    answer = ask(kind=kind, **given)
    for name, value in HEADERS:
        assert value.decode() in answer.all_of(name.decode())
    assert answer.all_of("x-frame-options") == ["DENY"]
    if answer.text == "inside":
        assert answer["etag"] == "1"
        assert answer.all_of("content-security-policy") == ["sandbox", "frame-ancestors 'none'"]


def test_without_a_token_the_door_is_open_to_the_machine():
    assert ask(token=None).text == "inside"
    assert ask("/", "token=somebodys", token=None).text == "inside"


def test_start_and_end_of_the_server_pass():
    seen = []

    async def inside(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Access(inside, TOKEN)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
