"""Settings as plain values: hashing them, and building dataclasses from them again."""

import hashlib
import json
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from semafo.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def fingerprint(*values: Any) -> str:
    """Hash of plain values: equal values, equal hash, on every machine."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def build(cls: type[T], values: dict[str, Any]) -> T:
    """Rebuild a settings dataclass from plain values, nested dataclasses and tuples included.

    Raises
    ------
    SettingsError
        There is a value for which the dataclass has no field.
    """
    known = {f.name: f.type for f in fields(cls)}
    unknown = ", ".join(sorted(set(values) - set(known)))
    if unknown:
        raise SettingsError(f"{unknown} is no setting of {cls.__name__}. This run may come from a newer Semafo.")
    arguments = {}
    for name, value in values.items():
        kind = known[name]
        if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
            value = build(kind, value)
        arguments[name] = tuple(value) if isinstance(value, list) else value
    return cls(**arguments)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no place in a fingerprint")
