"""Controls: each still finds what it breaks; a name that went away would leave it green."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import drills

FOLDER = Path(drills.__file__).parent / "controls"


def test_every_control_finds_what_it_breaks() -> None:
    """In a process of its own, which is broken in every way afterwards."""
    program = "import sitecustomize\nfor break_ in sitecustomize.CONTROLS.values(): break_()"
    path = os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])])
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": path})
