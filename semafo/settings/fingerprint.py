"""Settings as plain values: hashing them, and building dataclasses from them again."""

import hashlib
import json
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from semafo.errors import SettingsError
from semafo.plain_values import misfit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
_LONGEST_TEXT = 4096  # characters of a setting: a path has no more
_LONGEST_NAME, _MOST_NAMED = 60, 6  # characters and number of unknown settings that are repeated


def fingerprint(*values: Any) -> str:
    """Hash of plain values: equal values, equal hash, on every machine."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def build(cls: type[T], values: dict[str, Any]) -> T:
    """Rebuild a settings dataclass from plain values, nested dataclasses and tuples included.

    Raises
    ------
    SettingsError
        There is a value for which the dataclass has no field, or one that is not of the field's type.
    """
    if not isinstance(values, dict):
        raise SettingsError(f"The settings are no object with the fields of {cls.__name__}. {_DAMAGED}")
    _require_known(cls, values)
    found = misfit(values, cls, longest=_LONGEST_TEXT)
    if found is not None:
        raise SettingsError(f"A setting is of the wrong kind: {found}. {_DAMAGED}")
    return _build(cls, values)


_DAMAGED = "Settings that Semafo wrote are never so: the file was changed or is damaged."


def _require_known(cls: type["DataclassInstance"], values: dict[str, Any]) -> None:
    known = {f.name: f.type for f in fields(cls)}
    unknown = ", ".join(sorted(str(name)[:_LONGEST_NAME] for name in list(set(values) - set(known))[:_MOST_NAMED]))
    if unknown:
        raise SettingsError(f"{unknown} is no setting of {cls.__name__}. This run may come from a newer Semafo.")
    for name, value in values.items():
        kind = known[name]
        if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
            _require_known(kind, value)


def _build(cls: type[T], values: dict[str, Any]) -> T:
    known = {f.name: f.type for f in fields(cls)}
    arguments = {}
    for name, value in values.items():
        kind = known[name]
        if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
            value = _build(kind, value)
        arguments[name] = tuple(value) if isinstance(value, list) else value
    return cls(**arguments)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no place in a fingerprint")
