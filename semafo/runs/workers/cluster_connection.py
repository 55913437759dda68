"""The engine's connection to a scheduler elsewhere: made, watched and made again in a thread of its own.

The queue's rounds never wait for the network: they read what the thread saw last. A connection that was lost stays
lost, even where dask could go on with it, because the scheduler forgets the tasks of a client that was away.
"""

import logging
import threading
import time
from typing import Any

from distributed import Client

from semafo.errors import EngineError
from semafo.runs.workers.scheduler_address import require_answer
from semafo.runs.workers.tls import HomeKeys

_logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0  # between two looks at which workers there are, and between two tries to connect
_WATCH_SECONDS = 0.2  # between two looks at whether the connection still stands
_ANSWER_SECONDS = 15.0  # after which a scheduler that does not answer is lost


class _Lost(Exception):
    """The scheduler is gone, or another one has come."""


class Connection:
    """One connection to one scheduler.

    Attributes
    ----------
    is_alive
        False once it was lost, for good.
    seen
        The scheduler's workers by address, each as `Scheduler.identity` describes it.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.is_alive = True
        self.seen: dict[str, dict[str, Any]] = {}
        self._stream, self._scheduler = client.scheduler_comm, None

    def watch(self) -> None:
        """Raise where the connection broke, also where dask has made another since."""
        if self.client.status != "running" or self.client.scheduler_comm is not self._stream:
            raise _Lost

    def look(self) -> None:
        """See which workers there are."""
        scheduler = self.client.scheduler
        assert scheduler is not None  # the client is connected
        found: dict[str, Any] = self.client.sync(scheduler.identity, n_workers=-1, callback_timeout=_ANSWER_SECONDS)
        self._scheduler = self._scheduler or found["id"]
        if found["id"] != self._scheduler:
            raise _Lost
        self.seen = found["workers"]


class Link:
    """Keeps a connection to the scheduler at an address.

    Attributes
    ----------
    connection
        The one that works; None while there is none.
    problem
        Why there is none, in words; None before the first try and while there is one.
    """

    def __init__(self, address: str, keys: HomeKeys) -> None:
        self.connection: Connection | None = None
        self.problem: str | None = None
        self._address, self._keys = address, keys
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler-link", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the connection, and do not make another."""
        self._closing.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                require_answer(self._address, self._keys)
                self._hold()
            except EngineError as error:
                self._say(str(error))
            except (_Lost, OSError):
                self._say(f"The scheduler at {self._address} was lost.")
            except Exception:  # whatever else dask raises when a connection breaks
                _logger.exception("The connection to %s ended.", self._address)
                self._say(f"The scheduler at {self._address} was lost.")
            self._closing.wait(_LOOK_SECONDS)

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            _logger.warning("%s", problem)
        self.problem = problem

    def _hold(self) -> None:
        """Connect, and return or raise when the connection is over."""
        client = Client(self._address, security=self._keys.security(), timeout=10, set_as_default=False)
        connection = Connection(client)
        try:
            connection.look()
            self.connection, self.problem = connection, None
            _logger.info("Connected to the scheduler at %s.", self._address)
            looked = time.monotonic()
            while not self._closing.wait(_WATCH_SECONDS):
                connection.watch()
                if time.monotonic() - looked > _LOOK_SECONDS:
                    connection.look()
                    looked = time.monotonic()
        finally:
            connection.is_alive = False
            self.connection = None
            client.close(timeout=2)
