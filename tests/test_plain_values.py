"""Which plain values fit which types, and what is said of those that do not."""

from dataclasses import dataclass
from typing import Any, Literal, Required, TypedDict

import pytest

from semafo.plain_values import misfit


class Inner(TypedDict, total=False):
    n: Required[int]
    names: list[str]


class Outer(TypedDict):
    inner: Inner | None
    share: float


@dataclass(frozen=True)
class Chosen:
    pair: tuple[str, ...] = ()
    mode: Literal["a", "b"] = "a"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, int),
        (1, float),
        (1.5, float),
        ("a", str),
        (None, str | None),
        ([1, 2], list[int]),
        (("a",), tuple[str, ...]),
        ({"a": 1.0}, dict[str, float]),
        ({"a": [None, {"b": True}]}, Any),
        ({"inner": None, "share": 1, "more": object}, Outer),
        ({"inner": {"n": 1}, "share": 1.0}, Outer),
        ({"pair": ["a"], "mode": "b"}, Chosen),
        ({}, Chosen),
    ],
)
def test_what_fits_is_said_nothing_of(value, kind):
    assert misfit(value, kind) is None


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (True, int, "It is True; expected a whole number"),
        (1.0, int, "It is 1.0; expected a whole number"),
        ("1", float, "It is '1'; expected a finite number"),
        (float("nan"), float, "expected a finite number"),
        (10**30, float, "larger than any number"),
        (10**30, int, "larger than any number"),
        ("x" * 200_000, str, "has 200000 characters"),
        ([1, "b"], list[int], "[1] is 'b'; expected a whole number"),
        ({1: 2}, dict[str, int], "expected text"),
        ("a", tuple[str, ...], "expected a list"),
        ({"inner": {}, "share": 1.0}, Outer, "inner.n is missing"),
        ({"inner": {"n": 1, "names": [2]}, "share": 1.0}, Outer, "inner.names[0] is 2; expected text"),
        ({"inner": 3, "share": 1.0}, Outer, "inner is 3; expected an object or null"),
        ({"inner": None}, Outer, "share is missing"),
        ([], Outer, "expected an object"),
        ({"mode": "c"}, Chosen, "mode is 'c'; expected 'a' or 'b'"),
        ({"mode": []}, Chosen, "mode is a list"),
        ({"a": object()}, Any, "a is"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(value, kind, said):
    assert said in misfit(value, kind)


def test_a_long_value_is_not_repeated_whole():
    assert len(misfit("y" * 5000, int)) < 200
    assert len(misfit({"z" * 5000: 1}, dict[str, str])) < 200
