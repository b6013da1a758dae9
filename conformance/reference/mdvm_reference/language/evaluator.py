"""Running a tree: each node becomes a Python function of the variables, once, and then those are called.

A function's variables are a list, and `slot` is the place in it. An expression's function gives its value. A
statement's function gives None, or a tuple of one value where Give back ends the function.

Lists are values (rule Values): what a variable or a list holds counts one more owner (`hold`), and what has more than
one is copied before it changes. Owners are never taken away here; one too many costs a copy and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .. import operations
from ..errors import Fault
from ..machine import Output
from ..memory import Memory, hold, keys
from ..values import OBJECTS, Dict, String, Value, parts, truthy
from . import meaning
from .tree import (
    Add, Blank, Call, Chain, Clear, Conditional, Define, Evaluate, Expression, File, ForEach, Function, GiveBack, If,
    Insert, ItemOf, KeyOf, List, Literal, Name, NamedList, Place, Prefix, Remove, RemoveItem, Say, Set, SetItem,
    SetKey, Statement, While,
)  # fmt: skip

Variables = list[Value]
Evaluated = Callable[[Variables], Value]
Executed = Callable[[Variables], "tuple[Value] | None"]


class Where(NamedTuple):
    """Where a run-time error stands."""

    line: int
    column: int
    function: str


class Evaluator:
    """One run of one file. A step of `max_steps` is a statement that begins."""

    def __init__(self, file: File, max_steps: int, max_call_depth: int, max_memory: int, output: Output):
        self.memory = CountedMemory(max_memory, max_call_depth)
        self.output = output
        self.max_steps = self.steps_left = max_steps
        self.bodies: dict[str, Executed] = {}
        self.functions = {function.name: function for function in reversed(file.functions)}
        self.function = file.top.name  # whose statements are being made
        self.defaults: dict[str, list[Evaluated]] = {}
        for function in self.functions.values():
            self.function = function.name
            self.defaults[function.name] = [
                self.expression(Literal(None, "empty") if item.default is None else item.default)
                for item in function.inputs
            ]
            self.bodies[function.name] = self.block(function.body)
        self.function = file.top.name
        self.top, self.top_slots = self.block(file.top.body), file.top.slots

    def run(self) -> Value:
        """The result of the program; fails with a `Fault` that has a `where`."""
        variables = [None] * self.top_slots
        self.memory.frames.append(variables)
        ended = self.top(variables)
        return ended[0] if ended else None

    def where(self, at: tuple[int, int]) -> Where:
        return Where(*at, self.function)

    # --- Expressions ---

    def expression(self, node: Expression) -> Evaluated:
        return _EXPRESSIONS[type(node)](self, node)

    def literal(self, node: Literal) -> Evaluated:
        value = String(node.value, is_constant=True) if type(node.value) is str else node.value
        return lambda variables: value

    def name(self, node: Name) -> Evaluated:
        slot = node.slot
        return lambda variables: variables[slot]

    def chain(self, node: Chain) -> Evaluated:
        if node.steps[0].operator in ("and", "or"):
            return self.logic(node)
        first = self.expression(node.first)
        steps = [
            (self.binary(step.operator, step.joins), self.expression(step.operand), self.where(step.at))
            for step in node.steps
        ]
        if len(steps) == 1:
            [(act, operand, where)] = steps

            def single(variables):
                left = first(variables)
                right = operand(variables)
                try:
                    return act(left, right)
                except Fault as fault:
                    raise at(fault, where)

            return single

        def several(variables):
            left = first(variables)
            for act, operand, where in steps:
                right = operand(variables)
                try:
                    left = act(left, right)
                except Fault as fault:
                    raise at(fault, where)
            return left

        return several

    def logic(self, node: Chain) -> Evaluated:
        """The left side first, and no more than what decides (rule ShortCircuit)."""
        decides = node.steps[0].operator == "or"
        operands = [self.expression(node.first), *(self.expression(step.operand) for step in node.steps)]

        def evaluate(variables):
            for operand in operands:
                if truthy(operand(variables)) == decides:
                    return decides
            return not decides

        return evaluate

    def binary(self, operator: str, joins: bool) -> Callable[[Value, Value], Value]:
        memory = self.memory
        if operator == "plus":
            act = operations.concat_str if joins else operations.add
            return lambda left, right: act(memory, left, right)
        if operator == "power":
            return self.one_call_deeper(meaning.power)
        return _BINARY[operator]

    def one_call_deeper(self, act: Callable[..., Value]) -> Callable[..., Value]:
        """What takes one level of calls while it works (rule CallDepth)."""
        memory = self.memory

        def deeper(*operands):
            memory.open_frame()
            result = act(*operands)
            memory.close_frame()
            return result

        return deeper

    def prefix(self, node: Prefix) -> Evaluated:
        operand, where, memory = self.expression(node.operand), self.where(node.at), self.memory
        act = function_of_operator(node.operator)
        if node.operator in ("names_of", "contents_of"):
            act = partial(act, memory)

        def evaluate(variables):
            value = operand(variables)
            try:
                return act(value)
            except Fault as fault:
                raise at(fault, where)

        return evaluate

    def conditional(self, node: Conditional) -> Evaluated:
        value, condition = self.expression(node.value), self.expression(node.condition)
        otherwise = self.expression(node.otherwise)
        return lambda variables: value(variables) if truthy(condition(variables)) else otherwise(variables)

    def item_of(self, node: ItemOf) -> Evaluated:
        place, whole, where = self.place(node.place), self.expression(node.whole), self.where(node.place.at)
        is_item = node.place.which == "item"  # its number stands before the list, and is evaluated before it

        def evaluate(variables):
            index = place(variables, None) if is_item else None
            list = whole(variables)
            if not is_item:
                index = place(variables, list)
            try:
                return operations.array_get(list, index)
            except Fault as fault:
                raise at(fault, where)

        return evaluate

    def place(self, node: Place) -> Callable[[Variables, Value], Value]:
        """The index from 0 that a place is; only the last place depends on the list."""
        where = self.where(node.at)
        if node.which not in ("item", "last"):
            number = ("first", "second", "third").index(node.which)
            return lambda variables, list: number
        position = self.expression(node.index) if node.which == "item" else None

        def evaluate(variables, list):
            value = position(variables) if position else None
            try:
                return operations.sub(value, 1) if position else operations.array_len(list) - 1
            except Fault as fault:
                raise at(fault, where)

        return evaluate

    def key_of(self, node: KeyOf) -> Evaluated:
        slot, key, where = node.named_list.slot, self.expression(node.key), self.where(node.named_list.at)

        def evaluate(variables):
            named_list = variables[slot]
            name = key(variables)
            try:
                return operations.dict_get(named_list, name)
            except Fault as fault:
                raise at(fault, where)

        return evaluate

    # --- Values that only Set gives ---

    def blank(self, node: Blank) -> Evaluated:
        memory = self.memory
        if node.is_named:
            return lambda variables: memory.dict({})
        return lambda variables: memory.array([])

    def list(self, node: List) -> Evaluated:
        items, memory = [self.expression(item) for item in node.items], self.memory
        return lambda variables: memory.array([item(variables) for item in items])

    def named_list(self, node: NamedList) -> Evaluated:
        items = [(String(key, is_constant=True), self.expression(value)) for key, value in node.items]
        memory = self.memory

        def evaluate(variables):
            entries = {}
            for key, value in items:
                own_key, _old = entries.get(key.text, (key, None))
                entries[key.text] = (own_key, value(variables))
            return memory.dict(entries)

        return evaluate

    # --- Statements ---

    def block(self, nodes: list[Statement]) -> Executed:
        statements = [self.statement(node) for node in nodes]

        def execute(variables):
            for statement in statements:
                ended = statement(variables)
                if ended is not None:
                    return ended
            return None

        return execute

    def statement(self, node: Statement) -> Executed:
        """The statement, its step counted and its own faults placed at its first word."""
        act, where = _STATEMENTS[type(node)](self, node), self.where(node.at)

        def execute(variables):
            self.steps_left -= 1
            try:
                if self.steps_left < 0:
                    raise Fault("StepLimitExceeded", limit=self.max_steps)
                return act(variables)
            except Fault as fault:
                raise at(fault, where)

        return execute

    def define(self, node: Define) -> Executed:
        if node.default is None:
            return lambda variables: None
        return self.store(node.variable.slot, self.expression(node.default))

    def set(self, node: Set) -> Executed:
        return self.store(node.variable.slot, self.expression(node.value))

    def store(self, slot: int, value: Evaluated) -> Executed:
        def execute(variables):
            found = variables[slot] = value(variables)
            if type(found) in OBJECTS:
                found.owners += 1

        return execute

    def call(self, node: Call) -> Executed:
        """Arguments in the order written, then the defaults that are needed, then the function's body."""
        function: Function = self.functions[node.function]
        name, slots, memory = function.name, function.slots, self.memory
        inputs = {item.variable.name: slot for slot, item in enumerate(function.inputs)}
        given = [
            (position if argument.input is None else inputs[argument.input], self.expression(argument.value))
            for position, argument in enumerate(node.arguments)
        ]
        # The defaults of a function that is not made yet are found when the call is made.
        missing = [slot for slot in inputs.values() if slot not in dict(given)]
        target = node.variable.slot if node.variable else None
        bodies, all_defaults, frames, where = self.bodies, self.defaults, memory.frames, self.where(node.at)

        def execute(variables):
            frame = [None] * slots
            for slot, argument in given:
                frame[slot] = argument(variables)
            for slot in missing:
                frame[slot] = all_defaults[name][slot](frame)
            for value in frame:
                if type(value) in OBJECTS:
                    value.owners += 1
            memory.open_frame()
            frames.append(frame)
            try:
                ended = bodies[name](frame)
            except RecursionError:  # `max_call_depth` is more than Python can nest
                raise at(Fault("StackOverflow"), where)
            frames.pop()
            memory.close_frame()
            if target is not None:
                value = variables[target] = ended[0] if ended else None
                if type(value) in OBJECTS:
                    value.owners += 1

        return execute

    def set_item(self, node: SetItem) -> Executed:
        slot, value, memory = node.variable.slot, self.expression(node.value), self.memory
        place = self.place(node.place)

        def execute(variables):
            index = place(variables, variables[slot])
            item = value(variables)
            change(variables, slot, operations.array_set(memory, variables[slot], index, item))

        return execute

    def set_key(self, node: SetKey) -> Executed:
        slot, memory = node.variable.slot, self.memory
        key, value = self.expression(node.key), self.expression(node.value)

        def execute(variables):
            name = key(variables)
            item = value(variables)
            change(variables, slot, operations.dict_set(memory, variables[slot], name, item))

        return execute

    def say(self, node: Say) -> Executed:
        value, memory, output = self.expression(node.value), self.memory, self.output
        return lambda variables: operations.debug_print(memory, output, value(variables))

    def give_back(self, node: GiveBack) -> Executed:
        value = self.expression(node.value)
        return lambda variables: (value(variables),)

    def evaluate(self, node: Evaluate) -> Executed:
        value = self.expression(node.value)

        def execute(variables):
            value(variables)

        return execute

    def if_(self, node: If) -> Executed:
        branches = [(self.expression(condition), self.block(block)) for condition, block in node.branches]
        otherwise = self.block(node.otherwise)

        def execute(variables):
            for condition, block in branches:
                if truthy(condition(variables)):
                    return block(variables)
            return otherwise(variables)

        return execute

    def while_(self, node: While) -> Executed:
        condition, block = self.expression(node.condition), self.block(node.block)

        def execute(variables):
            while truthy(condition(variables)):  # its block has a statement, and so each turn a step
                ended = block(variables)
                if ended is not None:
                    return ended
            return None

        return execute

    def for_each(self, node: ForEach) -> Executed:
        """The list is held, so that whoever changes it changes a copy (rule ForEach)."""
        slot, items, block = node.variable.slot, self.expression(node.items), self.block(node.block)

        def execute(variables):
            list = items(variables)
            operations.array_len(list)  # fails for all but a list
            list.owners += 1
            for item in list.elements:
                variables[slot] = item
                hold(item)
                ended = block(variables)
                if ended is not None:
                    return ended
            list.owners -= 1
            return None

        return execute

    def add(self, node: Add) -> Executed:
        slot, item, memory = node.variable.slot, self.expression(node.item), self.memory

        def execute(variables):
            value = item(variables)
            change(variables, slot, meaning.add(memory, variables[slot], value))

        return execute

    def remove(self, node: Remove) -> Executed:
        slot, item, memory = node.variable.slot, self.expression(node.item), self.memory
        from_list = self.one_call_deeper(meaning.remove)

        def execute(variables):
            value = item(variables)
            act = operations.dict_remove if type(variables[slot]) is Dict else from_list
            change(variables, slot, act(memory, variables[slot], value))

        return execute

    def remove_item(self, node: RemoveItem) -> Executed:
        slot, memory, act = node.variable.slot, self.memory, self.one_call_deeper(meaning.remove_item)
        place = self.place(node.place)

        def execute(variables):
            index = place(variables, variables[slot])
            change(variables, slot, act(memory, variables[slot], index))

        return execute

    def insert(self, node: Insert) -> Executed:
        slot, item, position = node.variable.slot, self.expression(node.item), self.expression(node.position)
        memory, act = self.memory, self.one_call_deeper(meaning.insert)

        def execute(variables):
            value = item(variables)
            place = position(variables)
            change(variables, slot, act(memory, variables[slot], value, place))

        return execute

    def clear(self, node: Clear) -> Executed:
        slot, memory = node.variable.slot, self.memory
        return lambda variables: change(variables, slot, meaning.clear(memory, variables[slot]))


