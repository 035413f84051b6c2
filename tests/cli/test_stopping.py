"""Stopping: whoever presses Ctrl-C while the server is still starting does not wait for a kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drills.ports import free_port
from petition.config import Settings
from tests.factories import until

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
PATIENCE = 20
"""Seconds; a worker that did not hear is killed after thirty."""


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("time", range(3))
def test_told_to_end_while_starting(settings: Settings, time: int) -> None:
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "PETITION_INSTANCE": str(settings.instance),
        "PORT": str(port),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "petition", "serve"], cwd=ROOT, env=environment
    )
    try:
        until(lambda: is_open(port))
        # The master listens already; its workers are still importing.
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
