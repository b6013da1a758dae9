"""What the README and the tutorials say of the package, followed to the letter in an empty folder."""

from __future__ import annotations

import doctest
import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The end of the line above a block that is a file.
FILE = re.compile(r"as `([^`]+)`:$")


def test_the_examples_of_the_readme_of_the_project() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [example] = [text for language, text in BLOCK.findall(readme) if language == "python"]
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    runner = doctest.DocTestRunner()
    with redirect_stdout(io.StringIO()) as printed:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0 and len(test.examples) > 2, printed.getvalue()


def test_a_module_emitted_from_python(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "emit-mdbc.md").read_text("utf-8")
    typed = 0
    for block in BLOCK.finditer(page):
        language, text = block.groups()
        above = page[: block.start()].rstrip().rpartition("\n")[2]
        if file := FILE.search(above):
            (tmp_path / file[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file[1]).write_text(text, "utf-8")
        elif language == "console":
            for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, expected = session.partition("\n")
                # The others do not need the package, and `vm/tests/newcomer.rs` types them.
                if command.startswith("python "):
                    words = [sys.executable, *command.split()[1:]]
                    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
                    assert (done.stdout + done.stderr, done.returncode) == (expected, 0), command
                    typed += 1
    assert typed == 3
