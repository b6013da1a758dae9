"""The command line: run a module or a program, check a program, serve the conformance runner, or explain something."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import textwrap
from typing import Any, NoReturn

from ._tables import ERRORS, OPCODES, RUN_LIMITS, TYPE_RULES
from .decode import decode
from .errors import Fault, InvalidInput
from .escape import visible, visible_json
from .language import command as language
from .json_text import parse
from .machine import Machine, check_run_limits
from .operations import operation
from .outcome import load_error_json, outcome_json, set_globals
from .serve import serve

FINE, PROGRAM_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """examples:
  python3 -m mdvm_reference run program.mdbc
  python3 -m mdvm_reference run program.mdbc --json --max-steps 1000 --global 'name="Ada"'
  python3 -m mdvm_reference run program.md
  python3 -m mdvm_reference check program.md
  python3 -m mdvm_reference explain div
  python3 -m mdvm_reference explain Joining
"""


def main() -> int:
    arguments = _arguments()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        status = arguments.command(arguments)
        sys.stdout.flush()
        return status
    except OSError as error:
        # What is still buffered goes nowhere, or Python would complain about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # that only says that nobody reads on
            _complain(Fault("OutputFailed", reason=error.strerror).message, PROGRAM_FAILED)
        return PROGRAM_FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(visible(message))  # it repeats what was typed, such as names of files


def _arguments() -> argparse.Namespace:
    parser = _Parser(
        prog="mdvm_reference",
        description="The reference interpreter of Machine Dialect: its bytecode and its programs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a module or a program and show what it prints")
    run.add_argument("file", metavar="FILE", help="a .mdbc file, a program in .md, or - for a module on stdin")
    run.add_argument("--json", action="store_true", help="show the outcome as JSON instead")
    for limit, (default, error) in RUN_LIMITS.items():
        shown = "no limit" if default is None else str(default)
        option = f"--{limit.replace('_', '-')}"
        run.add_argument(option, type=int, metavar="N", help=f"fail with {error} beyond ({shown})")
    run.add_argument("--global", action="append", default=[], dest="globals", metavar="NAME=JSON", help="set a global")
    run.set_defaults(command=_run)

    checker = commands.add_parser("check", help="say what is wrong with a program")
    checker.add_argument("file", metavar="FILE", help="a program in .md")
    checker.set_defaults(command=lambda arguments: language.check(arguments.file))

    plug = commands.add_parser("serve", help="answer the conformance runner, in JSON Lines")
    plug.add_argument("--views", action="store_true", help="tell with each answer which lines it reached, and for what (slow)")
    plug.set_defaults(command=lambda arguments: serve(sys.stdin.buffer, sys.stdout.buffer, arguments.views) or FINE)

    explain = commands.add_parser("explain", help="say what an opcode, or something of the language, means")
    explain.add_argument(
        "subject", metavar="SUBJECT", help="such as div, for_each, divided, Joining, MissingPeriod or 'is at least'"
    )
    explain.set_defaults(command=_explain)
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> int:
    limits = {limit: getattr(arguments, limit) for limit in RUN_LIMITS}
    try:
        check_run_limits(limits)
        if language.is_source(arguments.file):
            if arguments.globals:
                raise InvalidInput("--global is for modules: a program of the language has no globals")
            return language.run(arguments.file, limits, arguments.json)
        initial = dict(_global(given) for given in arguments.globals)
        module = decode(_read(arguments.file))
    except Fault as fault:
        if arguments.json:
            print(visible_json(load_error_json(fault)))
        return _complain(fault.message, BAD_INPUT)
    except InvalidInput as error:
        return _complain(str(error), BAD_INPUT)
    except OSError as error:
        return _complain(f"{arguments.file}: {error.strerror}", BAD_INPUT)

    printed: list[str] = []
    machine = Machine(module, limits, printed.append if arguments.json else sys.stdout.write)
    try:
        set_globals(machine, initial)
    except InvalidInput as error:
        return _complain(str(error), BAD_INPUT)
    end = machine.run()
    if arguments.json:
        print(visible_json(outcome_json(machine, end, "".join(printed))))
    machine.discard()
    if end.fault is None:
        return FINE
    sys.stdout.flush()
    return _complain(f"{end.fault.message} (at instruction {end.pc}, in function {end.function})", PROGRAM_FAILED)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    with open(file, "rb") as opened:
        return opened.read()


def _global(given: str) -> tuple[str, Any]:
    name, equals, data = given.partition("=")
    if not equals:
        raise InvalidInput(f"--global {given} is not NAME=JSON")
    try:
        return name, parse(data)
    except ValueError as error:
        raise InvalidInput(f"--global {name}: {error}") from None


def _explain(arguments: argparse.Namespace) -> int:
    """Shows what the specification declares of an opcode, and the function that is its meaning; or of the language."""
    numbers = {mnemonic: number for number, (_name, mnemonic, *_rest) in OPCODES.items()}
    of_language = language.explanation(arguments.subject)
    if of_language:
        print(of_language, end="")
    if arguments.subject not in numbers:
        if of_language:
            return FINE
        there_are = f"the opcodes are {', '.join(numbers)}; of the language, {', '.join(language.subjects())}"
        return _complain(f"nothing is called {arguments.subject}: {there_are}", BAD_INPUT)
    if of_language:
        print()
    number = numbers[arguments.subject]
    name, mnemonic, summary, operands, _flow, _effects, errors = OPCODES[number]
    print(f"{mnemonic} ({name}, opcode {number})")
    print(f"    {summary}")
    print("\nOperands")
    for operand in [f"{operand}: {role}" for operand, role in operands] or ["none"]:
        print(f"    {operand}")
    print("\nTypes, the first that matches")
    for rule in TYPE_RULES[number]:
        print(f"    {rule}")
    print("\nErrors")
    shown = [f"{kind}: {message}" for kind, message, _fields in ERRORS.values() if kind in errors]
    for error in shown or ["none"]:
        print(f"    {error}")
    print("\nMeaning")
    print(textwrap.indent(inspect.getsource(operation(number)), "    "), end="")
    return FINE


def _complain(problem: str, status: int) -> int:
    print(f"error: {visible(problem)}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
