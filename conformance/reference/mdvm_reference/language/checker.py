"""Judging a tree: names, calls and types (rules Scope, Inputs, Functions, Types). It gives each variable its slot."""

from __future__ import annotations

from ._tables import OPERATORS, STATIC_TYPES, TYPES
from .diagnostics import At, Diagnostics
from .joining import settle_joins, text_steps, text_variables
from .tree import (
    Blank, Call, Chain, Conditional, Define, Evaluate, Expression, File, ForEach, Function, GiveBack, If, Insert,
    ItemOf, KeyOf, List, Literal, Name, NamedList, Prefix, Remove, Add, Clear, RemoveItem, Say, Set, SetItem, SetKey,
    Statement, While,
)  # fmt: skip

_NO_VARIABLES: frozenset[int] = frozenset()
_NUMBERS = ("whole", "float", "number")


def check(file: File, diagnostics: Diagnostics) -> None:
    functions: dict[str, Function] = {}
    for function in file.functions:
        first = functions.setdefault(function.name, function)
        if first is not function and function.name:
            fields = {"name": function.name, "line": first.at[0]}
            diagnostics.report("DuplicateFunction", function.at, **fields)
    for function in [file.top, *file.functions]:
        _Checker(functions, diagnostics).function(function)


class _Variable:
    """`types` are those that Define names; None where it has none, or they do not matter."""

    def __init__(self, slot: int, line: int, types: tuple[str, ...] | None):
        self.slot = slot
        self.line = line
        self.types = types


class _Checker:
    """Checks one function, in the order of its text."""

    def __init__(self, functions: dict[str, Function], diagnostics: Diagnostics):
        self.functions = functions
        self.report = diagnostics.report
        self.variables: dict[str, _Variable] = {}
        self.given: list[tuple[int, Expression]] = []  # the values that Set … to and defaults give to variables
        self.given_otherwise: set[int] = set()
        self.chains: list[Chain] = []

    def function(self, function: Function) -> None:
        for item in function.inputs:
            self.define(item.variable, item.types)
            self.given_otherwise.add(item.variable.slot)
            if item.default is not None:
                self.default(item.variable, item.types, item.default, item.default_at)
        self.given.clear()
        self.block(function.body)
        function.slots = len(self.variables)
        candidates = {
            variable.slot
            for variable in self.variables.values()
            if variable.types and len(variable.types) == 1 and variable.types[0] in ("Text", "URL")
        }
        settle_joins(self.chains, text_variables(candidates - self.given_otherwise, self.given))

    # --- Names ---

    def define(self, name: Name, types: tuple[str, ...] | None) -> None:
        known = self.variables.get(name.name)
        if known:
            self.report("DuplicateName", name.at, name=name.name, line=known.line)
            name.slot = known.slot
        else:
            self.new_variable(name, types)

    def new_variable(self, name: Name, types: tuple[str, ...] | None) -> None:
        name.slot = len(self.variables)
        self.variables[name.name] = _Variable(name.slot, name.at[0], types)

    def variable(self, name: Name) -> _Variable | None:
        known = self.variables.get(name.name)
        if known is None:
            self.report("UndefinedName", name.at, name=name.name)
        else:
            name.slot = known.slot
        return known

    # --- Statements ---

    def block(self, statements: list[Statement]) -> None:
        for statement in statements:
            _CHECKS[type(statement)](self, statement)

    def check_define(self, statement: Define) -> None:
        self.define(statement.variable, statement.types)
        if statement.default is not None:
            self.default(statement.variable, statement.types or (), statement.default, statement.default_at)

    def default(self, name: Name, types: tuple[str, ...], default: Expression, at: At) -> None:
        for used in _names(default):
            self.report("NamesInDefault", used.at)
        self.collect_chains(default)
        self.given.append((name.slot, default))
        self.fits(name, types, default, at)

    def check_set(self, statement: Set) -> None:
        if type(statement.value) in (List, NamedList):  # items are read before the variable changes
            items = statement.value.items
            for item in items if type(statement.value) is List else [value for _key, value in items]:
                self.expression(item)
        elif type(statement.value) is not Blank:
            self.expression(statement.value)
        variable = self.variable(statement.variable)
        if variable is None:
            return
        types = variable.types or ()
        if type(statement.value) is Blank:
            statement.value.is_named = types == ("Named List",)
        self.given.append((variable.slot, statement.value))
        self.fits(statement.variable, types, statement.value, statement.value_at)

    def check_call(self, call: Call) -> None:
        for argument in call.arguments:
            self.expression(argument.value)
        if call.variable:
            self.changes(call.variable)
        function = self.functions.get(call.function)
        if function is None:
            self.report("UndefinedFunction", call.function_at, name=call.function)
            return
        inputs = [item.variable.name for item in function.inputs]
        given: set[int] = set()
        has_unknown = False
        for position, argument in enumerate(call.arguments):
            if argument.input is None:
                if position == len(inputs) and not function.has_unreadable_inputs:
                    fields = {"function": call.function, "most": len(inputs), "given": position + 1}
                    self.report("TooManyArguments", argument.at, **fields)
                given.add(position)
            elif argument.input not in inputs:
                has_unknown = True
                if not function.has_unreadable_inputs:
                    self.report("UnknownInput", argument.at, function=call.function, input=argument.input)
            elif inputs.index(argument.input) in given:
                self.report("DuplicateArgument", argument.at, input=argument.input)
            else:
                given.add(inputs.index(argument.input))
        for position, item in enumerate(function.inputs):
            if item.is_required and position not in given and not has_unknown:
                fields = {"function": call.function, "input": item.variable.name}
                self.report("MissingArgument", call.function_at, **fields)

    def changes(self, name: Name) -> None:
        """A variable that a statement changes which is no Set … to …."""
        if variable := self.variable(name):
            self.given_otherwise.add(variable.slot)

    def check_set_item(self, statement: SetItem) -> None:
        if statement.place.index is not None:
            self.expression(statement.place.index)
        self.changes(statement.variable)
        self.expression(statement.value)

    def check_set_key(self, statement: SetKey) -> None:
        self.changes(statement.variable)
        self.expression(statement.key)
        self.expression(statement.value)

    def check_value(self, statement: Say | GiveBack | Evaluate) -> None:
        self.expression(statement.value)

    def check_if(self, statement: If) -> None:
        for condition, block in statement.branches:
            if condition is not None:
                self.expression(condition)
            self.block(block)
        self.block(statement.otherwise)

    def check_while(self, statement: While) -> None:
        if statement.condition is not None:
            self.expression(statement.condition)
        self.block(statement.block)

    def check_for_each(self, statement: ForEach) -> None:
        if statement.items is not None:
            self.expression(statement.items)
        if statement.variable is not None:
            if statement.variable.name in self.variables:
                self.variable(statement.variable)
            else:
                self.new_variable(statement.variable, None)
            self.given_otherwise.add(statement.variable.slot)
        self.block(statement.block)

    def check_item(self, statement: Add | Remove) -> None:
        self.expression(statement.item)
        self.changes(statement.variable)

    def check_insert(self, statement: Insert) -> None:
        self.expression(statement.item)
        self.expression(statement.position)
        self.changes(statement.variable)

    def check_remove_item(self, statement: RemoveItem) -> None:
        if statement.place.index is not None:
            self.expression(statement.place.index)
        self.changes(statement.variable)

    def check_clear(self, statement: Clear) -> None:
        self.changes(statement.variable)

    # --- Expressions ---

    def expression(self, expression: Expression) -> None:
        for name in _names(expression):
            self.variable(name)
        self.collect_chains(expression)

    def collect_chains(self, expression: Expression) -> None:
        self.chains += [part for part in _parts(expression) if type(part) is Chain]

    def fits(self, name: Name, types: tuple[str, ...], value: Expression, at: At) -> None:
        held = [TYPES[declared][1] for declared in types]
        found = static_type(value)
        if not held or found in ("unknown", "empty"):
            return
        if not any(found in classes for classes in held):
            declared = " or ".join(declared for declared in TYPES if declared in types)
            self.report("WrongType", at, found=STATIC_TYPES[found][1], name=name.name, declared=declared)


