"""The tree of a program. `at` is where a run-time error of the node stands (rule Places)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .diagnostics import At

# --- Expressions ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Literal:
    value: Any  # a text is a `str`
    static: str


@dataclass(slots=True, eq=False)
class Name:
    """A variable. `slot` is its number in its function, which the checker gives."""

    name: str
    at: At
    slot: int = -1


@dataclass(slots=True)
class Step:
    """An operator of a chain and what stands to its right. `joins`: it is a + that joins texts (rule Joining)."""

    operator: str
    at: At
    operand: Expression
    joins: bool = False


@dataclass(slots=True)
class Chain:
    """Operators of one group, from left to right: a + b - c."""

    first: Expression
    steps: list[Step]


@dataclass(slots=True)
class Prefix:
    operator: str
    at: At
    operand: Expression


@dataclass(slots=True)
class Conditional:
    value: Expression
    condition: Expression
    otherwise: Expression


@dataclass(slots=True)
class Place:
    """The first, second, third or last item, or item `index`."""

    which: str
    at: At
    index: Expression | None = None


@dataclass(slots=True)
class ItemOf:
    place: Place
    whole: Expression


@dataclass(slots=True)
class KeyOf:
    named_list: Name
    key: Expression


@dataclass(slots=True)
class Blank:
    """`blank`, and a list without items."""

    is_named: bool = False


@dataclass(slots=True)
class List:
    items: list[Expression]


@dataclass(slots=True)
class NamedList:
    items: list[tuple[str, Expression]]


Expression = Literal | Name | Chain | Prefix | Conditional | ItemOf | KeyOf | Blank | List | NamedList

# --- Statements -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Define:
    at: At
    variable: Name
    types: tuple[str, ...] | None  # None: they could not be read
    default: Expression | None = None
    default_at: At | None = None


@dataclass(slots=True)
class Set:
    at: At
    variable: Name
    value: Expression
    value_at: At


@dataclass(slots=True)
class Call:
    """A call; `variable` gets its result. Arguments have the name of their input where they are given by name."""

    at: At
    function: str
    function_at: At
    arguments: list[Argument]
    variable: Name | None = None


@dataclass(slots=True)
class Argument:
    at: At
    value: Expression
    input: str | None = None


@dataclass(slots=True)
class SetItem:
    at: At
    place: Place
    variable: Name
    value: Expression


@dataclass(slots=True)
class SetKey:
    """Set of a key, Add … with, and Update."""

    at: At
    variable: Name
    key: Expression
    value: Expression


@dataclass(slots=True)
class Say:
    at: At
    value: Expression


@dataclass(slots=True)
class GiveBack:
    at: At
    value: Expression


@dataclass(slots=True)
class If:
    """Conditions with their blocks; a condition that is None could not be read."""

    at: At
    branches: list[tuple[Expression | None, list[Statement]]]
    otherwise: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class While:
    at: At
    condition: Expression | None
    block: list[Statement]


@dataclass(slots=True)
class ForEach:
    at: At
    variable: Name | None
    items: Expression | None
    block: list[Statement]


@dataclass(slots=True)
class Add:
    at: At
    variable: Name
    item: Expression


@dataclass(slots=True)
class Remove:
    at: At
    variable: Name
    item: Expression


@dataclass(slots=True)
class RemoveItem:
    at: At
    variable: Name
    place: Place


@dataclass(slots=True)
class Insert:
    at: At
    variable: Name
    item: Expression
    position: Expression


@dataclass(slots=True)
class Clear:
    at: At
    variable: Name


@dataclass(slots=True)
class Evaluate:
    """An expression as a statement."""

    at: At
    value: Expression


Statement = (
    Define | Set | Call | SetItem | SetKey | Say | GiveBack | If | While | ForEach | Add | Remove | RemoveItem
    | Insert | Clear | Evaluate
)  # fmt: skip

# --- A file ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Input:
    variable: Name
    is_required: bool
    types: tuple[str, ...]
    default: Expression | None = None
    default_at: At | None = None


@dataclass(slots=True)
class Function:
    """A function, or the top level."""

    name: str
    at: At
    inputs: list[Input] = field(default_factory=list)
    body: list[Statement] = field(default_factory=list)
    slots: int = 0
    has_unreadable_inputs: bool = False  # there are inputs without a name that could be read


@dataclass(slots=True)
class File:
    top: Function
    functions: list[Function]
