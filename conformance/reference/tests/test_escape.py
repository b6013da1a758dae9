"""What strangers write reaches a terminal escaped: through the errors of runs, of pages, of files and of arguments."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

import mdvm_reference
from mdvm_reference import serve
from mdvm_reference.escape import visible, visible_lines

HOSTILE = (
    "a\x1b]0;t\x07\x1b[2J\x7f\x9b31m\x85\xad\u061c\u180e\u200b\u200d\u200f\u2028\u2029\u202e\u2066\u2060\u3164\ufe0f"
    "\ufeff\ufff9\ue000\U000e0001\U000e0041\U000e0100\r\nx.mdbc: ok\nb"
)
RAW = {character for character in HOSTILE if not ("!" <= character <= "~") and character not in " \n"}


def run(*arguments: str) -> tuple[int, str, str]:
    folder = os.path.dirname(os.path.dirname(mdvm_reference.__file__))
    environment = {**os.environ, "PYTHONPATH": folder, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        [sys.executable, "-m", "mdvm_reference", *arguments], capture_output=True, env=environment, timeout=60
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


class Escaping(unittest.TestCase):
    def harmless(self, shown: str) -> None:
        self.assertFalse(RAW & set(shown), repr(shown))
        self.assertFalse([line for line in shown.splitlines() if line.startswith("x.mdbc: ok")], shown)

    def test_what_is_plain_to_see_stays(self):
        for text in ("", "plain", "\"quoted\" \\ 'so'", "日本語 é e\u0301 हिन्दी ß 😀"):
            self.assertEqual(visible(text), text)

    def test_nothing_that_moves_forges_or_hides_stays(self):
        self.harmless(visible(HOSTILE))
        self.assertEqual(visible(visible(HOSTILE)), visible(HOSTILE))
        self.assertEqual(visible_lines("a\x1b\nb"), "a\\u{1b}\nb")

    def test_names_of_files_and_arguments(self):
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, HOSTILE + ".md")
            with open(page, "w", encoding="utf-8") as file:
                inline = HOSTILE.replace("\r\n", "").replace("\n", "")
                file.write(f"Say `{inline}`.\nSay {inline}\n")
            for arguments in (
                ["run", page],
                ["check", page],
                ["run", "--json", page],
                ["run", page + ".mdbc"],
                ["run", page, page],
                ["run", "--" + HOSTILE, page],
                ["run", "--global=" + HOSTILE, page + ".mdbc"],
                ["explain", HOSTILE],
            ):
                with self.subTest(arguments):
                    status, printed, errors = run(*arguments)
                    self.assertEqual(status, 2)
                    self.assertTrue(printed or errors)
                    self.harmless(printed)
                    self.harmless(errors)

    def test_a_run_that_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "page.md")
            inline = HOSTILE.replace("\r\n", "").replace("\n", "")
            with open(page, "w", encoding="utf-8") as file:
                file.write(f'Set `x` to _"{inline}"_.\nSet `y` to `x` / _2_.\n')
            status, printed, errors = run("run", page)
            self.harmless(printed)
            self.harmless(errors)

    def test_json_of_answers(self):
        answered = io.BytesIO()
        request = json.dumps({"id": HOSTILE, "source": f'Say _"{HOSTILE[:12]}"_.\n'})
        with contextlib.suppress(ValueError):
            serve.serve(io.BytesIO(request.encode() + b"\n"), answered)
        text = answered.getvalue().decode()
        self.harmless(text)
        self.assertEqual(json.loads(text.splitlines()[1])["id"], HOSTILE)


if __name__ == "__main__":
    unittest.main()
