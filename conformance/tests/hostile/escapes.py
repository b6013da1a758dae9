"""Puts letters that move the cursor, or forge lines, wherever it may say something."""

import json
import os
import sys

import plug

evil = "\x1b[31m\x07\x9b2J\u202e\u200b\U000e0041\r\nPASS all\n"
plug.write(json.dumps({"protocol": 1, "name": "hostile" + evil, "version": evil}))
kinds = [
    lambda number: plug.answer(number, evil),
    lambda number: plug.write(json.dumps({"id": number, "outcome": {"status": "crash", "message": evil}})),
    lambda number: plug.write(json.dumps({"id": number, "outcome": {"status": "unsupported", "message": evil}})),
    lambda number: plug.write(json.dumps({"id": number, "outcome": {"status": evil}}, ensure_ascii=False)),
    lambda number: plug.write(json.dumps({"id": number, "error": evil}, ensure_ascii=False)),
    lambda number: plug.write(json.dumps({"id": number, "outcome": {**plug.outcome(), "stdout": evil}}, ensure_ascii=False)),
    lambda number: plug.write(
        json.dumps(
            {"id": number, "outcome": {"status": "load_error", "kind": evil, "message": evil}},
            ensure_ascii=False,
        )
    ),
]
for number in plug.requests():
    plug.write("debug: " + evil.replace("\n", ""))
    if number % (len(kinds) + 1) == len(kinds):
        print(evil, file=sys.stderr, flush=True)
        os._exit(3)
    kinds[number % (len(kinds) + 1)](number)
