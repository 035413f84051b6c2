"""Doors in: HTTP to a command, a result to HTTP."""
