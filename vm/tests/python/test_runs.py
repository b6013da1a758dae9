"""Modules and runs."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import counting

from machine_dialect_vm import Limits, LoadError, Module, Outcome, RunError, StateError, errors, resume, run

PRINTS = Module.assemble('load_const r0, "one"\ndebug_print r0\nload_const r0, 2\ndebug_print r0')


def test_every_module_of_the_corpus_comes_to_what_is_recorded(corpus: Path) -> None:
    records = [json.loads(line) for line in (corpus / "corpus.jsonl").read_text().splitlines()]
    assert len(records) > 300
    for record in records:
        data, expect = (corpus / record["file"]).read_bytes(), record["expect"]
        try:
            outcome = run(Module.from_bytes(data), stdout=False)
            found: dict[str, Any] = {"status": "ok", "stdout": outcome.stdout, "steps": outcome.steps}
        except LoadError as error:
            found = {"status": "load_error", "kind": error.kind}
        except RunError as error:
            found = {"status": "runtime_error", "kind": error.kind, "pc": error.pc, "function": error.function}
        assert found == {name: expect[name] for name in found}, record["file"]


def test_a_module_comes_back_from_bytes_assembly_pickle_and_copy(corpus: Path) -> None:
    modules = 0
    for path in sorted(corpus.glob("linked_*.mdbc")):
        with contextlib.suppress(LoadError):
            module = Module.load(path)
            modules += 1
            assert module.to_bytes() == path.read_bytes()
            assert Module.assemble(module.disassemble()) == module == Module.assemble(module.listing())
            assert pickle.loads(pickle.dumps(module)) == module == copy.deepcopy(module) == copy.copy(module)
            assert hash(pickle.loads(pickle.dumps(module))) == hash(module)
    assert modules > 20


def test_modules_differ_when_their_files_do() -> None:
    assert Module.assemble("load_const r0, 0.0") != Module.assemble("load_const r0, -0.0")
    assert Module.assemble("nop") != "nop"


def test_a_module_says_what_is_in_it() -> None:
    module = Module.assemble('.module "m"\n.func main\nload_const r0, 1\nhalt')
    assert (module.name, module.constants, module.functions, module.entry, len(module)) == (
        "m",
        (1,),
        {"main": 0},
        0,
        2,
    )
    assert repr(module) == '<Module "m": 2 instructions, 1 functions>'
    assert [module.instruction(index) for index in (0, 1, -1, -2)] == [
        "load_const r0, 1",
        "halt",
        "halt",
        "load_const r0, 1",
    ]
    for index in (2, -3, sys.maxsize, -sys.maxsize - 1):
        with pytest.raises(IndexError):
            module.instruction(index)


def test_load_names_the_file_that_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        Module.load(tmp_path / "missing.mdbc")
    assert raised.value.filename == str(tmp_path / "missing.mdbc")
    with pytest.raises(IsADirectoryError):
        Module.load(tmp_path)


def test_output_goes_where_python_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PRINTS).stdout == "one\n2\n"
    assert capsys.readouterr().out == "one\n2\n"
    redirected = io.StringIO()
    with contextlib.redirect_stdout(redirected):
        run(PRINTS)
    pieces: list[str] = []
    run(PRINTS, stdout=pieces.append)
    run(PRINTS, stdout=False)
    assert redirected.getvalue() == "".join(pieces) == "one\n2\n"
    assert capsys.readouterr().out == ""
    with pytest.raises(TypeError, match="stdout is 3"):
        run(PRINTS, stdout=3)  # type: ignore[arg-type]


def test_long_output_arrives_whole_and_in_order() -> None:
    module = Module.assemble(
        """
        load_const r0, 0
        load_const r1, 1
        load_const r2, 200000
        again:
        debug_print r0
        add r0, r0, r1
        lt r3, r0, r2
        jump_if r3, again
        """
    )
    pieces: list[str] = []
    outcome = run(module, stdout=pieces.append)
    assert "".join(pieces) == outcome.stdout == "".join(f"{number}\n" for number in range(200_000))
    assert len(pieces) > 1


def test_what_stdout_raises_ends_the_run() -> None:
    class Full(Exception):
        pass

    def write(text: str) -> None:
        raise Full

    with pytest.raises(Full):
        run(PRINTS, stdout=write)
    printing = Module.assemble("load_const r0, 1\nagain:\ndebug_print r0\njump again")
    with pytest.raises(Full):
        run(printing, stdout=write)


def test_a_line_is_told_while_the_program_still_runs() -> None:
    module = Module.assemble('load_const r0, "begun"\ndebug_print r0\nagain:\njump again')

    class Seen(Exception):
        pass

    def write(text: str) -> None:
        assert text == "begun\n"
        raise Seen

    with pytest.raises(Seen):
        run(module, stdout=write)


@pytest.mark.parametrize(
    ("text", "limits", "kind"),
    [
        ("again:\njump again", {"max_steps": 1000}, "StepLimitExceeded"),
        ("again:\njump again", {"max_steps": 100_000}, "StepLimitExceeded"),
        ("load_const r0, 100000\nnew_array r1, r0", {"max_memory": 1_000_000}, "OutOfMemory"),
        ("load_const r0, 1\nagain:\ndebug_print r0\njump again", {"max_output": 200_000}, "OutputLimitExceeded"),
        (
            'load_const r0, "f"\ncall r0, r1, ()\n.func f\nload_const r0, "f"\ncall r0, r1, ()',
            {"max_call_depth": 9},
            "StackOverflow",
        ),
    ],
)
def test_limits_end_a_run(text: str, limits: Limits, kind: str) -> None:
    with pytest.raises(errors.RunError) as raised:
        run(Module.assemble(text), limits=limits, stdout=False)
    assert type(raised.value) is errors.RunError.kinds[kind]
    assert raised.value.kind == kind
    if "max_steps" in limits:
        assert raised.value.steps == limits["max_steps"]


def test_a_run_in_a_thread_of_its_own_comes_to_the_same_as_a_short_one() -> None:
    long = run(counting(100_000), trace=True, globals={"x": [1]})
    assert (long.value, long.steps, long.globals) == (0, 200_003, {"x": [1]})
    assert long.trace is not None and len(long.trace) == 200_003
    short = run(counting(100), trace=True)
    assert short.trace is not None and short.trace[2:4] == long.trace[2:3] * 0 + short.trace[2:4]
    assert [pc for pc, _digest in short.trace[:5]] == [pc for pc, _digest in long.trace[:5]] == [0, 1, 2, 3, 2]


def test_limits_that_do_not_exist_or_are_no_numbers_are_refused() -> None:
    for limits, error, message in [
        ({"max_stepz": 1}, ValueError, 'there is no limit "max_stepz"; there are max_steps, '),
        ({"max_steps": -1}, ValueError, "limit max_steps is -1"),
        ({"max_steps": 1.5}, TypeError, "limit max_steps is 1.5"),
        ({"max_steps": True}, TypeError, "limit max_steps is True"),
        ([], TypeError, "limits is of type list"),
    ]:
        with pytest.raises(error) as raised:
            run(PRINTS, limits=limits, stdout=False)  # type: ignore[arg-type]
        assert str(raised.value).startswith(message)
    assert run(PRINTS, limits={"max_steps": None}, stdout=False).steps == 4


def test_an_outcome_can_be_compared_pickled_and_copied() -> None:
    outcome = run(counting(10), globals={"x": {"k": [1.5, None]}}, trace=True)
    for again in (pickle.loads(pickle.dumps(outcome)), copy.copy(outcome), copy.deepcopy(outcome)):
        assert again == outcome and again.seconds == outcome.seconds and again.trace == outcome.trace
    assert outcome != run(counting(11), globals={"x": {"k": [1.5, None]}})
    assert outcome != 0
    assert Outcome(3, stdout="a", steps=1, globals={}) == Outcome(3, stdout="a", steps=1, globals={})
    with pytest.raises(AttributeError):
        outcome.value = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        hash(outcome)


def test_an_error_says_where_and_how_and_survives_a_pickle() -> None:
    module = Module.assemble(
        """
        .func main
            load_const r0, 1
            load_const r1, "half"
            scope_enter 3
            debug_print r0
            call r1, r2, (r0)
        .func half
            load_const r1, 0
            scope_enter 7
            div r2, r0, r1
        """
    )
    with pytest.raises(errors.DivisionByZero) as raised:
        run(module, globals={"g": [1]}, stdout=False)
    text = (
        "Runtime error: Division by zero\n  at instruction 7 in half\n    div r2, r0, r1\n    r0 = 1\n    r1 = 0\n"
        "  in scopes 7\n  called at instruction 4 in main"
    )
    copies: list[RunError] = [pickle.loads(pickle.dumps(raised.value)), copy.copy(raised.value)]
    for error in (raised.value, *copies):
        assert isinstance(error, RuntimeError) and type(error) is errors.DivisionByZero
        assert (error.kind, error.message, error.pc, error.function) == (
            "DivisionByZero",
            "Division by zero",
            7,
            "half",
        )
        assert (error.instruction, error.operands) == ("div r2, r0, r1", {"r0": 1, "r1": 0})
        assert error.call_stack == (("half", 7), ("main", 4)) and error.scopes == (7,)
        assert (error.stdout, error.steps, error.globals, error.trace) == ("1\n", 8, {"g": [1]}, None)
        assert str(error) == text


def test_a_long_call_stack_is_shown_with_its_middle_left_out() -> None:
    module = Module.assemble('load_const r0, "f"\ncall r0, r1, ()\n.func f\nload_const r0, "f"\ncall r0, r1, ()')
    with pytest.raises(errors.StackOverflow) as raised:
        run(module)
    assert len(raised.value.call_stack) == 1001
    lines = str(raised.value).splitlines()
    assert "  … 987 calls more …" in lines and len(lines) < 25


def test_errors_pickle_by_name_from_the_moment_the_package_is_imported() -> None:
    program = (
        "import machine_dialect_vm, sys\n"
        "for one in (machine_dialect_vm.RunError, *machine_dialect_vm.RunError.kinds.values()):\n"
        "    assert getattr(sys.modules[one.__module__], one.__name__) is one\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_load_errors_survive_a_pickle_too() -> None:
    with pytest.raises(errors.InvalidMagic) as raised:
        Module.from_bytes(b"nothing like it")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again), again.kind) == (errors.InvalidMagic, str(raised.value), "InvalidMagic")
    with pytest.raises(errors.AssemblyError) as refused:
        Module.assemble("nop\nnip")
    again = pickle.loads(pickle.dumps(refused.value))
    assert (again.line, again.column, str(again)) == (2, 1, str(refused.value))


def test_every_kind_of_error_has_a_class_of_its_own() -> None:
    for base in (errors.LoadError, errors.RunError):
        assert base.kinds
        for kind, one in base.kinds.items():
            assert getattr(errors, kind) is one and one.kind == kind and issubclass(one, base)


def test_ctrl_c_ends_a_run_within_a_tenth_of_a_second(endless: Module) -> None:
    sent = 0.0

    def interrupt() -> None:
        nonlocal sent
        time.sleep(0.2)
        sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    for _ in range(3):
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run(endless)
        late = time.perf_counter() - sent
        thread.join()
        assert late < 0.1
    # Nothing of it is left behind.
    assert run(counting(10)).value == 0


def test_ctrl_c_ends_a_run_whose_instructions_take_long() -> None:
    module = Module.assemble("load_const r0, 60000000\nagain:\nnew_array r1, r0\nload_const r1, 0\njump again")
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        run(module)
    timer.join()
    assert time.perf_counter() - begin < 10
    assert running_threads() == 0


def running_threads() -> int:
    """How many threads of runs there are; 0 where the system does not tell."""
    names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
    return sum(name.startswith("machine-dialec") for name in names)


def test_an_interrupted_run_leaves_no_thread_that_computes() -> None:
    copies = Module.assemble(
        "load_const r0, 2000000\nnew_array r1, r0\nload_const r2, 0\nagain:\nmove r3, r1\narray_set r3, r2, r0\n"
        "array_get r4, r1, r2\njump again"
    )
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run(copies)
    timer.join()
    assert running_threads() == 0


def test_threads_run_at_the_same_time_as_python(endless: Module) -> None:
    ended = threading.Event()

    def long() -> None:
        with pytest.raises(errors.StepLimitExceeded):
            run(endless, limits={"max_steps": 20_000_000})
        ended.set()

    thread = threading.Thread(target=long)
    thread.start()
    turns = 0
    while not ended.is_set():
        turns += 1
    thread.join()
    # With the GIL held there would have been a turn or two.
    assert turns > 1000


def test_eight_threads_take_no_more_than_eight_runs_one_after_another() -> None:
    """In processor time, which other work on this machine does not change; of some attempts the best."""
    modules = [counting(2_000_000 + number) for number in range(8)]

    def cost(work: Callable[[], None]) -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    def in_turn() -> None:
        for module in modules:
            run(module)

    def at_once() -> None:
        threads = [threading.Thread(target=run, args=(module,)) for module in modules]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert min(cost(at_once) / cost(in_turn) for _ in range(5)) < 1.15


def test_many_threads_share_a_module() -> None:
    modules = [counting(50 + number) for number in range(12)]
    wrong: list[object] = []

    def work() -> None:
        for module in modules * 20:
            outcome = run(module)
            if outcome.value != 0:
                wrong.append(outcome)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


LEAK_CHECK = """
import os
from pathlib import Path
from machine_dialect_vm import Module, run

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def make(count):
    for number in range(count):
        module = Module.assemble(f'load_const r0, "{number:0100}"\\nstore_global r0, "x"\\nreturn r0')
        run(module, globals={"y": [number, {"k": "v"}]})

