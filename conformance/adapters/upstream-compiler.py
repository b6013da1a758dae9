"""The public compiler, `machine-dialect`, held against ours: where it takes a page, both must give the same output and end alike.

    bash conformance/adapters/upstream.sh compiler [--mdvm FILE] [--fix-ledger] [ID…]

The pages are those of the corpus and of the specification. The public compiler makes a module of each, without optimisation (its
optimiser is nondeterministic), and our machine runs both that and what our front end makes of the page. Its misreadings stand, each
with its reason, in a ledger that is strict both ways: a difference that is not in it fails, and so does a line that is no longer
true or names no page. A page that it refuses, or makes no module of that loads, is counted and not compared.

It needs `mdvm` (built with cargo where `--mdvm` names none). `--fix-ledger` brings the ledger in line with what was found.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LEDGER = ROOT / "conformance" / "known" / "machine-dialect-0.1.0a2.yaml"
# Folders with pages, and how ids of what is in them begin.
FOLDERS = {ROOT / "conformance" / "corpus": "programs/corpus/", ROOT / "spec" / "programs": "programs/"}
SECONDS = 30
# Its modules may run on without end.
LIMITS = {"max_steps": 50_000_000, "max_memory": 1 << 28, "max_output": 1 << 24}
# What is compared of an outcome. Messages name registers and values that depend on the code.
COMPARED = ("status", "kind", "result", "stdout")
UNEXPLAINED = "to be written"


class Refused(Exception):
    """The public compiler gives no module; the text says at which stage."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ids", metavar="ID", nargs="*", help="only these pages")
    parser.add_argument("--mdvm", metavar="FILE", help="our machine; built with cargo where it is not given")
    parser.add_argument("--fix-ledger", action="store_true", help="bring the ledger in line with what was found")
    arguments = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # What it makes of a page depends on the order of its sets.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    if arguments.fix_ledger and arguments.ids:
        parser.error("--fix-ledger needs all pages")
    pages = dict(read_pages())
    for name in arguments.ids:
        if name not in pages:
            parser.error(f"no page is called {name}")
    chosen = {name: pages[name] for name in arguments.ids} if arguments.ids else pages
    machine = Machine(arguments.mdvm or build())
    refused: Counter[str] = Counter()
    found: dict[str, dict[str, Any]] = {}
    for name, path in chosen.items():
        try:
            theirs = of_public_compiler(path, machine)
        except Refused as stage:
            refused[str(stage)] += 1
            continue
        ours = machine.run({"source": path.read_text(encoding="utf-8"), "name": path.name})
        found[name] = {"ours": summary(ours), "theirs": summary(theirs)}
    machine.end()
    return report(found, refused, set(pages), arguments)


def read_pages() -> Iterator[tuple[str, Path]]:
    """Every page, by its id."""
    for folder, prefix in FOLDERS.items():
        paths = sorted(folder.rglob("*.md"))
        if not paths:
            sys.exit(f"error: {folder} has no pages")
        for path in paths:
            yield prefix + path.relative_to(folder).with_suffix("").as_posix(), path


def build() -> str:
    """Our machine, built."""
    command = ["cargo", "build", "--quiet", "--package", "machine-dialect-vm", "--bin", "mdvm"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("error: mdvm cannot be built; name one with --mdvm")
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "mdvm")


