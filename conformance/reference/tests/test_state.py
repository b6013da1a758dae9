"""The state of a run: canonical bytes that name its module, values of any depth, and what is refused."""

import unittest
from pathlib import Path

from mdvm_reference.decode import decode
from mdvm_reference.encode import encode
from mdvm_reference.errors import Fault
from mdvm_reference.machine import Machine
from mdvm_reference.state import load, save

CORPUS = Path(__file__).parents[2] / "corpus"
DEPTH = 100_000


def modules():
    for path in sorted(CORPUS.glob("*.mdbc")):
        data = path.read_bytes()
        try:
            yield path.name, data, decode(data)
        except Fault:
            continue


class Encoding(unittest.TestCase):
    def test_a_module_that_a_compiler_wrote_is_encoded_as_it_was(self):
        seen = 0
        for name, data, module in modules():
            with self.subTest(name):
                self.assertTrue(data.startswith(encode(module)))  # what stands behind the code is no part of it
                seen += 1
        self.assertGreater(seen, 100)


class States(unittest.TestCase):
    def test_every_module_of_the_corpus_goes_on_to_the_end_that_it_has(self):
        seen = 0
        for name, _data, module in modules():
            printed = []
            whole = Machine(module, {"max_steps": 3000}, printed.append)
            end = whole.run()
            for step in {0, end.steps // 3, end.steps // 2, max(end.steps - 1, 0)}:
                with self.subTest(name, step=step):
                    said = []
                    first = Machine(module, {"max_steps": 3000}, said.append, stop_at=step)
                    if not first.run().stopped:
                        continue
                    second = Machine(module, {"max_steps": 3000}, said.append)
                    state = save(first)
                    load(second, state)
                    self.assertEqual(save(second), state)
                    found = second.run()
                    self.assertEqual((found.steps, found.pc, said), (end.steps, end.pc, printed))
                    self.assertEqual(second.memory.used, whole.memory.used)
                    seen += 1
        self.assertGreater(seen, 300)

    def test_a_value_of_any_depth_is_saved_and_loaded(self):
        module = decode(encode(next(module for _name, _data, module in modules())))
        first = Machine(module, {}, print, stop_at=0)
        first.run()
        state = save(first)
        state["objects"] = [{"array": [{"object": place - 1}] if place else []} for place in range(DEPTH)]
        state["globals"] = [["deep", {"object": DEPTH - 1}]]
        state["memory"] += 48 * DEPTH + 16 * (DEPTH - 1)
        second = Machine(module, {}, print, stop_at=0)
        load(second, state)
        second.run()
        self.assertEqual(save(second), state)
        second.discard()

    def test_a_state_that_lies_is_refused(self):
        module = next(module for _name, _data, module in modules())
        for change, kind in [
            ({"mdst": 2}, "UnsupportedStateVersion"),
            ({"mdst": "1"}, "InvalidState"),
            ({"steps": -1}, "InvalidState"),
            ({"more": 1}, "InvalidState"),
            ({"module": "0" * 64}, "WrongModule"),
            ({"objects": [{"string": "a"}]}, "InvalidObject"),
            ({"objects": [{"array": [{"object": 0}]}]}, "InvalidObject"),
            ({"globals": [["a", {"object": 0}]]}, "InvalidGlobal"),
            ({"globals": [["b", 1], ["a", 1]]}, "InvalidGlobal"),
            ({"frames": []}, "InvalidFrame"),
            ({"memory": 1}, "WrongMemory"),
        ]:
            with self.subTest(change=change):
                first = Machine(module, {}, print, stop_at=0)
                first.run()
                with self.assertRaises(Fault) as refused:
                    load(Machine(module, {}, print), {**save(first), **change})
                self.assertEqual(refused.exception.kind, kind)


if __name__ == "__main__":
    unittest.main()
