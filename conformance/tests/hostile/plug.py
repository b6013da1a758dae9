"""What the hostile implementations share: an honest beginning."""

import json
import sys


def write(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def handshake():
    write(json.dumps({"protocol": 1, "name": "hostile", "version": "1"}))


def requests():
    for line in sys.stdin:
        yield json.loads(line)["id"]


def outcome(result=None):
    return {"status": "ok", "result": result, "stdout": "", "steps": 1, "globals": {}}


def answer(number, result=None):
    write(json.dumps({"id": number, "outcome": outcome(result)}))
