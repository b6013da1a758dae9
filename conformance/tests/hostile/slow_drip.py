"""Writes a letter of its answer now and then, for ever."""

import sys
import time

import plug

plug.handshake()
for number in plug.requests():
    while True:
        sys.stdout.write(" ")
        sys.stdout.flush()
        time.sleep(0.1)
