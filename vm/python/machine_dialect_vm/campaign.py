"""Differential fuzzing on a Dask cluster: ``mdvm-conform fuzz``, in shards.

    pip install 'machine-dialect-vm[campaign]'
    python -m machine_dialect_vm.campaign --scheduler tcp://10.0.0.1:8786 --count 100000 --impl rust --impl 'mine=./my-vm serve'

Each shard runs on one worker, which needs ``mdvm-conform`` and the implementations, and none of this machine's files. Its results come
back as text and are written to ``--out``, one file a shard, so a campaign that was ended goes on where it was. A shard whose worker is
lost runs again on another. ``mdvm-conform fuzz-report`` merges the shards: each finding counts once.

>>> from machine_dialect_vm.campaign import Plan
>>> Plan(["rust", "reference"], count=1000, shards=4).command("mdvm-conform", 2, "out")[4:]
['--impl', 'reference', '--seed', '1', '--size', 'mixed', '--count', '1000', '--shard', '2/4', '--jobs', '1', '--out', 'out']
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

__all__ = ["CampaignError", "Plan", "Shard", "main", "run_shard"]

FINE, FOUND, FAILED = 0, 1, 2
# How often a shard may lose its worker before the campaign is given up: a shard that kills workers would kill all of them.
LOSSES = 3


class CampaignError(Exception):
    """A campaign cannot begin or go on; the text says why.

    >>> from machine_dialect_vm.campaign import CampaignError
    >>> str(CampaignError("no worker is there"))
    'no worker is there'
    """


@dataclass(frozen=True)
class Plan:
    """What a campaign runs: the same plan gives the same programs, however many workers there are.

    >>> from machine_dialect_vm.campaign import Plan
    >>> Plan(["rust", "reference"], count=100).shards
    16
    """

    implementations: list[str]
    count: int
    seed: int = 1
    shards: int = 16
    size: str = "mixed"

    def command(self, conform: str, shard: int, out: str) -> list[str]:
        """What runs the shard of that number, from 1 on.

        >>> from machine_dialect_vm.campaign import Plan
        >>> Plan(["rust"], count=1, shards=1).command("mdvm-conform", 1, "out")[:2]
        ['mdvm-conform', 'fuzz']
        """
        implementations = [word for one in self.implementations for word in ("--impl", one)]
        numbers = ["--seed", self.seed, "--size", self.size, "--count", self.count, "--shard", f"{shard}/{self.shards}", "--jobs", 1]
        return [conform, "fuzz", *implementations, *map(str, numbers), "--out", out]


@dataclass(frozen=True)
class Shard:
    """What a shard came to: the files that it wrote, by name, and the folder that it had, which they mention.

    >>> from machine_dialect_vm.campaign import Shard
    >>> Shard(1, "shard-1", {"results.jsonl": ""}).number
    1
    """

    number: int
    folder: str
    files: dict[str, str]


def run_shard(plan: Plan, conform: str, shard: int) -> Shard:
    """Runs a shard here, as workers do, in a folder of its own.

    >>> from machine_dialect_vm.campaign import Plan, run_shard
    >>> run_shard(Plan(["rust"], count=1), "no-such-mdvm-conform", 1)
    Traceback (most recent call last):
        ...
    machine_dialect_vm.campaign.CampaignError: no-such-mdvm-conform is not on this worker; --conform names the command
    """
    found = shutil.which(conform)
    if found is None:
        raise CampaignError(f"{conform} is not on this worker; --conform names the command")
    with tempfile.TemporaryDirectory(prefix="mdvm-campaign-") as folder:
        done = subprocess.run(plan.command(found, shard, folder), capture_output=True, text=True, check=False)
        if done.returncode not in (FINE, FOUND):
            raise CampaignError(f"shard {shard} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        root = Path(folder)
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        return Shard(shard, folder, {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files})


def _shard_or_why_not(plan: Plan, conform: str, shard: int) -> Shard | str:
    """What a worker gives back. An exception would be printed by the worker, too, with where in this module it was raised."""
    try:
        return run_shard(plan, conform, shard)
    except CampaignError as error:
        return str(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a campaign; gives the exit code: 0 all agree, 1 there are findings, 2 it could not be run.

    >>> from machine_dialect_vm.campaign import main
    >>> callable(main)
    True
    """
    parser = argparse.ArgumentParser(prog="python -m machine_dialect_vm.campaign", description="Runs mdvm-conform fuzz on a Dask cluster.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--scheduler", metavar="ADDRESS", help="the scheduler of the cluster, such as tcp://10.0.0.1:8786")
    where.add_argument("--local", metavar="N", type=int, help="a cluster of N processes on this machine instead")
    parser.add_argument("--impl", metavar="NAME=COMMAND", action="append", required=True, help="as mdvm-conform has it; the first is compared with the others")
    parser.add_argument("--count", metavar="N", type=int, required=True, help="how many programs, over all shards")
    parser.add_argument("--seed", type=int, default=1, help="which sequence of programs")
    parser.add_argument("--shards", metavar="N", type=int, default=16, help="into how many parts they are cut; some for each worker")
    parser.add_argument("--size", default="mixed", help="small, long, special or mixed")
    parser.add_argument("--conform", metavar="COMMAND", default="mdvm-conform", help="the runner, as workers find it")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("target/campaign"), help="where results go; a campaign goes on from there")
    given = parser.parse_args(arguments)
    for name, number in (("--count", given.count), ("--shards", given.shards)):
        if number < 1:
            parser.error(f"argument {name}: {number} is less than 1")
    # A shard without a program would be none.
    plan = Plan(given.impl, given.count, given.seed, min(given.shards, given.count), given.size)
    try:
        _begin(plan, given.out)
        _run(plan, given)
        return _report(given.conform, given.out)
    except CampaignError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"what is done is in {given.out}; the same command goes on from there", file=sys.stderr)
        return 130


