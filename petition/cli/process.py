"""One process of the web server: the app, and an end when its master ends."""

from __future__ import annotations

import ctypes
import signal
import sys

from flask import Flask

from petition import app

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent is gone."""


def create_app() -> Flask:
    """The app, in a process that does not outlive its master.

    A master that was killed cannot end its workers. They would go on answering at its port,
    beside those of the next master.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    return app.create_app()
