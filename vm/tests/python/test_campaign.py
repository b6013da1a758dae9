"""Campaigns on a cluster of two processes, with a stand-in for the runner: it takes its time, and finds the same as often as it is asked."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from dask.distributed import Client, LocalCluster

from machine_dialect_vm.campaign import main

RUNNER = """\
#!{python}
import json, os, pathlib, sys, time
if sys.argv[1] == "fuzz-report":
    rows = [json.loads(line) for name in sys.argv[2:] for line in open(name)]
    print(sorted(row["from"] for row in rows if row["row"] == "chunk"))
    cases = [row["case"] for row in rows if row["row"] == "divergence"]
    print(all(os.path.exists(case) for case in cases), len(cases))
    sys.exit(1 if cases else 0)
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
shard, of = options["--shard"].split("/")
log = pathlib.Path({log!r})
with log.open("a") as file:
    file.write(shard + "\\n")
time.sleep(0.5)
out = pathlib.Path(options["--out"])
rows = [{{"row": "chunk", "from": int(shard), "count": 256}}]
if shard == "3":
    case = out / "cases" / "differs.yaml"
    case.parent.mkdir()
    case.write_text("cases: []")
    rows.append({{"row": "divergence", "case": str(case)}})
if options["--seed"] == "13":
    print("no such implementation", file=sys.stderr); sys.exit(2)
(out / f"results-{{shard}}.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
sys.exit(1 if shard == "3" else 0)
"""


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    path = tmp_path / "conform"
    path.write_text(RUNNER.format(python=sys.executable, log=str(tmp_path / "log")))
    path.chmod(0o755)
    return path


def shards_run(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "log").read_text().split()]


def campaign(runner: Path, *options: str) -> int:
    out = runner.parent / "out"
    return main(["--impl", "a", "--impl", "b", "--count", "2048", "--conform", str(runner), "--out", str(out), *options])


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no command there")
def test_a_worker_that_is_killed_loses_nothing(runner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))

        def kill() -> None:
            while not (tmp_path / "log").exists():
                time.sleep(0.01)
            time.sleep(0.7)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        assert campaign(runner, "--scheduler", cluster.scheduler_address, "--shards", "8") == 1
        killer.join()
        first = capsys.readouterr()
        assert first.out == "[1, 2, 3, 4, 5, 6, 7, 8]\nTrue 1\n"
        assert "8 of 8 shards" in first.err
        ran = shards_run(tmp_path)
        assert set(ran) == set(range(1, 9)) and len(ran) > 8, "one was begun twice"
        # What is there is not run again; of what is missing all is.
        os.rename(tmp_path / "out" / "shard-5", tmp_path / "lost")
        assert campaign(runner, "--scheduler", cluster.scheduler_address, "--shards", "8") == 1
        assert shards_run(tmp_path)[len(ran) :] == [5]
        assert capsys.readouterr().out == first.out
        # Another campaign has no business in that folder.
        assert campaign(runner, "--scheduler", cluster.scheduler_address, "--shards", "9") == 2
        assert "the results of another campaign" in capsys.readouterr().err
        # Why a shard cannot be run is said once, with what its runner said.
        out = ["--out", str(tmp_path / "other")]
        assert campaign(runner, "--scheduler", cluster.scheduler_address, "--seed", "13", "--shards", "1", *out) == 2
        assert capsys.readouterr().err == "error: shard 1 ended with 2: no such implementation\n"


def test_what_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(tmp_path / "conform", "--scheduler", "tcp://127.0.0.1:1", "--shards", "1") == 2
    assert "tcp://127.0.0.1:1" in capsys.readouterr().err
    assert campaign(tmp_path / "conform", "--local", "1", "--shards", "1") == 2
    assert "conform is not on this worker; --conform names the command" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no command there")
def test_there_are_no_more_shards_than_programs(runner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(runner, "--local", "1", "--count", "2", "--shards", "16") == 0
    assert capsys.readouterr().out.startswith("[1, 2]\n")
    for option, value in (("--count", "0"), ("--shards", "-1")):
        with pytest.raises(SystemExit):
            campaign(runner, "--local", "1", option, value)
        assert f"argument {option}: {value} is less than 1" in capsys.readouterr().err
