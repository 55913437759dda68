"""Run folders of earlier versions, read as if this one had written them.

The layout of a folder has a number, `schema` in its `config.json`, which is written once. Older folders go through the
steps from their number to this one's each time they are read, and stay on disk as they are: the version that wrote them
can still read them. A folder with a higher number is refused in words and left alone.

A new layout takes the next number and one step: a pure function from the old values to the new.
"""

from collections.abc import Callable
from typing import Any

from semafo.errors import SettingsError
from semafo.settings.run_config import CONSTANT, ONE_CYCLE

SCHEMA = 3
_UNNUMBERED = 1  # folders from before there were numbers

Values = dict[str, Any]


def _with_schedules(settings: Values) -> Values:
    """1 to 2. Before there were schedules every stage was trained with a constant learning rate."""
    return {"batch": None, **settings, "config": _on_schedule(settings["config"], CONSTANT)}


def _with_former_default(settings: Values) -> Values:
    """2 to 3. The default schedule was one-cycle, which is a preview since."""
    return {**settings, "config": _on_schedule(settings["config"], ONE_CYCLE)}


def _on_schedule(config: Values, default: str) -> Values:
    """The config with the schedule that it had where it names none."""
    train = config.get("train")
    return {**config, "train": {"schedule": default, **train}} if train and isinstance(train, dict) else config


STEPS: dict[int, Callable[[Values], Values]] = {1: _with_schedules, 2: _with_former_default}


def upgraded(settings: Values) -> Values:
    """What a `config.json` of any layout up to this one says, in this one's layout.

    Parameters
    ----------
    settings
        The file's content. It is not changed.

    Raises
    ------
    SettingsError
        The folder is from a newer version, or what it says is no settings at all.
    """
    schema = settings.get("schema", _UNNUMBERED) if isinstance(settings, dict) else None
    if not isinstance(schema, int) or schema < _UNNUMBERED or not isinstance(settings.get("config"), dict):
        raise SettingsError("The settings of this run are damaged. Expected a config.json as Semafo writes it.")
    if schema > SCHEMA:
        raise SettingsError(
            f"This run is from a newer Semafo: its folder has layout {schema}, and this version reads up to {SCHEMA}. "
            "It was left as it is. Update Semafo to open it."
        )
    for number in range(schema, SCHEMA):
        settings = STEPS[number](settings)
    return {**settings, "schema": SCHEMA}
