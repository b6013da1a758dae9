"""Says who it is, and ends with success."""

import plug

plug.handshake()
