"""No port is given twice: not by one process, not by two, and not where somebody listens."""

import socket
import subprocess
import sys

import pytest

from drills.failure import DrillError
from drills.ports import PORTS, free_port

ASK = "import sys; from drills.ports import free_port; print(free_port([int(sys.argv[1])]))"


def test_each_port_is_given_once() -> None:
    two = [free_port(), free_port()]
    assert len({*two}) == 2
    assert {*two} <= {*PORTS}
    with pytest.raises(DrillError, match="no port is free"):
        free_port(two)


def test_another_process_gets_another_until_this_one_ends() -> None:
    port = free_port()
    ask = [sys.executable, "-c", ASK]
    asked = subprocess.run([*ask, str(port)], capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "no port is free" in asked.stderr


def test_a_process_that_ended_has_given_its_port_back() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "from drills.ports import free_port; print(free_port())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert free_port([int(asked.stdout)]) == int(asked.stdout)


def test_where_somebody_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(DrillError):
        free_port([server.getsockname()[1]])
