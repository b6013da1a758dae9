"""That a block does what the loop does: each opcode on all kinds of operands, and step limits inside of blocks."""

import unittest
from itertools import product
from unittest.mock import patch

from mdvm_reference import blocks, machine
from mdvm_reference._tables import OPCODES
from mdvm_reference.decode import Instruction, Module
from mdvm_reference.machine import Machine
from mdvm_reference.outcome import outcome_json, set_globals
from mdvm_reference.values import String

NUMBERS = {mnemonic: number for number, (_name, mnemonic, *_rest) in OPCODES.items()}

VALUES = [
    None, False, True, 0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**32, 0.0, -0.0, 1.5, 2.0**53, -1e308,
    {"float": "nan"}, {"float": "inf"}, "", "a", [], [1], [[1], "a"], {"dict": [["a", [2]]]}, {"function": "f"},
    {"url": "u"},
]  # fmt: skip
IN_CONSTANTS = [None, True, 0, 3, -1, 2.5]


def module(*instructions, constants=()):
    pool = [String("left", is_constant=True), String("right", is_constant=True), String("out", is_constant=True)]
    return Module("", [*pool, *constants], [], [Instruction(NUMBERS[name], tuple(ops)) for name, *ops in instructions])


def outcome(code, limits, initial, warm):
    """What came of a run, and how much memory was in use at its end and after all was let go of."""
    with patch.object(blocks, "WARM", warm), patch.object(blocks, "LONGEST", 4), patch.object(machine, "LONGEST", 4):
        run = Machine(code, limits, lambda text: None)
        set_globals(run, initial)
        end = run.run()
        in_use = run.memory.used
        shown = outcome_json(run, end, "")
        run.discard()
        return shown, in_use, run.memory.used


class Blocks(unittest.TestCase):
    def check(self, code, initial, limits={}):
        alone = outcome(code, limits, initial, warm=None)
        self.assertEqual(outcome(code, limits, initial, warm=1), alone)
        return alone

    def test_each_operation_of_two_values(self):
        binary = [
            name for name, number in NUMBERS.items()
            if OPCODES[number][3] == (("dst", "out"), ("left", "in"), ("right", "in"))
        ]  # fmt: skip
        self.assertGreaterEqual(set(binary), {*blocks._ARITHMETIC, *blocks._COMPARISON, "and", "or"})
        for name, left, right in product(binary, VALUES, VALUES):
            with self.subTest(name, left=left, right=right):
                code = module(
                    ("load_global", 0, 0), ("load_global", 1, 1), (name, 2, 0, 1), ("store_global", 2, 2),
                    (name, 0, 0, 0), ("return", 0),
                )  # fmt: skip
                _shown, _in_use, left_over = self.check(code, {"left": left, "right": right})
                self.assertEqual(left_over, 0)

    def test_each_operation_with_a_constant(self):
        for name, value, constant in product({*blocks._ARITHMETIC, *blocks._COMPARISON}, VALUES, IN_CONSTANTS):
            for left, right in ((0, 1), (1, 0), (1, 1)):
                with self.subTest(name, value=value, constant=constant):
                    code = module(
                        ("load_global", 0, 0), ("load_const", 1, 3), (name, 2, left, right), ("return", 2),
                        constants=[constant],
                    )  # fmt: skip
                    self.check(code, {"left": value})

    def test_logic_of_comparisons_and_branches(self):
        for name, left, right in product(("and", "or"), (0, 1), (0, 1)):
            for jump in ("jump_if", "jump_if_not"):
                code = module(
                    ("load_global", 0, 0), ("load_global", 1, 1), ("load_const", 2, 3), ("eq", 3, 0, 2), ("eq", 4, 1, 2),
                    (name, 5, 3, 4), ("not", 6, 5), (jump, 6, 1), ("return", 5), ("return", 6), constants=[1],
                )  # fmt: skip
                self.check(code, {"left": left, "right": right})

    def test_what_registers_hold_is_counted(self):
        for value, limit in product(VALUES, (None, 100, 200, 300, 400)):
            code = module(
                ("load_global", 0, 0), ("move", 1, 0), ("load_const", 2, 3), ("move", 3, 2), ("store_global", 3, 1),
                ("load_const", 4, 4), ("array_set", 0, 4, 1), ("move", 1, 4), ("move", 2, 0), ("array_set", 0, 4, 3),
                ("move", 0, 4), ("array_len", 5, 2), ("return", 2), constants=[String("k", is_constant=True), 0],
            )  # fmt: skip
            with self.subTest(value=value, limit=limit):
                self.assertEqual(self.check(code, {"left": value}, {"max_memory": limit})[2], 0)

    def test_steps_are_exact_at_every_limit(self):
        code = module(
            ("load_const", 0, 3), ("load_const", 1, 4), ("sub", 0, 0, 1), ("move", 2, 0), ("jump_if", 2, -3), ("div", 0, 1, 2),
            constants=[5, 1],
        )  # fmt: skip
        for limit in range(25):
            with self.subTest(limit=limit):
                self.check(code, {}, {"max_steps": limit})


if __name__ == "__main__":
    unittest.main()
