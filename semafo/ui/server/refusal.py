"""What somebody reads who is not let in: what was found, and what to do."""

from dataclasses import dataclass
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{again}<title>Semafo: {title}</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style></head>
<body><h1>{title}</h1><p>{found}</p><p>{advice}</p></body></html>
"""
_AGAIN = '<meta http-equiv="refresh" content="0">'
_OPEN_WHAT_WAS_PRINTED = (
    "Open the whole address that semafo app printed in its terminal, with ?token= and what follows. Each start of the "
    "app makes a new one."
)


@dataclass(frozen=True)
class Refusal:
    """An answer in words; `asks_again` makes a browser ask once more, this time in the name of the app itself."""

    status: int
    title: str
    found: str
    advice: str
    asks_again: bool = False

    @property
    def page(self) -> bytes:
        """HTML that needs nothing else."""
        words = {name: escape(getattr(self, name)) for name in ("title", "found", "advice")}
        return _PAGE.format(again=_AGAIN if self.asks_again else "", **words).encode()


def of_host(host: str, allowed: frozenset[str]) -> Refusal:
    """For a host that is not the app's: a name that somebody else lets point to this machine is such a host."""
    asked = f"The browser asked for {host}" if host else "The browser did not say for which host it asked"
    return Refusal(
        421,
        "This is not the app's address",
        f"{asked}. This app answers as {', '.join(sorted(allowed))}, so that no web site can pass for it.",
        "Open the address that semafo app printed in its terminal. If people are to open the app as another host, "
        "set STREAMLIT_BROWSER_SERVER_ADDRESS to that host and start it again.",
    )


def of_origin(origin: str, host: str) -> Refusal:
    """For a page of somebody else that asks in the name of whoever looks at it."""
    return Refusal(
        403,
        "Another page asked for this",
        f"A page of {origin} asked {host} for something. Only the app's own pages may.",
        "Nothing needs to be done in the app. If you do not know that page, close it.",
    )


def without_token(had_one: bool, asks_again: bool) -> Refusal:
    """For a request without the token, or with another one."""
    found = "The token in the address is not the one of this app" if had_one else "The address has no token"
    return Refusal(
        403,
        "This app is closed",
        f"{found}, and this browser has not opened the app with its token before. Without it, everybody with an "
        "account on this machine could see and delete the runs.",
        _OPEN_WHAT_WAS_PRINTED,
        asks_again,
    )