def at(fault: Fault, where: Where) -> Fault:
    """The fault, placed, unless what stands further inside placed it already."""
    if not hasattr(fault, "where"):
        fault.where = where
    return fault


def change(variables: Variables, slot: int, changed: Value) -> None:
    """Puts a changed list into its variable; it is another one where it had to be copied."""
    if variables[slot] is not changed:
        variables[slot] = changed
        hold(changed)


def function_of_operator(operator: str) -> Callable | None:
    """The function that is the meaning of an operator; and and or have none, for they evaluate as they go."""
    others = {
        "plus": operations.add,
        "power": meaning.power,
        "negative": operations.neg,
        "not": operations.not_,
        "names_of": operations.dict_keys,
        "contents_of": operations.dict_values,
    }
    return others.get(operator) or _BINARY.get(operator)


class CountedMemory(Memory):
    """What is live is counted anew when the limit seems reached, for nothing is freed in between.

    So which statement runs out of memory is not the same as on the machine.
    """

    def __init__(self, max_memory: int, max_call_depth: int):
        super().__init__(max_memory, max_call_depth)
        self.frames: list[Variables] = []

    def require(self, size: int) -> None:
        if self.used + size > self.max_memory:
            self.used = self.live()
            super().require(size)

    def charge(self, size: int) -> None:
        if self.used + size > self.max_memory:
            self.used = self.live()
        super().charge(size)

    def drop(self, value: Value) -> None:
        """Nothing: see above."""

    def live(self) -> int:
        """What all variables hold costs, each object once."""
        met: dict[int, Value] = {}
        pending = [value for frame in self.frames for value in frame]
        while pending:
            value = pending.pop()
            if type(value) in OBJECTS and id(value) not in met:
                met[id(value)] = value
                pending += [*keys(value), *parts(value)]
        return sum(value.cost for value in met.values())


