#!/usr/bin/env python3
"""Writes NAME.mdasm from NAME.py, in the shape that the public compiler gives to its code at its default level, -O2.

    python3 benches/kernels/lower.py            writes what is stale
    python3 benches/kernels/lower.py --check    says what is stale, and fails if anything is

What that shape is, as `mdvm dis conformance/corpus/*.o2.mdbc` shows it:

- A variable that is read is first moved to a register of its own; every register but those of variables is written once.
- A constant is loaded right before its use, into a register after all others; so is the name of the function that is called.
- A condition is `jump_if` to what happens when it holds, then `jump` to what else does, which follows. Loops are entered
  by a `jump` to the next instruction.
- `and` and `or` are instructions, which see both their sides.
- What is in a part of a container is changed by getting the part, changing that, and setting it.
- Appending to an array is `array_len`, into register 255, and `array_set` at that length.

In two things it differs, because what the compiler does there loses the program's changes: a variable that changes in a loop
keeps one register, to which a `move` brings its new value, and arrays and dicts are read and changed in the register of
their variable, not in a copy. Kernels that the compiler gets right are compiled by it instead, from NAME.md, and not written here.

What is understood of Python is what the kernels use; anything else is refused with its line.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

FOLDER = Path(__file__).resolve().parent
LENGTH_REGISTER = 255
ENTRY = "kernel"

ARITHMETIC = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "div", ast.Mod: "mod"}
COMPARISONS = {ast.Eq: "eq", ast.NotEq: "neq", ast.Lt: "lt", ast.LtE: "lte", ast.Gt: "gt", ast.GtE: "gte"}
LOGIC = {ast.And: "and", ast.Or: "or"}


def main() -> None:
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for source in sorted(FOLDER.glob("*.py")):
        if source.name == Path(__file__).name or source.with_suffix(".md").exists():
            continue
        text = lower_file(source)
        target = source.with_suffix(".mdasm")
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(target.name)
            if not check:
                target.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name} is stale" if check else f"wrote {name}")
    if check and stale:
        sys.exit("error: run python3 benches/kernels/lower.py")


def lower_file(source: Path) -> str:
    text = source.read_text(encoding="utf-8")
    tree = ast.parse(text, source.name)
    header = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    summary = (ast.get_docstring(tree) or "").replace("\n", "\n; ")
    lines = [f"; {summary}"]
    lines += [f"; {line}" for line in header]
    lines.append(f'; Written from {source.name} by "python3 benches/kernels/lower.py". Do not edit.')
    lines.append(f'.module "{source.stem}"')
    default = int(next(line for line in header if line.startswith("full:")).split("=")[1].split()[0])
    # The main program: the one function, called with n.
    lines += instructions(
        [
            f'load_const r3, "{ENTRY}"',
            f"load_const r4, {default}  ; n",
            "call r3, r0, (r4)",
            "move r1, r0",
            "debug_print r1",
            "move r2, r0",
            "return r2",
        ]
    )
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names = {function.name for function in functions}
    labels = 0
    for function in functions:
        lowered = Function(source.name, names, labels)
        lines.append(f".func {function.name}")
        lines += instructions(lowered.lower(function))
        labels = lowered.labels
    return "\n".join(lines) + "\n"


def instructions(texts: list[str]) -> list[str]:
    return [text if text.endswith(":") else f"    {text}" for text in texts]


@dataclass
class Block:
    label: str
    code: list[tuple[str, ...]] = field(default_factory=list)
    # Where it goes on: the block that follows at once comes first.
    next: list["Block"] = field(default_factory=list)


class Function:
    """One function on its way to assembly. Registers are names until `registers` gives them numbers."""

    def __init__(self, file: str, functions: set[str], labels: int) -> None:
        self.file = file
        self.functions = functions
        self.labels = labels
        self.variables: list[str] = []
        self.temporaries: list[str] = []
        self.late: list[str] = []
        self.globals: set[str] = set()
        self.texts: set[str] = set()
        self.dicts: set[str] = set()
        self.first = self.block = Block("")

    def refuse(self, node: ast.AST, what: str) -> NoReturn:
        sys.exit(f"error: {self.file}:{getattr(node, 'lineno', '?')}: {what} is not understood")

    def lower(self, function: ast.FunctionDef) -> list[str]:
        for argument in function.args.args:
            self.variables.append(argument.arg)
        for statement in function.body:
            self.statement(statement)
        if not self.ended():
            self.emit("return")
        return self.text()

    # Code

    def emit(self, *parts: str) -> None:
        if not self.ended():
            self.block.code.append(parts)

    def ended(self) -> bool:
        return bool(self.block.code) and self.block.code[-1][0] in ("return", "jump")

    def new_block(self) -> Block:
        self.labels += 1
        return Block(f"L{self.labels}")

    def temporary(self) -> str:
        self.temporaries.append(f"%t{len(self.temporaries)}")
        return self.temporaries[-1]

    def constant(self, value: object) -> str:
        text = literal(value)
        register = f"%c{text}"
        if register not in self.late:
            self.late.append(register)
        self.emit("load_const", register, text)
        return register

    def jump(self, block: Block) -> None:
        if not self.ended():
            self.emit("jump", block.label)
            self.block.next = [block]

    def branch(self, condition: str, then: Block, otherwise: Block) -> None:
        self.emit("jump_if", condition, then.label)
        self.emit("jump", otherwise.label)
        self.block.next = [otherwise, then]

    # Statements

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Global(names=names):
                self.globals.update(names)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                registers = [self.value(value) for value in values]
                for target, register in zip(targets, registers, strict=True):
                    self.assign(target, register)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(ast.List([item]), ast.Mult(), count)):
                self.filled(name, item, count)
            case ast.Assign(targets=[target], value=value):
                self.note_kind(target, value)
                self.assign(target, self.value(value))
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                read = ast.copy_location(ast.Name(name, ast.Load()), node)
                self.assign(target, self.value(ast.copy_location(ast.BinOp(read, op, value), node)))
            case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name), slice=place) as target, op=op, value=value):
                where = self.value(place)
                old = self.temporary()
                self.emit(self.get_opcode(name), old, self.container(name), where)
                new = self.temporary()
                self.emit(ARITHMETIC[type(op)], new, old, self.value(value))
                self.emit(self.set_opcode(name), self.container(name), where, new)
            case ast.Return(value=None):
                self.emit("return")
            case ast.Return(value=value):
                self.emit("return", self.value(value))
            case ast.If(test=test, body=body, orelse=orelse):
                then, after = self.new_block(), self.new_block()
                otherwise = self.new_block() if orelse else after
                self.branch(self.value(test), then, otherwise)
                if orelse:
                    self.run(otherwise, orelse, after)
                self.run(then, body, after)
                self.block = after
            case ast.While(test=test, body=body, orelse=[]):
                head = self.new_block()
                self.jump(head)
                self.block = head
                self.loop(head, lambda: self.value(test), body, None)
            case ast.For(
                target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=bounds), body=body, orelse=[]
            ):
                self.counted(name, bounds, body)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item])):
                value = self.value(item)
                array = self.container(name)
                self.emit("array_len", f"r{LENGTH_REGISTER}", array)
                self.emit("array_set", array, f"r{LENGTH_REGISTER}", value)
                if name in self.globals:
                    self.emit("store_global", array, literal(name))
            case ast.Expr(value=ast.Call() as call):
                self.value(call)
            case _:
                self.refuse(node, type(node).__name__)

    def run(self, block: Block, body: list[ast.stmt], after: Block) -> None:
        self.block = block
        for statement in body:
            self.statement(statement)
        self.jump(after)

    def loop(self, head: Block, test, body: list[ast.stmt], step) -> None:
        inside, after = self.new_block(), self.new_block()
        self.branch(test(), inside, after)
        self.block = inside
        for statement in body:
            self.statement(statement)
        if step:
            step()
        self.jump(head)
        self.block = after

    def counted(self, name: str, bounds: list[ast.expr], body: list[ast.stmt]) -> None:
        """`for name in range(…)`, as the loop with `while` that it stands for."""
        first, last, step = (
            (ast.Constant(0), bounds[0], ast.Constant(1)) if len(bounds) == 1 else (*bounds, ast.Constant(1))[:3]
        )
        down = isinstance(step, ast.UnaryOp)
        limit: str | None = None
        if not isinstance(last, (ast.Constant, ast.Name)):
            limit = f"{name}.limit{self.labels}"
            self.assign(ast.Name(limit), self.value(last))
        start = self.value(first)
        self.assign(ast.Name(name), start)
        head = self.new_block()
        self.jump(head)
        self.block = head

        def test() -> str:
            left = self.read(name)
            right = self.read(limit) if limit else self.value(last)
            result = self.temporary()
            self.emit("gt" if down else "lt", result, left, right)
            return result

        def next_value() -> None:
            old = self.read(name)
            new = self.temporary()
            self.emit("add", new, old, self.value(step))
            self.assign(ast.Name(name), new)

        self.loop(head, test, body, next_value)

    def filled(self, name: str, item: ast.expr, count: ast.expr) -> None:
        """`name = [item] * count`: an array of empties, and a loop that fills it."""
        size = f"{name}.size"
        self.assign(ast.Name(size), self.value(count))
        array = self.temporary()
        self.emit("new_array", array, self.read(size))
        self.assign(ast.Name(name), array)
        place = ast.Subscript(ast.Name(name), ast.Name(f"{name}.fill"))
        self.counted(f"{name}.fill", [ast.Name(size)], [ast.Assign([place], item)])

    def assign(self, target: ast.expr, register: str) -> None:
        match target:
            case ast.Name(id=name) if name in self.globals:
                self.emit("store_global", register, literal(name))
            case ast.Name(id=name):
                if name not in self.variables:
                    self.variables.append(name)
                self.emit("move", name, register)
            case ast.Subscript(value=ast.Name(id=name), slice=place):
                container = self.container(name)
                self.emit(self.set_opcode(name), container, self.value(place), register)
                if name in self.globals:
                    self.emit("store_global", container, literal(name))
            case ast.Subscript(value=ast.Subscript(value=ast.Name(id=name), slice=outer), slice=inner):
                container = self.container(name)
                where = self.value(outer)
                part = self.result(self.get_opcode(name), container, where)
                self.emit("array_set", part, self.value(inner), register)
                self.emit(self.set_opcode(name), container, where, part)
                if name in self.globals:
                    self.emit("store_global", container, literal(name))
            case _:
                self.refuse(target, "this target")

    def note_kind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            if isinstance(value, ast.Dict):
                self.dicts.add(target.id)
            elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.texts.add(target.id)

    def get_opcode(self, name: str) -> str:
        return "dict_get" if name in self.dicts else "array_get"

    def set_opcode(self, name: str) -> str:
        return "dict_set" if name in self.dicts else "array_set"

    # Expressions

    def read(self, name: str) -> str:
        register = self.temporary()
        if name in self.globals:
            self.emit("load_global", register, literal(name))
        else:
            self.emit("move", register, name)
        return register

    def container(self, name: str) -> str:
        return self.read(name) if name in self.globals else name

    def value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return self.constant(value)
            case ast.Name(id=name) if name in self.functions and name not in self.variables:
                # A function is called by its name, so that is what is kept of it.
                return self.constant(name)
            case ast.Name(id=name):
                return self.read(name)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if isinstance(value, (int, float)):
                return self.constant(-value)
            case ast.UnaryOp(op=ast.USub() | ast.Not() as op, operand=operand):
                read = self.value(operand)
                return self.result("neg" if isinstance(op, ast.USub) else "not", read)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return self.pair(ARITHMETIC[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return self.pair(COMPARISONS[type(op)], left, right)
            case ast.BoolOp(op=op, values=[first, *rest]):
                result = self.value(first)
                for other in rest:
                    read = self.value(other)
                    result = self.result(LOGIC[type(op)], result, read)
                return result
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]) if name in self.texts:
                return self.result("str_len", self.read(name))
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
                return self.result("dict_len" if name in self.dicts else "array_len", self.container(name))
            case ast.Call(func=ast.Name(id="str"), args=[argument]):
                read = self.value(argument)
                return self.result("cast", read, "string")
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in self.functions:
                reads = [self.value(argument) for argument in arguments]
                register = f"%f{len(self.late)}"
                self.late.append(register)
                self.emit("load_const", register, literal(name))
                result = self.temporary()
                self.emit("call", register, result, "(", *reads, ")")
                return result
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in self.variables:
                reads = [self.value(argument) for argument in arguments]
                function = self.read(name)
                result = self.temporary()
                self.emit("call", function, result, "(", *reads, ")")
                return result
            case ast.Subscript(value=ast.Name(id=name), slice=place):
                where = self.value(place)
                return self.result(self.get_opcode(name), self.container(name), where)
            case ast.Subscript(value=ast.Subscript() as outer, slice=place):
                where = self.value(place)
                return self.result("array_get", self.value(outer), where)
            case ast.List(elts=items):
                size = self.constant(len(items))
                array = self.result("new_array", size)
                for index, item in enumerate(items):
                    element = self.value(item)
                    self.emit("array_set", array, self.constant(index), element)
                return array
            case ast.Dict(keys=[]):
                return self.result("dict_new")
            case _:
                self.refuse(node, ast.unparse(node))

    def pair(self, opcode: str, left: ast.expr, right: ast.expr) -> str:
        first = self.value(left)
        second = self.value(right)
        return self.result(opcode, first, second)

    def result(self, opcode: str, *operands: str) -> str:
        register = self.temporary()
        self.emit(opcode, register, *operands)
        return register

    # Text

    def text(self) -> list[str]:
        """The blocks, each followed by the one it falls to where that has not been written before."""
        numbers = self.registers()
        texts: list[str] = []
        written: set[str] = set()
        waiting = [self.first]
        while waiting:
            block = waiting.pop()
            if block.label in written:
                continue
            written.add(block.label)
            if block.label:
                texts.append(f"{block.label}:")
            for opcode, *operands in block.code:
                texts.append(line(opcode, [numbers.get(operand, operand) for operand in operands]))
            waiting.extend(reversed(block.next))
        return texts

    def registers(self) -> dict[str, str]:
        used = [*self.variables, *self.temporaries, *self.late]
        if len(used) > LENGTH_REGISTER:
            # The compiler has no other way either; none of the kernels comes here, which `main` would show.
            sys.exit(f"error: {self.file}: {len(used)} registers are needed and there are {LENGTH_REGISTER}")
        return {name: f"r{number}" for number, name in enumerate(used)}


def line(opcode: str, operands: list[str]) -> str:
    if opcode == "call":
        return f"call {operands[0]}, {operands[1]}, ({', '.join(operands[3:-1])})"
    return f"{opcode} {', '.join(operands)}".rstrip()


def literal(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            sys.exit(f"error: {value!r} is no constant")


if __name__ == "__main__":
    main()
