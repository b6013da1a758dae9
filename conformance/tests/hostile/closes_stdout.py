"""Closes its output after the handshake and goes on."""

import os
import time

import plug

plug.handshake()
os.close(1)
while True:
    time.sleep(1000)
