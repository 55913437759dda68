"""What the guard at the door reads of a request: where it is for, where it comes from, what it carries."""

import hmac
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Scope = MutableMapping[str, Any]  # of ASGI

PARAMETER = "token"


@dataclass(frozen=True)
class Visit:
    """One HTTP request or websocket handshake."""

    kind: str  # http or websocket
    method: str
    scheme: str
    path: str  # as it was sent, percent-encoded
    query: str
    headers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, scope: Scope) -> "Visit":
        """Read an ASGI scope."""
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            headers[key] = (*headers.get(key, ()), value.decode("latin-1"))
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"").decode("latin-1")
        method, scheme = scope.get("method", "GET"), scope.get("scheme", "http")
        return cls(scope["type"], method, scheme, raw.decode("latin-1"), query, headers)

    @property
    def host(self) -> str:
        """The Host header, port included; empty where there is none or more than one."""
        found = self.headers.get("host", ())
        return found[0].strip().lower() if len(found) == 1 else ""

    @property
    def hostname(self) -> str:
        """The host without port, brackets and final dot; empty where it cannot be read."""
        return _address(self.host)[0]

    @property
    def cookie(self) -> str:
        """Name of the cookie. Cookies know no ports, so it has the one that the browser sees: it may be forwarded."""
        default = 443 if self.scheme in ("https", "wss") else 80
        return f"semafo-token-{_address(self.host)[1] or default}"

    @property
    def foreign_origin(self) -> str | None:
        """Who asks, where that is a page of another host or port than the one asked; None where it is not."""
        for origin in self.headers.get("origin", ()):
            try:
                ours = urlsplit(origin).netloc.lower() == self.host
            except ValueError:
                ours = False
            if not ours:
                return origin
        return None

    @property
    def is_page(self) -> bool:
        """Whether an address was opened, which can be answered by another address."""
        return self.kind == "http" and self.method in ("GET", "HEAD")

    @property
    def is_link_from_elsewhere(self) -> bool:
        """Whether another site, a mail or a file led here: browsers then keep a strict cookie to themselves."""
        came_from, by = self.headers.get("sec-fetch-site", ()), self.headers.get("sec-fetch-mode", ())
        return self.is_page and came_from == ("cross-site",) and by == ("navigate",)

    @property
    def address_tokens(self) -> list[str]:
        """Tokens in the address."""
        return [value for name, value in parse_qsl(self.query, keep_blank_values=True) if name == PARAMETER]

    @property
    def cookie_tokens(self) -> list[str]:
        """Tokens in cookies: programs on other ports of the host may have set more of the same name."""
        pairs = [pair.partition("=") for line in self.headers.get("cookie", ()) for pair in line.split(";")]
        return [value.strip() for name, _, value in pairs if name.strip() == self.cookie]

    @property
    def address_without_token(self) -> str:
        """The same address with every other parameter as it was. Whole, as a path may begin like a host (`//host`)."""
        kept = [pair for pair in self.query.split("&") if pair and not _is_token(pair)]
        return f"{self.scheme}://{self.host}{self.path}{'?' if kept else ''}{'&'.join(kept)}"


def is_among(token: str, given: Iterable[str]) -> bool:
    """Whether one of those given is the token, in a time that says nothing of how much of it is right."""
    return any([hmac.compare_digest(token.encode(), one.encode("utf-8", "replace")) for one in given])


def _is_token(pair: str) -> bool:
    return any(name == PARAMETER for name, _ in parse_qsl(pair, keep_blank_values=True))


def _address(host: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return "", None
    return (name.rstrip("."), port) if parts.netloc == host and "@" not in host else ("", None)