_BINARY = {
    "equal": operations.eq,
    "unequal": operations.neq,
    "strictly_equal": meaning.strictly_equal,
    "strictly_unequal": meaning.strictly_unequal,
    "greater": operations.gt,
    "less": operations.lt,
    "greater_or_equal": operations.gte,
    "less_or_equal": operations.lte,
    "has": operations.dict_contains,
    "minus": operations.sub,
    "times": operations.mul,
    "divided": operations.div,
}

_EXPRESSIONS = {
    Literal: Evaluator.literal,
    Name: Evaluator.name,
    Chain: Evaluator.chain,
    Prefix: Evaluator.prefix,
    Conditional: Evaluator.conditional,
    ItemOf: Evaluator.item_of,
    KeyOf: Evaluator.key_of,
    Blank: Evaluator.blank,
    List: Evaluator.list,
    NamedList: Evaluator.named_list,
}

_STATEMENTS = {
    Define: Evaluator.define,
    Set: Evaluator.set,
    Call: Evaluator.call,
    SetItem: Evaluator.set_item,
    SetKey: Evaluator.set_key,
    Say: Evaluator.say,
    GiveBack: Evaluator.give_back,
    Evaluate: Evaluator.evaluate,
    If: Evaluator.if_,
    While: Evaluator.while_,
    ForEach: Evaluator.for_each,
    Add: Evaluator.add,
    Remove: Evaluator.remove,
    RemoveItem: Evaluator.remove_item,
    Insert: Evaluator.insert,
    Clear: Evaluator.clear,
}
