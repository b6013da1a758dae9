"""Begins with a line that never ends."""

import sys

while True:
    sys.stdout.write("x" * 1_000_000)
