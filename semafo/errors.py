"""Everything that can go wrong in words a user understands.

SemafoError
├── SettingsError     a setting has a value that cannot work
├── DataError         the data cannot be used as they are
├── RunNotFound       no run of that name in this home
├── DamagedRun        a file of a run is not as the run left it
├── EngineError       the engine could not be started or reached
└── RunCancelled      a run was stopped on request (raised inside workers only)
    └── RunSuperseded the run was given to another worker

Each message states what was found, what was expected and what to do about it. Command line and pages print the message
and nothing else, so a traceback never reaches a user.
"""


class SemafoError(Exception):
    """Base of every error that is meant to be read by a user."""


class SettingsError(SemafoError):
    """A setting has a value that cannot work."""


class DataError(SemafoError):
    """The data cannot be used as they are."""


class RunNotFound(SemafoError):
    """No run of that name in this home."""


class DamagedRun(SemafoError):
    """A file of a run is not as the run left it, or says what no run can say."""


class EngineError(SemafoError):
    """The engine that trains could not be started or reached."""


class RunCancelled(SemafoError):
    """A run was stopped on request."""


class RunSuperseded(RunCancelled):
    """The run was given to another worker: this one must write nothing more."""


def require(condition: bool, message: str) -> None:
    """Raise SettingsError with the message where the condition does not hold."""
    if not condition:
        raise SettingsError(message)