def _begin(plan: Plan, out: Path) -> None:
    """Makes the folder, or sees that what is in it is of this campaign."""
    path = out / "campaign.json"
    text = json.dumps(asdict(plan), indent=1)
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise CampaignError(f"{out} has the results of another campaign: {path} tells which; --out names a folder")
        return
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _folder(out: Path, shard: int) -> Path:
    return out / f"shard-{shard}"


def _run(plan: Plan, given: argparse.Namespace) -> None:
    missing = [shard for shard in range(1, plan.shards + 1) if not _folder(given.out, shard).exists()]
    if len(missing) < plan.shards:
        print(f"{plan.shards - len(missing)} of {plan.shards} shards are done", file=sys.stderr)
    if not missing:
        return
    begin = time.monotonic()
    programs = 0
    for done, shard in enumerate(_results(plan, given, missing), start=plan.shards - len(missing) + 1):
        _keep(given.out, shard)
        programs += _programs(shard)
        rate = programs / (time.monotonic() - begin)
        print(f"{done} of {plan.shards} shards, {rate:.1f} programs a second", file=sys.stderr)


def _results(plan: Plan, given: argparse.Namespace, missing: list[int]) -> Iterator[Shard]:
    """The shards, as they end."""
    try:
        import dask
        from dask.distributed import Client, KilledWorker, LocalCluster, as_completed
    except ImportError as error:
        raise CampaignError(f"{error}; pip install 'machine-dialect-vm[campaign]'") from None
    dask.config.set({"distributed.scheduler.allowed-failures": LOSSES})
    cluster: Any = None
    try:
        if given.local:
            cluster = LocalCluster(n_workers=given.local, threads_per_worker=1, dashboard_address=None)
        with Client(cluster or given.scheduler, timeout=10) as client:
            # Nothing of one campaign may be answered with what another came to.
            futures = [client.submit(_shard_or_why_not, plan, given.conform, shard, pure=False) for shard in missing]
            for future, shard in as_completed(futures, with_results=True):
                del future
                if isinstance(shard, str):
                    raise CampaignError(shard)
                yield shard
    except KilledWorker as error:
        raise CampaignError(f"a shard lost its worker {LOSSES + 1} times: {error}") from None
    except OSError as error:
        raise CampaignError(f"{given.scheduler or 'the local cluster'}: {error}") from None
    finally:
        if cluster is not None:
            cluster.close()


def _keep(out: Path, shard: Shard) -> None:
    """Writes what a shard came to, wholly or not at all: a folder that is there is a shard that is done."""
    folder = Path(tempfile.mkdtemp(prefix=".shard-", dir=out))
    for name, text in shard.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(shard.folder, str(_folder(out, shard.number))), encoding="utf-8")
    os.replace(folder, _folder(out, shard.number))


def _programs(shard: Shard) -> int:
    lines = [line for name, text in shard.files.items() if name.endswith(".jsonl") for line in text.splitlines()]
    rows = [json.loads(line) for line in lines]
    return sum(row["count"] for row in rows if row["row"] == "chunk")


def _report(conform: str, out: Path) -> int:
    files = sorted(str(path) for path in out.glob("shard-*/*.jsonl"))
    found = shutil.which(conform)
    if found is None:
        raise CampaignError(f"{conform} is not here, so nothing is merged; run it on {out}/shard-*/*.jsonl: mdvm-conform fuzz-report")
    done = subprocess.run([found, "fuzz-report", *files], text=True, capture_output=True, check=False)
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode if done.returncode in (FINE, FOUND) else FAILED


if __name__ == "__main__":
    # By the public name of this module, so that workers find its functions under it.
    from importlib import import_module

    sys.exit(import_module("machine_dialect_vm.campaign").main())
