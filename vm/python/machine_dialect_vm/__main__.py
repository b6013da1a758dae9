"""The command line, ``mdvm`` or ``python -m machine_dialect_vm``.

It is the command of the Rust crate, which the extension has in it, so the two have the same verbs, options, texts and exit codes. One
verb is this package's own: ``serve`` answers through its ``run``, so that a conformance harness sees what Python users get. Where the
extension cannot be loaded, ``repl`` is the one of ``machine_dialect_vm.repl``, on the reference interpreter.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    _Tiers = Literal["interpreter", "specialised", "eager-specialised", "eager-jit"]

FINE, BAD_INPUT, INTERRUPTED = 0, 2, 130
# What options of ``serve`` say, as ``tiers`` of ``run`` has it. The last four are from 0.1.
TIERS: dict[tuple[str, ...], _Tiers | None] = {
    (): None,
    ("--tier=auto",): None,
    ("--tier=jit",): None,
    ("--tier=interpreter",): "interpreter",
    ("--tier=specialised",): "specialised",
    ("--tier=specialised", "--jit=always"): "eager-specialised",
    ("--jit=always",): "eager-jit",
    ("--plain",): "interpreter",
    ("--portable",): "specialised",
    ("--fast",): "eager-specialised",
    ("--machine",): "eager-jit",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the arguments say; gives the exit code: 0 fine, 1 the program failed, 2 the module or the usage was bad."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    verb, options = (given[0], given[1:]) if given else ("", [])
    try:
        try:
            from ._native import command
        except ImportError:
            if verb != "repl" or options:
                raise
            from .repl import main as repl

            return repl()
        if verb == "serve" and tuple(options) in TIERS:
            return _serve(options)
        _let_ctrl_c_end()
        return command(["mdvm", *given])
    except BrokenPipeError:
        # Nobody reads on, which is the reader's choice. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        print(f"error: the compiled extension cannot be loaded: {error}", file=sys.stderr)
        print("`python -m machine_dialect_vm repl` works without it, on the reference interpreter.", file=sys.stderr)
        return BAD_INPUT


def _serve(options: list[str]) -> int:
    from ._plug import serve

    serve(sys.stdin.buffer, sys.stdout.buffer, TIERS[tuple(options)])
    return FINE


def _let_ctrl_c_end() -> None:
    """The command takes Ctrl-C itself, where it has something to end politely; Python would wait for it to come back."""
    import signal

    try:
        # What was started in the background ignores it, and goes on doing so.
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    except ValueError:
        pass  # this is not the main thread, so Ctrl-C is not for it


if __name__ == "__main__":
    sys.exit(main())
