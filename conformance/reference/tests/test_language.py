"""What no program as a case can say of the evaluator: its tables' own examples, its doors, its depth and its limits."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

from mdvm_reference.errors import Fault
from mdvm_reference.language import command, meaning
from mdvm_reference.language._tables import DIAGNOSTICS, FORMS, LIMITS, OPERATORS, RULES
from mdvm_reference.language.diagnostics import Diagnostic, Diagnostics
from mdvm_reference.language.lexer import tokens_of
from mdvm_reference.language.lines import read_lines
from mdvm_reference.language.program import answer_to_source, compile_source, decode_source, run
from mdvm_reference.serve import answer


def outcome(source: str, **limits) -> dict:
    return json.loads(answer_to_source(source, limits)["outcome"])


def found(source: str) -> list:
    """Kind, line and column of each diagnostic."""
    return [(diagnostic.kind, *diagnostic.at) for diagnostic in compile_source(source).diagnostics]


def shown_tokens(source: str) -> list[str]:
    return [token.word or token.text for token in tokens_of(read_lines(source, Diagnostics()))[:-1]]


class Tables(unittest.TestCase):
    def test_each_form_prints_what_its_example_says(self):
        for name, (_kind, _form, _summary, example, prints) in FORMS.items():
            with self.subTest(name):
                end = outcome(example)
                self.assertEqual((end["status"], end["stdout"]), ("ok", prints))

    def test_each_diagnostic_is_given_by_its_example_and_nothing_else_is(self):
        for kind, (_severity, _message, _hint, _fields, _at, example, line) in DIAGNOSTICS.items():
            if example is not None:
                with self.subTest(kind):
                    self.assertEqual([(kind, line) for kind, line, _column in found(example)], [(kind, line)])

    def test_each_diagnostic_has_the_fields_that_its_texts_name(self):
        for kind, (_severity, _message, _hint, fields, *_rest) in DIAGNOSTICS.items():
            with self.subTest(kind):
                diagnostic = Diagnostic(kind, (1, 1), {name: "?" for name, _type in fields})
                self.assertNotIn("{", diagnostic.message)
                names = {"kind", "severity", "line", "column", "message"}
                self.assertEqual(set(diagnostic.as_json()) - {"hint"}, names)

    def test_everything_is_explained(self):
        for subject in [*FORMS, *OPERATORS, *RULES, *DIAGNOSTICS]:
            with self.subTest(subject):
                self.assertTrue(command.explanation(subject).startswith(subject))
        self.assertIn("def power", command.explanation("^"))
        self.assertEqual(command.explanation("nothing of ours"), "")


class Lines(unittest.TestCase):
    def kinds(self, source: str) -> list:
        return [(line.kind, line.depth) for line in read_lines(source, Diagnostics())]

    def test_the_marks_of_a_block_are_counted_with_and_without_space(self):
        self.assertEqual(self.kinds("> > x\n>>x\n>= x\n> >= x"), [("text", 2), ("text", 2), ("text", 0), ("text", 1)])

    def test_a_comment_is_white_space_and_a_text_has_none(self):
        self.assertEqual(self.kinds("<!-- > -->\na <!-- b\n> c --> d"), [("blank", 0), ("text", 0), ("text", 0)])
        [line] = read_lines("Say _\"<!--\"_ <!-- x -->.", Diagnostics())
        self.assertEqual(line.text, 'Say _"<!--"_           .')

    def test_fences_and_tables_are_skipped_whatever_is_in_them(self):
        kinds = [kind for kind, _depth in self.kinds("````\n```\n<!--\n````\n| a |\nSay _1_.")]
        self.assertEqual(kinds, ["skipped"] * 5 + ["text"])

    def test_front_matter_needs_its_closing_line(self):
        self.assertEqual(len(self.kinds("---\na: b\n---\nSay _1_.")), 1)
        self.assertEqual(len(self.kinds("---\nSay _1_.")), 2)

    def test_where_a_file_is_no_utf_8(self):
        self.assertEqual(decode_source("a\néb".encode() + b"\xff").at, (2, 2))
        self.assertEqual(decode_source(b"\xff").at, (1, 1))


class Tokens(unittest.TestCase):
    def test_the_longest_phrase_wins_over_line_ends_and_fillers_vanish(self):
        phrase = "is greater than or equal to"
        self.assertEqual(shown_tokens("the `a` **is** greater\nthan or equal to a 5"), ["`a`", phrase, "5"])
        self.assertEqual(shown_tokens("`a` is not `b`"), ["`a`", "is not", "`b`"])

    def test_a_name_and_its_possessive_are_one_token(self):
        self.assertEqual(shown_tokens("`d`'s 'k' tea's \"x\""), ["`d`'s", "'k'", "tea's", '"x"'])

    def test_numbers_and_periods(self):
        self.assertEqual(shown_tokens("1. 2.5. .5. 1e3."), ["1", ".", "2.5", ".", ".5", ".", "1e3", "."])


class Reading(unittest.TestCase):
    def test_one_syntax_error_a_statement_and_on_behind_the_period(self):
        source = "Say + *.\nSay `x`.\nSay _tea_ and +.\nSay _1_\n"
        names = [("ExpectedExpression", 1, 5), ("UndefinedName", 2, 5)]
        self.assertEqual(found(source), [*names, ("InvalidLiteral", 3, 5), ("MissingPeriod", 4, 8)])

    def test_each_item_of_a_list_gives_its_own(self):
        source = "Define `l` as List.\nSet `l` to:\n- _1_ +.\n- _2_.\n1. _3_.\n- _tea_.\nSay `l`.\n"
        kinds = [("ExpectedExpression", 3, 8), ("ExpectedItem", 5, 1), ("InvalidLiteral", 6, 3)]
        self.assertEqual(found(source), kinds)

    def test_a_header_that_cannot_be_read_still_has_its_block(self):
        self.assertEqual(found("If +:\n> Say `x`.\n"), [("ExpectedExpression", 1, 4), ("UndefinedName", 2, 7)])

    def test_a_define_that_cannot_be_read_whole_defines_its_name(self):
        self.assertEqual(found("Define `x` is Number.\nSay `x`.\n"), [("ExpectedWord", 1, 12)])

    def test_a_list_in_a_block_may_stand_at_depth_0_right_below(self):
        source = "Define `l` as List.\nIf Yes:\n> Set `l` to:\n- _1_.\n- _2_.\n> Say `l`.\n"
        self.assertEqual(outcome(source)["stdout"], "[1, 2]\n")


class Depth(unittest.TestCase):
    """No input makes Python run out of stack."""

    def test_parentheses_up_to_the_limit_and_one_more(self):
        limit = LIMITS["nesting"]
        self.assertEqual(outcome("Say " + "(" * limit + "1" + ")" * limit + ".")["stdout"], "1\n")
        self.assertEqual(found("Say " + "(" * 100_000 + "1.")[0], ("TooDeep", 1, 5 + limit))

    def test_blocks_up_to_the_limit_and_one_more(self):
        def source(depth: int) -> str:
            headers = "".join("> " * level + "If Yes:\n" for level in range(depth))
            return headers + "> " * depth + "Say 1.\n"

        limit = LIMITS["nesting"]
        self.assertEqual(outcome(source(limit))["stdout"], "1\n")
        self.assertEqual([kind for kind, *_at in found(source(limit + 1))], ["TooDeep"])

    def test_chains_and_else_ifs_without_end(self):
        self.assertEqual(outcome("Say 1" + " + 1" * 50_000 + ".")["stdout"], "50001\n")
        branches = "".join(f"Else if `x` equals {number}:\n> Say {number}.\n" for number in range(5_000))
        first = "Define `x` as Number (default: 4999).\nIf No:\n> Say 0.\n"
        self.assertEqual(outcome(first + branches)["stdout"], "4999\n")

    def test_conditions_of_conditionals_nest_too(self):
        self.assertIn("TooDeep", [kind for kind, *_at in found("Say " + "1 if " * 100_000 + "1.")])

    def test_a_thousand_calls_out_of_nested_blocks(self):
        depth = 150
        headers = "".join("> " * level + "If `n` > 0:\n" for level in range(1, depth))
        body = headers + "> " * depth + "Set `r` using `f` with `n` - 1.\n"
        source = f"## Utility: `f`\n<details>\n\n> Define `r` as Number.\n\n{body}\n</details>\n\n"
        source += "### Inputs\n- `n` as Number\n\n"
        self.assertEqual(outcome(source + "Use `f` with 998.\nSay 1.")["stdout"], "1\n")
        end = outcome(source + "Use `f` with 1000.")
        self.assertEqual((end["kind"], end["function"], end["line"]), ("StackOverflow", "f", 4 + depth + 1))

    def test_more_calls_than_python_can_nest_are_a_stack_overflow(self):
        source = "## Action: `f`\n<details>\n\n> Use `f`.\n\n</details>\n\nUse `f`.\n"
        self.assertEqual(outcome(source, max_call_depth=10**9)["kind"], "StackOverflow")


class Limits(unittest.TestCase):
    ENDLESS = "Define `s` as Text (default: _\"x\"_).\nWhile Yes:\n> Set `s` to _\"xxxxxxxx\"_ + _1_.\n"

    def test_an_endless_loop_ends(self):
        self.assertEqual(outcome(self.ENDLESS, max_steps=1000)["kind"], "StepLimitExceeded")

    def test_what_is_dropped_is_no_memory(self):
        self.assertEqual(outcome(self.ENDLESS, max_steps=10_000, max_memory=1000)["kind"], "StepLimitExceeded")
        growing = self.ENDLESS.replace('_"xxxxxxxx"_ + _1_', "`s` + `s`")
        self.assertEqual(outcome(growing, max_memory=1_000_000)["kind"], "OutOfMemory")

    def test_output(self):
        end = outcome("Say _12_.\nSay _345_.\n", max_output=5)
        self.assertEqual((end["kind"], end["line"], end["stdout"]), ("OutputLimitExceeded", 2, "12\n"))

    def test_growing_a_list_copies_nothing(self):
        source = "Define `l` as List.\nDefine `i` as Number (default: 0).\nSet `l` to blank.\n"
        source += "While `i` < 20000:\n> Add `i` to `l`.\n> Set `i` to `i` + 1.\nSay the last item of `l`.\n"
        self.assertEqual(outcome(source)["stdout"], "19999\n")


class Power(unittest.TestCase):
    def test_whole_float_and_negative_exponents(self):
        self.assertEqual(meaning.power(2, 10), 1024)
        self.assertEqual(repr(meaning.power(2, 3.0)), "8.0")
        self.assertEqual(repr(meaning.power(2, -1)), "0.5")
        self.assertEqual(repr(meaning.power(0, 0)), "1")

    def test_what_has_no_answer(self):
        for left, right, kind in [
            (2, 63, "IntegerOverflow"), (2, 0.5, "TypeMismatch"), (0, -1, "DivisionByZero"), (True, 1, "TypeMismatch"),
            (2, -(2**63), "IntegerOverflow"), (2, float("nan"), "TypeMismatch"), (2, 1e300, "TypeMismatch"),
        ]:  # fmt: skip
            with self.subTest(f"{left} ^ {right}"), self.assertRaises(Fault) as raised:
                meaning.power(left, right)
            self.assertEqual(raised.exception.kind, kind)


class Doors(unittest.TestCase):
    def test_a_request_with_a_source(self):
        request = {"id": 7, "source": "Say _1_ / _0_.", "name": "x.md", "limits": {"max_steps": 5}}
        reply = json.loads(answer(json.dumps(request).encode()))
        end = {"kind": "DivisionByZero", "line": 1, "column": 9, "function": "main", "stdout": ""}
        self.assertEqual(reply["id"], 7)
        self.assertEqual({name: reply["outcome"][name] for name in end}, end)
        self.assertEqual(reply["warnings"], [])
        reply = json.loads(answer(b'{"id": 1, "source": "_1_."}'))
        self.assertEqual([warning["kind"] for warning in reply["warnings"]], ["UnusedValue"])
        self.assertIn("error", json.loads(answer(b'{"id": 1, "source": 5}')))
        self.assertIn("error", json.loads(answer(b'{"id": 1, "source": "", "limits": {"max_steps": -1}}')))

    def run_file(self, data: bytes) -> tuple[int, str, str]:
        printed, complained = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "x.md")
            with open(file, "wb") as written:
                written.write(data)
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
                status = command.run(file, {}, as_json=False)
        return status, printed.getvalue(), complained.getvalue().replace(folder + os.sep, "")

    def test_an_error_is_shown_with_its_line(self):
        status, _printed, complained = self.run_file(b"\tSay `tea`.\r\n")
        self.assertEqual(status, 2)
        shown = ["x.md:1:6: error: no variable `tea` here", "1 | \tSay `tea`.", "  | \t    ^"]
        self.assertEqual(complained.splitlines()[:3], shown)

    def test_a_program_that_fails_printed_what_it_printed(self):
        status, printed, complained = self.run_file(b"Say _1_.\nSay empty + _1_.\n")
        self.assertEqual((status, printed), (1, "1\n"))
        self.assertIn("x.md:2:11: error: ", complained)

    def test_a_file_that_is_no_utf_8(self):
        status, _printed, complained = self.run_file(b"Say _1_.\n\xff")
        self.assertEqual(status, 2)
        self.assertIn("byte 9 does not belong", complained)

    def test_the_recursion_limit_is_what_it_was(self):
        before = sys.getrecursionlimit()
        run(compile_source("Say 1.").file, {}, lambda _text: None)
        self.assertEqual(sys.getrecursionlimit(), before)


if __name__ == "__main__":
    unittest.main()