make(2_000)
before = resident()
make(10_000)
print(resident() - before)
"""


def test_machines_made_and_dropped_leave_nothing_behind() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    # In a process of its own, where no other test has left holes in the heap.
    checked = subprocess.run([sys.executable, "-c", LEAK_CHECK], capture_output=True, text=True, check=True)
    assert int(checked.stdout) < 2_000_000


def test_the_globals_of_a_run_are_copies() -> None:
    given = {"x": [1]}
    module = Module.assemble(
        'load_global r0, "x"\nload_const r1, 0\nload_const r2, 9\narray_set r0, r1, r2\nstore_global r0, "x"'
    )
    assert run(module, globals=given).globals == {"x": [9]}
    assert given == {"x": [1]}


COUNTS = Module.assemble("""
    load_const r0, 0
    load_const r1, 1
    load_const r2, 20000
    new_array r3, r0
again:
    array_set r3, r0, r0
    add r0, r0, r1
    lt r4, r0, r2
    jump_if r4, again
    debug_print r0
    store_global r3, "list"
    return r0
""")


@pytest.mark.parametrize("step", [0, 1, 777, 9_999, 10_000, 10_001, 60_000, 80_006])
def test_a_run_that_stops_and_goes_on_ends_as_one_that_does_not(step: int) -> None:
    whole = run(COUNTS, stdout=False)
    stopped = run(COUNTS, stdout=False, stop_at=step)
    assert (stopped.value, stopped.steps) == (None, step)
    kept = pickle.loads(pickle.dumps(stopped))
    assert kept == stopped == copy.deepcopy(stopped)
    assert json.loads(kept.state)["steps"] == step
    for _ in range(2):
        ended = resume(COUNTS, kept.state, stdout=False, tiers="eager-jit")
        assert (ended.value, ended.steps, ended.globals) == (whole.value, whole.steps, whole.globals)
        assert (stopped.stdout + ended.stdout, ended.state) == (whole.stdout, None)


def test_a_run_that_ends_by_then_does_not_stop() -> None:
    assert run(COUNTS, stdout=False, stop_at=10**15) == run(COUNTS, stdout=False)


def test_a_run_goes_on_step_by_step() -> None:
    outcome = run(PRINTS, stdout=False, stop_at=0)
    printed = outcome.stdout
    while outcome.state is not None:
        outcome = resume(PRINTS, outcome.state, stdout=False, stop_at=outcome.steps + 1)
        printed += outcome.stdout
    assert (printed, outcome.steps) == ("one\n2\n", 4)


def test_limits_count_on() -> None:
    state = run(COUNTS, stdout=False, stop_at=50).state
    assert state is not None
    with pytest.raises(errors.StepLimitExceeded) as reached:
        resume(COUNTS, state, limits=Limits(max_steps=60))
    assert reached.value.steps == 60
    with pytest.raises(errors.OutOfMemory):
        resume(COUNTS, state, limits=Limits(max_memory=10))


def test_a_state_that_is_wrong_is_refused_by_name() -> None:
    state = run(COUNTS, stdout=False, stop_at=50).state
    assert state is not None
    with pytest.raises(errors.WrongModule, match="^Cannot resume: the state is of another module"):
        resume(PRINTS, state)
    with pytest.raises(errors.InvalidState):
        resume(COUNTS, state[:-1])
    lying = json.loads(state)
    lying["memory"] += 1
    with pytest.raises(StateError) as refused:
        resume(COUNTS, json.dumps(lying))
    assert refused.value.kind == "WrongMemory"
    assert pickle.loads(pickle.dumps(refused.value)).message == refused.value.message
    with pytest.raises(ValueError, match="stop_at is -1"):
        run(COUNTS, stop_at=-1)


HOT_AND_PRINTS = Module.assemble("""
    load_const r0, 0
    load_const r1, 1
    load_const r2, 100000
