"""Answers every request with 50 MB."""

import plug

plug.handshake()
big = "y" * 50_000_000
for number in plug.requests():
    plug.answer(number, big)
