"""The address of a dask scheduler that the workers of a cluster join, and whether anybody answers there."""

import os
import re
import socket
import ssl

from semafo.errors import EngineError, SettingsError
from semafo.runs.workers.tls import HomeKeys

SCHEDULER_VARIABLE = "SEMAFO_SCHEDULER"
_EXAMPLE = "Write it as tls://HOST:PORT, for example tls://login1:8786."
_ANSWER_SECONDS = 5.0
_ADDRESS = re.compile(r"tls://(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[^:/\s]+)):(?P<port>\d{1,5})/?")


def scheduler_address() -> str | None:
    """The scheduler that SEMAFO_SCHEDULER names; None means workers on this machine. Raises SettingsError."""
    given = os.environ.get(SCHEDULER_VARIABLE, "").strip()
    return checked(given) if given else None


def checked(address: str) -> str:
    """The address, where it is one of a scheduler that speaks TLS. Raises SettingsError."""
    address = address.strip()
    if "://" in address and not address.startswith("tls://"):
        protocol = address.split("://")[0]
        raise SettingsError(
            f"The scheduler's address {address!r} begins with {protocol}://, and an open scheduler lets anybody run "
            "code on the cluster. Semafo speaks TLS only: `semafo keys` prints how to start a scheduler that does, and "
            f"its address begins with tls://. {_EXAMPLE}"
        )
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise SettingsError(f"The scheduler's address is {address!r}. {_EXAMPLE}")
    return address.rstrip("/")


def host_and_port(address: str) -> tuple[str, int]:
    """Parts of an address that was checked."""
    found = _ADDRESS.fullmatch(address)
    assert found is not None
    return found["v6"] or found["host"], int(found["port"])


def require_answer(address: str, keys: HomeKeys) -> None:
    """Return where somebody who holds the home's keys answers at the address.

    Raises
    ------
    EngineError
        Nobody does; the message says what was found instead.
    """
    try:
        with socket.create_connection(host_and_port(address), timeout=_ANSWER_SECONDS) as connection:
            keys.context().wrap_socket(connection).close()
    except ssl.SSLCertVerificationError:
        raise EngineError(
            f"The scheduler at {address} has other keys than this home. Start it, and the workers, with the options "
            "that `semafo keys` prints for this home."
        ) from None
    except ssl.SSLError:
        raise EngineError(
            f"What answers at {address} does not speak TLS. Start the scheduler as `semafo keys` prints it."
        ) from None
    except socket.gaierror:
        raise EngineError(f"The host of {address} is not known to this machine.") from None
    except (TimeoutError, OSError) as error:
        reason = error.strerror or "no answer in time"
        raise EngineError(f"No scheduler answers at {address} ({reason}).") from None
