"""Proves the wheel: builds it, installs it into a clean environment, and runs there all that can show a fault.

    python3 vm/tests/python/prove.py [--conform mdvm-conform] [--wheel FILE] [--keep FOLDER]

Its steps are in `main`. It needs Rust, Python 3.10 or newer with `venv`, and PyPI; what is missing fails, with the command that helps.
Standard library only, because it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
VM = HERE.parents[1]
# What people install next to it, as `requirements.txt` says why without its dependencies.
COMPILER = "machine-dialect==0.1.0a2"
# What fails in its own tests whatever machine is behind it.
KNOWN_FAILURES = HERE / "compiler-known-failures.txt"
# Both bounds are promises of the package.
MOST_WHEEL_BYTES = 3_000_000
MOST_IMPORT_SECONDS = 0.030


class Failed(Exception):
    """A step failed; the text says which and why."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--conform", metavar="FILE", help="the conformance runner; built with cargo where it is not given"
    )
    parser.add_argument("--wheel", metavar="FILE", help="prove this wheel instead of building one")
    parser.add_argument("--keep", metavar="FOLDER", help="make the environment here, and keep it")
    arguments = parser.parse_args()
    try:
        if sys.version_info < (3, 10):
            raise Failed(
                f"{sys.executable} is Python {sys.version.split()[0]}; name one from 3.10 on: MDVM_PYTHON=python3.12"
            )
        if arguments.keep:
            prove(Path(arguments.keep), arguments)
        else:
            with tempfile.TemporaryDirectory(prefix="mdvm-wheel-") as folder:
                prove(Path(folder), arguments)
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    return 0


