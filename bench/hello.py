"""A page that only says hello, served by Flask with the settings of `petition serve`."""

from __future__ import annotations

import sys

from flask import Flask

from petition.cli.listening import listen
from petition.cli.server_process import WORKERS, Server


def create_app() -> Flask:
    """The least that a page of this server can be."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.add_url_rule("/", view_func=lambda: "hello\n", endpoint="hello")
    return app


if __name__ == "__main__":
    Server(create_app, listen("127.0.0.1", int(sys.argv[1]), WORKERS)).run()
