"""Answers each request right, and each as late as it may."""

import time

import plug

plug.handshake()
for number in plug.requests():
    time.sleep(0.7)
    plug.answer(number)
