"""Begins with what would clear the screen, ring, and forge a line."""

import plug

plug.write('{"protocol": "\\u001b[2J\x1b[2J\a\u202e\u200b' + "z" * 5000 + '\\nall is as expected"}')