_CHECKS = {
    Define: _Checker.check_define,
    Set: _Checker.check_set,
    Call: _Checker.check_call,
    SetItem: _Checker.check_set_item,
    SetKey: _Checker.check_set_key,
    Say: _Checker.check_value,
    GiveBack: _Checker.check_value,
    Evaluate: _Checker.check_value,
    If: _Checker.check_if,
    While: _Checker.check_while,
    ForEach: _Checker.check_for_each,
    Add: _Checker.check_item,
    Remove: _Checker.check_item,
    Insert: _Checker.check_insert,
    RemoveItem: _Checker.check_remove_item,
    Clear: _Checker.check_clear,
}


def _parts(expression: Expression) -> list[Expression]:
    """The expression and all that it is made of."""
    parts = [expression]
    for part in parts:
        if type(part) is Chain:
            parts += [part.first, *(step.operand for step in part.steps)]
        elif type(part) is Prefix:
            parts.append(part.operand)
        elif type(part) is Conditional:
            parts += [part.value, part.condition, part.otherwise]
        elif type(part) is ItemOf:
            parts += [part.whole] if part.place.index is None else [part.place.index, part.whole]
        elif type(part) is KeyOf:
            parts += [part.named_list, part.key]
    return parts


def _names(expression: Expression) -> list[Name]:
    return [part for part in _parts(expression) if type(part) is Name]


# --- What is certain of an expression (rule Types) ------------------------------------------------------------------


def static_type(expression: Expression) -> str:
    kind = type(expression)
    if kind is Literal:
        return expression.static
    if kind is List or kind is NamedList:
        return "list" if kind is List else "named_list"
    if kind is Blank:
        return "named_list" if expression.is_named else "list"
    if kind is Chain:
        return _of_chain(expression)
    if kind is Prefix:
        return _of_operator(expression.operator, static_type(expression.operand))
    if kind is Conditional:
        value, otherwise = static_type(expression.value), static_type(expression.otherwise)
        if value == otherwise:
            return value
        return "number" if value in _NUMBERS and otherwise in _NUMBERS else "unknown"
    return "unknown"


def _of_chain(chain: Chain) -> str:
    left = static_type(chain.first)
    for step, is_text in zip(chain.steps, text_steps(chain, _NO_VARIABLES)):
        left = "text" if is_text else _of_operator(step.operator, left, static_type(step.operand))
    return left


def _of_operator(operator: str, *operands: str) -> str:
    gives = OPERATORS[operator][3]
    if gives in ("truth", "list", "number"):
        return gives
    if gives == "sum" and not all(operand in _NUMBERS for operand in operands):
        return "unknown"
    if all(operand in ("whole", "float") for operand in operands):
        return "float" if "float" in operands else "whole"
    return "number"