class Machine:
    """`mdvm serve`."""

    def __init__(self, path: str) -> None:
        self.process = subprocess.Popen([path, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.requests, self.answers = self.process.stdin, self.process.stdout
        handshake = json.loads(self.answers.readline() or "{}")
        if not handshake.get("sources"):
            sys.exit(f"error: {path} serve takes no pages: {handshake}")

    def run(self, subject: dict[str, Any]) -> dict[str, Any]:
        """The outcome of a module or a page."""
        self.requests.write(json.dumps({"id": 1, **subject}) + "\n")
        self.requests.flush()
        answer: dict[str, Any] = json.loads(self.answers.readline() or '{"error": "it has died"}')
        if "outcome" not in answer:
            sys.exit(f"error: mdvm serve: {answer}")
        outcome: dict[str, Any] = answer["outcome"]
        return outcome

    def end(self) -> None:
        self.requests.close()
        self.process.wait()


def of_public_compiler(path: Path, machine: Machine) -> dict[str, Any]:
    """What the module that the public compiler makes of a page comes to."""
    module = compile_publicly(path)
    outcome = machine.run({"module": base64.b64encode(module).decode(), "limits": LIMITS})
    if outcome["status"] == "load_error":
        raise Refused("the module does not load")
    return outcome


def compile_publicly(path: Path) -> bytes:
    """The module that the public compiler makes of a page."""
    from machine_dialect.compiler.config import CompilerConfig, OptimizationLevel
    from machine_dialect.compiler.context import CompilationContext
    from machine_dialect.compiler.pipeline import CompilationPipeline

    config = CompilerConfig(optimization_level=OptimizationLevel(0))
    context = CompilationContext(source_path=path, config=config, source_content=path.read_text(encoding="utf-8"))

    def late(_signal: int, _frame: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            context = CompilationPipeline(config).compile(context)
            if context.has_errors() or context.bytecode_module is None:
                raise Refused("the page is refused")
            data: bytes = context.bytecode_module.serialize()
            return data
    except (Refused, KeyboardInterrupt):
        raise
    except TimeoutError:
        raise Refused("compiling does not end") from None
    except Exception as error:  # whatever a compiler raises that was not made to
        raise Refused(f"the compiler fails with {type(error).__name__}") from None
    finally:
        signal.alarm(0)


def summary(outcome: dict[str, Any]) -> dict[str, Any]:
    """What is compared of an outcome."""
    return {field: outcome[field] for field in COMPARED if field in outcome}


def report(
    found: dict[str, dict[str, Any]], refused: Counter[str], all_ids: set[str], arguments: argparse.Namespace
) -> int:
    """Holds what was found against the ledger; gives the exit code."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 1 << 16
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    ledger = yaml.load(LEDGER.read_text(encoding="utf-8"))
    differing = {name: both for name, both in found.items() if both["ours"] != both["theirs"]}
    chosen = set(arguments.ids or all_ids)
    problems, used = problems_of(differing, ledger["known"], all_ids, chosen)
    same = len(found) - len(differing)
    print(f"{len(found)} pages that the public compiler takes: {same} as ours, {len(differing)} known or new differences")
    for stage, count in refused.most_common():
        print(f"  {count} pages not compared: {stage}")
    if arguments.fix_ledger:
        fix(ledger, differing, used, yaml)
        return 0 if found else 1
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        print("error: nothing was compared", file=sys.stderr)
    return 1 if problems or not found else 0


def problems_of(
    differing: dict[str, dict[str, Any]], known: list[dict[str, Any]], all_ids: set[str], chosen: set[str]
) -> tuple[list[str], set[str]]:
    """Where what was found is not what the ledger says, and the names in it that say what was found."""
    problems, used = [], set()
    for name, both in differing.items():
        entry = entry_of(name, known)
        if entry is None:
            problems.append(f"{name}: not in the ledger\n{shown(both)}")
            continue
        used.add(entry["name"])
        gives = entry["gives"]
        if not gives or any(both["theirs"].get(field) != value for field, value in gives.items()):
            problems.append(f"{name}: the ledger says {json.dumps(gives)}\n{shown(both)}")
        if entry.get("why") in (None, "", UNEXPLAINED):
            problems.append(f"{name}: its line in the ledger has no reason")
    for entry in known:
        named = {name for name in all_ids if fnmatchcase(name, entry["name"])}
        if not named:
            problems.append(f"{entry['name']}: the ledger names no page")
        elif entry["name"] not in used and named <= chosen:
            problems.append(f"{entry['name']}: in the ledger, and nothing differs any more: delete its line")
    return problems, used


def entry_of(name: str, known: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The line of the ledger that speaks of a page; the very id wins over a pattern."""
    matching = [entry for entry in known if fnmatchcase(name, entry["name"])]
    return next((entry for entry in matching if entry["name"] == name), matching[0] if matching else None)


def shown(both: dict[str, Any]) -> str:
    return f"  ours:   {json.dumps(both['ours'])}\n  theirs: {json.dumps(both['theirs'])}"


def fix(ledger: Any, differing: dict[str, dict[str, Any]], used: set[str], yaml: Any) -> None:
    """Takes lines away that are no longer true, and adds one for each other difference; its reason is then to be written."""
    from ruamel.yaml.comments import CommentedMap

    known = ledger["known"]
    for index in reversed(range(len(known))):
        if known[index]["name"] not in used:
            del known[index]
    for name, both in differing.items():
        entry = entry_of(name, known)
        theirs = both["theirs"]
        gives = CommentedMap({field: value for field, value in theirs.items() if both["ours"].get(field) != value})
        gives.fa.set_flow_style()
        if entry is None:
            known.append(CommentedMap({"name": name, "gives": gives, "why": UNEXPLAINED}))
        elif any(theirs.get(field) != value for field, value in entry["gives"].items()):
            entry["gives"] = gives
    with LEDGER.open("w", encoding="utf-8") as file:
        yaml.dump(ledger, file)
    print(f"wrote {LEDGER}")


if __name__ == "__main__":
    sys.exit(main())
