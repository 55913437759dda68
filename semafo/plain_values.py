"""Whether plain values, as JSON gives them, are of the types that a reader was written for.

What a file says is declared once, as a dataclass or a TypedDict, and compared here before anybody works with it. A
TypedDict may have more entries than it names: a newer version may say more.
"""

import math
import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints
from typing import is_typeddict as _is_typed_dict

LONGEST_TEXT = 100_000  # characters of one text
LARGEST_NUMBER = 2**63 - 1  # of whole numbers: what arrays and databases hold
_SHOWN = 60  # characters of a value in a sentence
_NAMES: dict[Any, str] = {
    bool: "yes or no (true, false)",
    int: "a whole number",
    float: "a finite number",
    str: "text",
    type(None): "null",
    list: "a list",
    tuple: "a list",
    dict: "an object",
}


def misfit(value: Any, kind: Any, place: str = "", longest: int = LONGEST_TEXT) -> str | None:
    """What does not fit, in words, with its place: `train.seed is '0'; expected a whole number`. None where all fits.

    Parameters
    ----------
    value
        None, flags, numbers, text, lists, tuples and dictionaries of these; nothing else fits.
    kind
        A type: one of these, `list[int]`, `tuple[str, ...]`, `dict[str, float]`, a union, a `Literal`, `Any`, a
        dataclass or a TypedDict. A whole number fits where a number is asked for, a flag never does.
    place
        Name of the value in the sentence.
    longest
        Characters that a text may have.
    """
    if isinstance(kind, type) and (_is_typed_dict(kind) or is_dataclass(kind)):
        return _misfit_of_fields(value, kind, place, longest)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return _misfit_of_any(value, place, longest)
    if origin in (Union, types.UnionType):
        found = [misfit(value, one, place, longest) for one in arguments]
        return None if None in found else _union_misfit(value, arguments, found, place)
    if origin is Literal:
        return None if value in arguments and not isinstance(value, bool) else _said(value, place, kind)
    if origin in (list, tuple) or kind in (list, tuple):
        return _misfit_of_items(value, arguments, kind, place, longest)
    if origin is dict or kind is dict:
        return _misfit_of_entries(value, arguments or (str, Any), place, longest)
    return _misfit_of_plain(value, kind, place, longest)


def _misfit_of_plain(value: Any, kind: Any, place: str, longest: int) -> str | None:
    if kind is float:
        if isinstance(value, float):
            return None if math.isfinite(value) else _said(value, place, kind)
        kind = int if isinstance(value, int) and not isinstance(value, bool) else kind
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return _said(value, place, kind)
    if kind is int and abs(value) > LARGEST_NUMBER:
        return f"{place or 'The number'} is {str(value)[:_SHOWN]}, which is larger than any number can be here"
    if kind is str and len(value) > longest:
        return f"{place or 'The text'} has {len(value)} characters; {longest} is the most"
    return None


def _misfit_of_items(value: Any, arguments: tuple[Any, ...], kind: Any, place: str, longest: int) -> str | None:
    if not isinstance(value, list | tuple):
        return _said(value, place, get_origin(kind) or kind)
    wanted = arguments[0] if arguments else Any
    found = (misfit(item, wanted, f"{place}[{i}]", longest) for i, item in enumerate(value))
    return next((one for one in found if one is not None), None)


def _misfit_of_entries(value: Any, arguments: tuple[Any, ...], place: str, longest: int) -> str | None:
    if not isinstance(value, Mapping):
        return _said(value, place, dict)
    names = next((one for key in value if (one := misfit(key, str, f"a name in {place}", longest))), None)
    if names is not None:
        return names
    found = (misfit(item, arguments[1], _below(place, key), longest) for key, item in value.items())
    return next((one for one in found if one is not None), None)


def _misfit_of_fields(value: Any, kind: Any, place: str, longest: int) -> str | None:
    if not isinstance(value, Mapping):
        return _said(value, place, dict)
    required: frozenset[str] = getattr(kind, "__required_keys__", frozenset())
    missing = sorted(required - set(value))
    if missing:
        return f"{_below(place, missing[0])} is missing"
    hints = _hints(kind)
    found = (misfit(value[name], hints[name], _below(place, name), longest) for name in hints if name in value)
    return next((one for one in found if one is not None), None)


def _misfit_of_any(value: Any, place: str, longest: int) -> str | None:
    """Anything that JSON has, but no text or number beyond all measure."""
    if isinstance(value, Mapping):
        return _misfit_of_entries(value, (str, Any), place, longest)
    if isinstance(value, list | tuple):
        return _misfit_of_items(value, (), list, place, longest)
    plain = next((one for one in (bool, int, float, str) if type(value) is one), None)
    return None if value is None else _misfit_of_plain(value, plain or str, place, longest)


@lru_cache
def _hints(kind: Any) -> dict[str, Any]:
    """Types of the fields, without the marks that say whether they must be there."""
    return {name: _unmarked(hint) for name, hint in get_type_hints(kind).items()}


def _unmarked(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint


def _union_misfit(value: Any, arguments: tuple[Any, ...], found: list[str | None], place: str) -> str:
    """Where one of the types is nearly right, what it lacks; else what could have stood there."""
    deeper = [said for said in found if said is not None and place and not said.startswith(f"{place} is ")]
    return deeper[0] if deeper else _said(value, place, *arguments)


def _said(value: Any, place: str, *kinds: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | None) else f"{_name(type(value))}"
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"{place or 'It'} is {shown}; expected {' or '.join(_name(kind) for kind in kinds)}"


def _name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(one) for one in get_args(kind))
    origin = get_origin(kind) or kind
    is_object = isinstance(origin, type) and (_is_typed_dict(origin) or is_dataclass(origin))
    return "an object" if is_object else _NAMES.get(origin, str(origin))


def _below(place: str, name: Any) -> str:
    text = str(name)[:_SHOWN]
    return f"{place}.{text}" if place else text
