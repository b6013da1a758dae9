"""Answers without end what nobody asked."""

import plug

plug.handshake()
while True:
    plug.write('{"id": 999999999, "outcome": {"status": "ok", "result": null, "stdout": "", "steps": 1, "globals": {}}}')
