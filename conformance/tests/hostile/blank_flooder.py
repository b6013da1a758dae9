"""Writes empty lines without end."""

import sys

import plug

plug.handshake()
while True:
    sys.stdout.write("\n" * 10_000)
