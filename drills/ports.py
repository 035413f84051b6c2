"""Ports of this machine for servers that are about to start, each given to one process only."""

import random
import socket
from collections.abc import Iterable

from drills.failure import DrillError

PORTS = range(20_000, 32_000)
"""Below those that Linux hands out by itself, to whoever connects or binds to port 0."""

_held: list[socket.socket] = []


def free_port(ports: Iterable[int] = PORTS) -> int:
    """A port of 127.0.0.1 where nobody listens, and that no other caller gets.

    It stays this process's until its end: the mark is a name in Linux's table of abstract sockets,
    which the kernel clears when its process is gone. So runs beside each other never meet.
    """
    found = list(ports)
    random.shuffle(found)
    for port in found:
        if _is_ours(port) and _is_unused(port):
            return port
    raise DrillError("no port is free")


def _is_ours(port: int) -> bool:
    """Whether nobody had it marked; then it is marked now."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0petition-port-{port}")
    except OSError:
        mark.close()
        return False
    _held.append(mark)
    return True


def _is_unused(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
