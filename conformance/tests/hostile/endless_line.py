"""Answers with a line that never ends."""

import sys

import plug

plug.handshake()
for number in plug.requests():
    while True:
        sys.stdout.write("x" * 1_000_000)
