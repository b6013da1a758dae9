"""Values, both ways between Python and the machine."""

from __future__ import annotations

import enum
import math
from typing import Any

import pytest

from machine_dialect_vm import Function, Module, Url, run

ECHO = Module.assemble('load_global r0, "x"\nreturn r0')


def echo(value: Any) -> Any:
    outcome = run(ECHO, globals={"x": value})
    assert type(outcome.globals["x"]) is type(outcome.value)
    return outcome.value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        1,
        -(2**63),
        2**63 - 1,
        1.5,
        -0.0,
        math.inf,
        5e-324,
        "",
        "a",
        "é€😀\0\n",
        Url("https://example.org"),
        Url(""),
        Function("f"),
        [],
        {},
        [1, "a", [2.5, None], {"k": [True]}],
        {"b": 1, "a": {"z": [], "y": {}}},
    ],
)
def test_a_value_comes_back_as_it_went_in(value: Any) -> None:
    back = echo(value)
    assert type(back) is type(value)
    assert back == value
    assert repr(back) == repr(value)  # tells -0.0 from 0.0, and the order of a dict


def test_a_nan_comes_back() -> None:
    assert math.isnan(echo(math.nan))


def test_a_dict_keeps_its_order_through_the_machine() -> None:
    module = Module.assemble(
        """
        load_global r0, "x"
        load_const r1, "new"
        dict_set r0, r1, r1
        return r0
        """
    )
    assert list(run(module, globals={"x": {"z": 1, "a": 2}}).value) == ["z", "a", "new"]


def test_what_python_has_beside_its_own_types_is_taken() -> None:
    class Number(enum.IntEnum):
        SEVEN = 7

    class Index:
        def __index__(self) -> int:
            return 9

    assert echo(Number.SEVEN) == 7 and type(echo(7)) is int
    assert run(ECHO, globals={"x": Index()}).value == 9  # type: ignore[dict-item]
    assert run(ECHO, globals={"x": (1, (2,))}).value == [1, [2]]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (2**63, OverflowError, 'globals["x"] is 9223372036854775808, which does not fit an int of 64 bits'),
        ([0, {"k": -(2**63) - 1}], OverflowError, 'globals["x"][1]["k"] is -9223372036854775809, which'),
        (b"a", TypeError, 'globals["x"] is of type bytes, which is no value'),
        ([[], {1}], TypeError, 'globals["x"][1] is of type set, which is no value'),
        ({"a": {1: 2}}, TypeError, 'globals["x"]["a"] has the key 1; the keys of a dict are strings'),
        ("\ud800", ValueError, 'globals["x"] is no text: it has a surrogate'),
    ],
)
def test_what_is_no_value_is_refused_with_its_place(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        echo(value)
    assert str(raised.value).startswith(message)


def test_a_list_that_contains_itself_is_refused() -> None:
    inner: list[Any] = []
    inner.append({"k": inner})
    with pytest.raises(ValueError, match="contains itself"):
        echo([inner])


def test_values_nest_as_deep_as_memory_allows() -> None:
    deep: list[Any] = []
    for _ in range(1_000_000):
        deep = [deep]
    back = echo(deep)
    depth = 0
    while back:
        [back] = back
        depth += 1
    assert depth == 1_000_000


def test_arrays_are_values_so_no_two_places_share_a_list() -> None:
    row = [0, 0]
    rows = echo([row, row])
    rows[0][0] = 5
    assert rows == [[5, 0], [0, 0]]
    both = run(Module.assemble('load_global r0, "x"\nstore_global r0, "y"\nreturn r0'), globals={"x": row})
    both.value.append(1)
    assert both.globals == {"x": [0, 0], "y": [0, 0]}


def test_parts_that_stand_for_more_than_memory_holds_stay_shared() -> None:
    shared: list[Any] = []
    for _ in range(64):
        shared = [shared, shared]
    back = echo(shared)
    levels = 0
    while back:
        assert back[0] is back[1] or back == [[], []]  # an empty list has nothing to share
        back = back[0]
        levels += 1
    assert levels == 64


def test_values_of_their_own_type() -> None:
    assert Url("a") == "a" and repr(Url("a")) == "Url('a')"
    assert Function("f") == Function("f") != Function("g")
    assert hash(Function("f")) == hash(Function("f"))
    assert str(Function("f")) == "function<f>"
