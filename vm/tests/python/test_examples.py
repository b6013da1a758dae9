"""The examples run, and come to what they say."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "python" / "examples"


def test_dask_maps_a_module_over_inputs() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "pool.py")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [
        ["1:", "0"],
        ["6:", "8"],
        ["7:", "16"],
        ["27:", "111"],
        ["97:", "118"],
        ["871:", "178"],
        ["6171:", "261"],
        ["0:", "StepLimitExceeded"],
    ]


# What the tools of notebooks warn of is not about this package.
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs_and_shows_what_programs_print(tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            shown.append(output.get("text") or output["data"]["text/plain"])
    assert shown[0] == "3628800\n"
    assert shown[1].startswith("Outcome(value=3628800, steps=")
    assert (
        shown[2].startswith("Runtime error: Integer overflow\n  at instruction ")
        and "called at instruction 2 in main" in shown[2]
    )
    assert shown[3] == "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]"
    assert shown[4].startswith("[('mul r5, r0, r0', 10)"), shown[4]


def test_every_example_is_tested() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if not path.name.startswith((".", "_"))) == [
        "pool.py",
        "tour.ipynb",
    ]
    assert callable(runpy.run_path(str(EXAMPLES / "pool.py"))["main"])
