"""The port of the web server that runs on an instance, for commands beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from petition import files

PORT_FILE: Final = "web.port"


@contextmanager
def served_port(instance: Path, port: int) -> Iterator[None]:
    """INSTANCE/web.port names this process and its port for as long as the block lasts.

    For one process at a time: whoever calls this holds the instance (cli/listening.pid_file).
    """
    path = instance / PORT_FILE
    files.write_whole(path, [f"{os.getpid()} {port}\n".encode()])
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_served_port(instance: Path) -> int | None:
    """Where this instance's server listens; None when none runs, or it is not ours to know."""
    with contextlib.suppress(OSError, ValueError):
        pid, port = map(int, (instance / PORT_FILE).read_text(encoding="ascii").split())
        os.kill(pid, 0)  # whether it lives
        return port
    return None
