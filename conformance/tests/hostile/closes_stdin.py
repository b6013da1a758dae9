"""Closes its input after the handshake and goes on."""

import os
import time

import plug

plug.handshake()
os.close(0)
while True:
    time.sleep(1000)
