"""Runs a module on many inputs at once, on the workers of a Dask cluster.

    pip install distributed
    python pool.py

Modules and outcomes pickle, so whatever maps a function over a list runs them: `multiprocessing`, `concurrent.futures`, Dask,
Ray.
"""

from __future__ import annotations

from dask.distributed import Client, LocalCluster

from machine_dialect_vm import Module, Outcome, RunError, run

COLLATZ = """
.func main
    load_global r0, "n"
    load_const r1, 0            ; how many turns it took
    load_const r2, 1
    load_const r3, 2
    load_const r4, 3
again:
    eq r5, r0, r2
    jump_if r5, done
    add r1, r1, r2
    mod r6, r0, r3
    jump_if r6, odd
    div r0, r0, r3
    jump again
odd:
    mul r0, r0, r4
    add r0, r0, r2
    jump again
done:
    return r1
"""


def turns(module: Module, n: int) -> Outcome | str:
    """What the module comes to for `n`, or why it does not: an input that is no good must not end the others."""
    try:
        return run(module, globals={"n": n}, limits={"max_steps": 100_000}, stdout=False)
    except RunError as error:
        return error.kind


def main() -> list[tuple[int, int | str]]:
    module = Module.assemble(COLLATZ)
    inputs = [1, 6, 7, 27, 97, 871, 6171, 0]
    with LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster, Client(cluster) as client:
        futures = [client.submit(turns, module, n) for n in inputs]
        ends = client.gather(futures)
    return [(n, end.value if isinstance(end, Outcome) else end) for n, end in zip(inputs, ends)]


if __name__ == "__main__":
    for n, count in main():
        print(f"{n:>6}: {count}")
