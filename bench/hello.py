"""A page that only says hello, served by Flask with the settings of `petition serve`."""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask

from petition.cli.running import THREADS, WORKERS, server


def create_app() -> Flask:
    """The least that a page of this server can be."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.add_url_rule("/", view_func=lambda: "hello\n", endpoint="hello")
    return app


if __name__ == "__main__":
    server(
        "127.0.0.1",
        int(sys.argv[1]),
        WORKERS,
        THREADS,
        Path(sys.argv[2]),
        target="bench.hello:create_app",
    ).serve()