again:
    add r0, r0, r1
    debug_print r0
    lt r3, r0, r2
    jump_if r3, again
    return r0
""")


@contextlib.contextmanager
def in_both() -> Iterator[Callable[[], None]]:
    """Gives a function that forks. The child ends where the block ends, and the parent waits for it: neither may have failed."""
    parent, children = os.getpid(), []
    try:
        yield lambda: children.append(os.fork())
    except BaseException:
        if os.getpid() != parent:
            os._exit(1)
        raise
    if os.getpid() != parent:
        os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("tiers", ["interpreter", "eager-specialised", "eager-jit", None])
def test_a_host_forks_between_runs_and_within_one(tiers: Any) -> None:
    expected = run(HOT_AND_PRINTS, tiers=tiers, stdout=False)
    with in_both() as fork:
        fork()
        # The child has the code that the runs of its parent left.
        outcome = run(HOT_AND_PRINTS, tiers=tiers, stdout=False, deadline=60)
        assert (outcome.value, outcome.steps) == (100000, expected.steps)
    with in_both() as fork:
        parent, pieces = os.getpid(), list[str]()

        def fork_at_first(piece: str) -> None:
            pieces.append(piece)
            if len(pieces) == 1:
                fork()

        # The run goes on in the parent alone; the child is told.
        try:
            outcome = run(HOT_AND_PRINTS, tiers=tiers, stdout=fork_at_first)
        except errors.MachineDialectError as error:
            assert os.getpid() != parent
            assert "forked in the midst of the run" in str(error)
        else:
            assert os.getpid() == parent
            assert (outcome.value, outcome.steps) == (100000, expected.steps)
            assert "".join(pieces) == expected.stdout
    with in_both() as fork:
        fork()
        began = time.monotonic()
        with pytest.raises(RunError, match="Deadline exceeded"):
            run(Module.assemble("again:\njump again"), tiers=tiers, deadline=0.2)
        assert time.monotonic() - began < 30
