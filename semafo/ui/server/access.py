"""Who may open the app: those who have its token, at an address that is its own."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from semafo.ui.server import refusal
from semafo.ui.server.refusal import Refusal
from semafo.ui.server.visit import Scope, Visit, is_among

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# Of every answer: in no frame of another page, never read as what it is not, and its address told to nobody else.
HEADERS: Headers = [
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_POLICY = b"content-security-policy"  # of which a browser obeys all that there are
_STARTS = ("http.response.start", "websocket.http.response.start")
_PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"cache-control", b"no-store"),
]


@dataclass(frozen=True)
class Access:
    """An ASGI application that stands before another and lets in who may.

    Parameters
    ----------
    inside
        What is guarded.
    token
        What an address or cookie must have; None lets everybody in who asks for the app at its own address.
    hosts
        Names and addresses under which the app may be asked for, in lower case and without port.
    """

    inside: Application
    token: str | None
    hosts: frozenset[str] = LOCAL_HOSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on what is let in."""
        if scope["type"] not in ("http", "websocket"):
            await self.inside(scope, receive, send)
            return
        visit, closed = Visit.of(scope), _with_headers(send)
        refused = self._refusal(visit)
        if refused is not None:
            await _refuse(refused, scope, closed)
        elif self.token is not None and visit.is_page and visit.address_tokens:
            await _answer(closed, "http.response", 303, self._redirection(visit, self.token), b"")
        else:
            await self.inside(scope, receive, closed)

    def _refusal(self, visit: Visit) -> Refusal | None:
        if visit.hostname not in self.hosts:
            return refusal.of_host(visit.host, self.hosts)
        if (origin := visit.foreign_origin) is not None:
            return refusal.of_origin(origin, visit.host)
        if self.token is None or is_among(self.token, visit.cookie_tokens):
            return None
        given = visit.address_tokens if visit.is_page else []
        return None if is_among(self.token, given) else refusal.without_token(bool(given), visit.is_link_from_elsewhere)

    def _redirection(self, visit: Visit, token: str) -> Headers:
        """To the address without token, which then is neither in the browser's history nor in a copied link."""
        cookie = f"{visit.cookie}={token}; HttpOnly; SameSite=Strict; Path=/"
        return [
            (b"location", visit.address_without_token.encode("latin-1")),
            (b"set-cookie", cookie.encode("latin-1")),
            (b"cache-control", b"no-store"),
        ]


async def _refuse(refused: Refusal, scope: Scope, send: Send) -> None:
    if scope["type"] == "http":
        body = b"" if scope["method"] == "HEAD" else refused.page
        await _answer(send, "http.response", refused.status, _PAGE_HEADERS, body)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await _answer(send, "websocket.http.response", refused.status, _PAGE_HEADERS, refused.page)
    else:  # which servers answer with 403
        await send({"type": "websocket.close", "code": 1008})


async def _answer(send: Send, kind: str, status: int, headers: Headers, body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def _with_headers(send: Send) -> Send:
    """Send on, with `HEADERS` in every answer."""
    replaced = {name for name, _ in HEADERS} - {_POLICY}

    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in replaced]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sending
