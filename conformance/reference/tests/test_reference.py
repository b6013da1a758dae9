"""What no conformance case can say: that the reference is laid out as it promises, and no depth is too deep for it."""

import inspect
import json
import math
import unittest

from mdvm_reference._tables import OPCODES
from mdvm_reference.errors import InvalidInput
from mdvm_reference.json_text import parse
from mdvm_reference.memory import Memory, hold
from mdvm_reference.operations import operation
from mdvm_reference.outcome import value_from_json, value_json
from mdvm_reference.values import CAP, Array, equal, float_text, text, text_size

DEPTH = 200_000


def memory() -> Memory:
    return Memory(max_memory=CAP, max_call_depth=0)


class Operations(unittest.TestCase):
    def test_each_is_introduced_by_the_summary_of_its_opcode(self):
        for opcode, (_name, mnemonic, summary, *_rest) in OPCODES.items():
            with self.subTest(mnemonic):
                self.assertEqual(inspect.getdoc(operation(opcode)).splitlines()[0], summary)

    def test_each_takes_its_effects_and_then_its_operands(self):
        for opcode, (_name, mnemonic, _summary, operands, flow, effects, _errors) in OPCODES.items():
            if flow == "phi":
                continue  # it chooses between its operands instead of computing with them
            with self.subTest(mnemonic):
                read = [name for name, role in operands if role != "out"]
                self.assertEqual(list(inspect.signature(operation(opcode)).parameters), [*effects, *read])


class DeepValues(unittest.TestCase):
    def test_they_are_read_compared_shown_and_freed(self):
        deep = "[" * DEPTH + "]" * DEPTH
        heap = memory()
        left, right = value_from_json(parse(deep), heap), value_from_json(parse(deep), heap)
        self.assertTrue(equal(left, right))
        self.assertTrue(text(left) == value_json(left) == deep)
        for value in (left, right):
            hold(value)
            heap.drop(value)
        self.assertEqual(heap.used, 0)

    def test_python_itself_frees_them(self):
        value_from_json(parse("[" * DEPTH + "]" * DEPTH), memory())

    def test_shared_parts_are_compared_and_measured_once(self):
        left = right = Array([])
        for _ in range(10_000):
            left, right = Array([left, left]), Array([right, right])
        self.assertTrue(equal(left, right))
        self.assertEqual(text_size(left), CAP)
        self.assertEqual(json.loads(value_json(left)), {"elided": "array"})


class Equality(unittest.TestCase):
    def test_nan_makes_an_array_unequal_even_to_itself(self):
        array = Array([Array([math.nan])])
        self.assertFalse(equal(array, array))

    def test_it_is_not_transitive_where_ints_are_rounded(self):
        below, rounded, above = Array([2**53]), Array([2.0**53]), Array([2**53 + 1])
        self.assertTrue(equal(Array([below, rounded, below]), Array([rounded, above, below])))
        self.assertFalse(equal(Array([below, rounded, below]), Array([rounded, above, above])))


class Texts(unittest.TestCase):
    def test_floats_never_have_an_exponent(self):
        self.assertEqual(float_text(1e21), "1" + "0" * 21)
        self.assertEqual(float_text(5e-324), "0." + "0" * 323 + "5")
        self.assertEqual(float_text(-0.0), "-0")

    def test_json_is_read_as_python_reads_it(self):
        for document in ('{"a": [1, -2.5e3, {"b": null}], "\\u00e9\\n": [true, false, [], {}, ""]}', " [ ] ", "0"):
            self.assertEqual(parse(document), json.loads(document))

    def test_json_that_is_none_is_refused(self):
        for document in ("", "[", "[1,]", "[1 2]", '{"a" 1}', '{"a": 1, "a": 2}', "01", "nul", "[] []", '"\\ud800"'):
            with self.subTest(document), self.assertRaises(ValueError):
                parse(document)

    def test_what_stands_for_no_value_is_refused(self):
        for data in (2**63, {}, {"float": "1,5"}, {"set": []}, {"dict": [["a", 1], ["a", 2]]}):
            with self.subTest(data), self.assertRaises(InvalidInput):
                value_from_json(data, memory())


if __name__ == "__main__":
    unittest.main()
