"""Reads the requests and never answers."""

import time

import plug

plug.handshake()
for _ in plug.requests():
    pass
while True:
    time.sleep(1000)
