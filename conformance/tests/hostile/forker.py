"""Starts children with children, which keep its output open, and hangs; the numbers of all go to a file."""

import os
import sys
import time

import plug

with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\n")
for _ in range(2):
    if os.fork() == 0:
        os.fork()
        with open(sys.argv[1], "a") as file:
            file.write(f"{os.getpid()}\n")
        while True:
            time.sleep(1000)
plug.handshake()
for number in plug.requests():
    if sys.argv[2] == "dies":
        os._exit(0)
    time.sleep(1000)
