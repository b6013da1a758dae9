"""The command line: run, show and check modules, and a REPL."""

from __future__ import annotations

import argparse
import os
import sys

from ._spec import Limits
from .reference.escape import visible, visible_json, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ._native import Module

FINE, PROGRAM_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

EXAMPLES = """\
FILE is a module (.mdbc), assembly (.mdasm), Machine Dialect (.md, with the public compiler), or - for standard input.

examples:
  python -m machine_dialect_vm run program.mdbc
  python -m machine_dialect_vm run program.mdasm --json --max-steps 1000 --global 'name="Ada"'
  python -m machine_dialect_vm dis program.mdbc
  python -m machine_dialect_vm check one.mdbc two.mdbc
  python -m machine_dialect_vm repl
"""


class Refused(Exception):
    """What was asked for cannot be done; the text says why."""


def main(arguments: list[str] | None = None) -> int:
    """Does what the arguments say; gives the exit code: 0 fine, 1 the program failed, 2 the module or the usage was bad."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8")
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.command(parsed)
        sys.stdout.flush()
        return status
    except Refused as error:
        return _complain(str(error), BAD_INPUT)
    except BrokenPipeError:
        # Nobody reads on, which is the reader's choice. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        return _complain(str(error), BAD_INPUT)
    except OSError as error:
        return _complain(f"cannot write output: {error.strerror}", PROGRAM_FAILED)


class _Parser(argparse.ArgumentParser):
    """Repeats what was typed, which may be names of files that others chose, with what is not plainly visible escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(visible(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="machine_dialect_vm",
        description="Runs, shows and checks Machine Dialect modules.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a module; what it prints goes to standard output")
    run.add_argument("file", metavar="FILE")
    run.add_argument(
        "--json", action="store_true", help="print the outcome as JSON, instead of what the program prints"
    )
    for limit in Limits.__annotations__:
        run.add_argument(f"--{limit.replace('_', '-')}", type=int, metavar="N", help=f"the limit {limit} of the run")
    run.add_argument(
        "--global", action="append", default=[], dest="globals", metavar="NAME=JSON", help="give the program a global"
    )
    run.add_argument(
        "-O", dest="optimization", type=int, choices=range(4), default=0, help="that of the compiler, for .md"
    )
    run.set_defaults(command=_run)

    dis = commands.add_parser("dis", help="show a module as assembly")
    dis.add_argument("file", metavar="FILE")
    dis.set_defaults(command=_dis)

    check = commands.add_parser("check", help="check that modules load; one line each")
    check.add_argument("files", metavar="FILE", nargs="+")
    check.set_defaults(command=_check)

    repl = commands.add_parser("repl", help="type instructions and see what they do")
    repl.set_defaults(command=_repl)

    serve = commands.add_parser("serve", help="answer a conformance harness, in JSON Lines")
    serve.set_defaults(command=_serve)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from . import LoadError, RunError, run
    from ._plug import load_error_json, outcome_json

    variables = dict(_global(given) for given in arguments.globals)
    limits = {limit: getattr(arguments, limit) for limit in Limits.__annotations__}
    options: dict[str, Any] = {
        "globals": variables,
        "limits": {limit: value for limit, value in limits.items() if value is not None},
    }
    try:
        module = _read(arguments.file, arguments.optimization)
    except LoadError as error:
        if arguments.json:
            print(visible_json(load_error_json(error)))
            return BAD_INPUT
        raise Refused(f"{visible(arguments.file)}: {error.kind}: {visible(error.message)}") from None
    try:
        if arguments.json:
            outcome, _trace = outcome_json(module, stdout=[], **options)
            print(visible_json(outcome))
            return FINE if outcome.startswith('{"status": "ok"') else PROGRAM_FAILED
        run(module, stdout=_write, **options)
    except RunError as error:
        sys.stdout.flush()
        return _complain(f"{error.kind}: {str(error).partition(': ')[2]}", PROGRAM_FAILED)
    except (ValueError, OverflowError) as error:
        raise Refused(str(error)) from None
    return FINE


def _write(text: str) -> None:
    sys.stdout.write(text)
    if sys.stdout.isatty():
        sys.stdout.flush()


def _dis(arguments: argparse.Namespace) -> int:
    from . import LoadError

    try:
        print(_read(arguments.file).listing(), end="")
    except LoadError as error:
        raise Refused(f"{visible(arguments.file)}: {error.kind}: {visible(error.message)}") from None
    return FINE


def _check(arguments: argparse.Namespace) -> int:
    from . import LoadError

    status = FINE
    for file in arguments.files:
        try:
            module = _read(file)
            counts = (
                (len(module), "instruction"),
                (len(module.functions), "function"),
                (len(module.constants), "constant"),
            )
            print(f"{visible(file)}: ok ({', '.join(f'{count} {what}' + 's' * (count != 1) for count, what in counts)})")
        except LoadError as error:
            status = BAD_INPUT
            print(f"{visible(file)}: {error.kind}: {visible(error.message)}")
        except Refused as error:
            status = BAD_INPUT
            print(error)
    return status


def _repl(_arguments: argparse.Namespace) -> int:
    from .repl import main

    return main()


def _serve(_arguments: argparse.Namespace) -> int:
    from ._plug import serve

    serve(sys.stdin.buffer, sys.stdout.buffer)
    return FINE


def _read(file: str, optimization: int = 0) -> Module:
    """Reads a module. What a file is says its name, and where that does not, its beginning. Raises ``LoadError``."""
    from . import AssemblyError, Module
    from ._spec import MAGIC
    from .compiler import CompileError, compile_source

    try:
        if file == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:
                data = opened.read()
        name, extension = os.path.splitext(os.path.basename(file))
        if extension == ".md":
            return compile_source(data.decode(), name=name, optimization=optimization)
        if extension == ".mdasm" or (extension != ".mdbc" and not data.startswith(MAGIC) and b"\0" not in data):
            return Module.assemble(data.decode())
        return Module.from_bytes(data)
    except OSError as error:
        raise Refused(f"{visible(file)}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{visible(file)}: is no text: not UTF-8 at byte {error.start:#x}") from None
    except (AssemblyError, CompileError) as error:
        raise Refused(f"{visible(file)}: {visible_lines(str(error))}") from None


def _global(given: str) -> tuple[str, Any]:
    from ._json import from_json, parse

    name, equals, data = given.partition("=")
    if not equals:
        raise Refused(f"--global {visible(given)}: expected NAME=JSON, such as 'count=3' or 'name=\"World\"'")
    try:
        return name, from_json(parse(data))
    except ValueError as error:
        hint = "a string stands in quotes, as in 'name=\"World\"'"
        problem = f"--global {visible(name)}: {visible(data)} is no value ({visible(str(error))})"
        raise Refused(f"{problem}; {hint}") from None


def _complain(problem: str, status: int) -> int:
    print(f"error: {visible_lines(problem)}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