def prove(folder: Path, arguments: argparse.Namespace) -> None:
    environment = folder / "environment"
    pip = "needs PyPI, or an index that PIP_INDEX_URL names"
    venv = "is venv there? On Debian and Ubuntu: apt install python3-venv"
    step("make a clean environment", [sys.executable, "-m", "venv", "--clear", environment], venv)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]

    def fill() -> None:
        step("install what the tests need", [*install, "--requirement", HERE / "requirements.txt"], pip)
        # First the compiler: its distribution has a stub in our package's folder, and ours takes its place.
        step("install the public compiler", [*install, "--no-deps", COMPILER], pip)

    def build() -> None:
        command = [python, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        hint = "needs Rust (https://rustup.rs), and PyPI for maturin"
        step("build the wheel", [*command, "--wheel-dir", folder, VM], hint)

    if arguments.wheel:
        wheel = Path(arguments.wheel)
        fill()
    else:
        together(build, fill)
        [wheel] = folder.glob("machine_dialect_vm-*.whl")
    step("install the wheel", [*install, "--no-deps", "--force-reinstall", wheel], pip)

    check_wheel(wheel)
    elsewhere = folder / "elsewhere"  # from here nothing of the source tree can be imported by mistake
    elsewhere.mkdir(exist_ok=True)
    check_import(python, elsewhere)
    together(
        lambda: run_tests(python, elsewhere),
        lambda: check_types(python, folder, elsewhere),
        lambda: check_compiler(python, folder, elsewhere),
        lambda: check_orders(wheel, folder, elsewhere),
    )
    # By themselves: the harness shares the cases among all processors.
    conform = [arguments.conform] if arguments.conform else ["cargo", "run", "--quiet", "-p", "mdvm-conform", "--"]
    plug = f"wheel='{python}' -m machine_dialect_vm serve"
    step("run the conformance suite through the wheel", [*conform, "run", "--impl", plug], cwd=VM.parent)
    step("let the harness look at the plug", [*conform, "doctor", "--impl", plug], cwd=VM.parent)


def together(*checks: Callable[[], None]) -> None:
    """Does what does not depend on each other, two at a time. A failure ends the proof, once what has begun has ended."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        begun = [pool.submit(check) for check in checks]
        try:
            for one in begun:
                one.result()
        except Failed:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_tests(python: Path, cwd: Path) -> None:
    """The tests of the package."""
    command = [python, "-m", "pytest", "--quiet", "-c", HERE / "pytest.ini", "--rootdir", HERE, HERE]
    step("run the tests", command, cwd=cwd)


def check_types(python: Path, folder: Path, cwd: Path) -> None:
    """The types of the package, of its tests and examples, and the stubs beside the extension."""
    configuration = HERE / "mypy.ini"
    mypy = [python, "-m", "mypy", "--cache-dir", folder / "mypy"]
    step("check types of the package", [*mypy, "--config-file", configuration, "-p", "machine_dialect_vm"], cwd=cwd)
    examples = VM / "python" / "examples"
    ours = [*sorted(HERE.glob("*.py")), *sorted(examples.glob("*.py"))]
    step("check types of the tests", [*mypy, "--config-file", configuration, *ours], cwd=HERE)
    stubtest = [python, "-m", "mypy.stubtest", "machine_dialect_vm", "--mypy-config-file", configuration]
    step("compare the stubs with the extension", stubtest, cwd=cwd)


def check_orders(wheel: Path, folder: Path, cwd: Path) -> None:
    """People install the package and the public compiler in either order. Both are there then, and pip has nothing to say."""
    (cwd / "hello.md").write_text('Say _"hello"_.\n')
    program = "import machine_dialect_vm as m; m.run(m.compile('Say _1_ + _2_.'))"
    for first, second in ((wheel, COMPILER), (COMPILER, wheel)):
        ours_first = first is wheel
        environment = folder / ("ours-first" if ours_first else "compiler-first")
        step(f"make a clean environment for {environment.name}", [sys.executable, "-m", "venv", "--clear", environment])
        scripts = environment / ("Scripts" if os.name == "nt" else "bin")
        pip = [scripts / "python", "-m", "pip"]
        for what in (first, second):
            step(f"install {Path(what).name}", [*pip, "install", "--quiet", what], "needs PyPI")
        step("let pip check", [*pip, "check"])
        for command, printed in (
            ([scripts / "mdvm", "run", "hello.md"], "hello\n"),
            ([scripts / "python", "-m", "machine_dialect_vm", "run", "hello.md"], "hello\n"),
            ([scripts / "machine-dialect", "compile", "hello.md", "-o", "hello.mdbc"], None),
            ([scripts / "machine-dialect", "run", "hello.mdbc"], "hello\n"),
            ([scripts / "python", "-c", program], "3\n"),
        ):
            done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
            if done.returncode or printed not in (None, done.stdout):
                raise Failed(f"{environment.name}: {command} gives {done.returncode}: {done.stdout}{done.stderr}")


def check_compiler(python: Path, folder: Path, cwd: Path) -> None:
    """The public compiler's own tests, of which those fail that fail with the package that the wheel replaces, and no other."""
    source = [
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    step("fetch the public compiler's tests", [*source, "--dest", folder, COMPILER], "needs PyPI")
    [archive] = folder.glob("machine_dialect-*.tar.gz")
    with tarfile.open(archive) as opened:
        for member in opened:
            if member.isfile() and "/tests/" in member.name and member.name.count("/") == 2 and ".." not in member.name:
                target = cwd / "compiler-tests" / "tests" / Path(member.name).name
                target.parent.mkdir(parents=True, exist_ok=True)
                content = opened.extractfile(member)
                target.write_bytes(content.read() if content else b"")
    print("  -- run the public compiler's tests", flush=True)
    # Its configuration is not there, and ours would turn its warnings into errors.
    command = [
        python,
        "-m",
        "pytest",
        "-rA",
        "--quiet",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
        "tests",
    ]
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd / "compiler-tests", capture_output=True, text=True, check=False
    )
    results = [line.split()[:2] for line in done.stdout.splitlines()]
    named = {
        status: {words[1] for words in results if len(words) == 2 and words[0] == status}
        for status in ("PASSED", "FAILED", "ERROR")
    }
    known = {line for line in KNOWN_FAILURES.read_text().splitlines() if line and not line.startswith("#")}
    failed = named["FAILED"] | named["ERROR"]
    if failed != known or len(named["PASSED"]) < 50:
        raise Failed(
            f"the public compiler's tests: {len(named['PASSED'])} pass; unexpectedly fail {sorted(failed - known)}; "
            f"unexpectedly pass {sorted(known - failed)}\n{done.stdout[-5000:]}{done.stderr}"
        )
    print(f"     {len(named['PASSED'])} pass, {len(failed)} fail as they always did")


def check_wheel(wheel: Path) -> None:
    """The wheel is small and has all in it."""
    size = wheel.stat().st_size
    if size >= MOST_WHEEL_BYTES:
        raise Failed(f"{wheel.name} has {size} bytes, and may have {MOST_WHEEL_BYTES}")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("machine_dialect_vm/")}
    package = VM / "python" / "machine_dialect_vm"
    wanted = {
        path.relative_to(package.parent).as_posix() for path in package.glob("*.py*") if path.suffix in (".py", ".pyi")
    }
    wanted |= {"machine_dialect_vm/py.typed"}
    reference = VM.parent / "conformance" / "reference" / "mdvm_reference"
    wanted |= {f"machine_dialect_vm/reference/{path.relative_to(reference).as_posix()}" for path in reference.rglob("*.py")}
    missing = wanted - names
    if missing or not any("_native" in name for name in names) or "-abi3-" not in wheel.name:
        raise Failed(f"{wheel.name} lacks {', '.join(sorted(missing)) or 'the extension for every Python'}")
    print(f"     {wheel.name}: {size} bytes")


def check_import(python: Path, cwd: Path) -> None:
    """The package is imported in a moment, of processor time: other work on the machine is no fault of it."""
    program = "import time; begin = time.process_time(); import machine_dialect_vm; print(time.process_time() - begin)"
    command = [str(python), "-c", program]
    times = [float(subprocess.run(command, cwd=cwd, capture_output=True, check=True).stdout) for _ in range(15)]
    if min(times) >= MOST_IMPORT_SECONDS:
        raise Failed(
            f"importing the package takes {min(times) * 1000:.1f} ms, and may take {MOST_IMPORT_SECONDS * 1000:.0f}"
        )
    print(f"     imported in {min(times) * 1000:.1f} ms")


def step(what: str, command: list[object], hint: str = "", cwd: Path | None = None) -> None:
    """Runs a command; its output is shown where it fails."""
    begin = time.monotonic()
    words = [str(word) for word in command]
    # What a caller set for its own interpreter is not meant for this one.
    cleared = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**cleared, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise Failed(f"{what}: {words[0]} cannot be started: {error.strerror}; {hint}") from None
    if done.returncode:
        text = done.stdout.decode(errors="replace")
        raise Failed(f"{what} failed ({' '.join(words)}){': ' + hint if hint else ''}\n{text}")
    print(f"  -- {what}: {time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
