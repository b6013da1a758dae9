"""Answers right, and fills its stderr with a line that never ends."""

import sys
import threading

import plug


def flood():
    while True:
        sys.stderr.write("e" * 100_000)


plug.handshake()
threading.Thread(target=flood, daemon=True).start()
for number in plug.requests():
    plug.answer(number)
