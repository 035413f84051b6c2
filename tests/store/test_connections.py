"""Many threads are served by connections that are kept, not by new ones for each of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from petition.store.db import db, reading
from tests.factories import together

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
CROWD = 16
"""As many threads as the web server runs."""


def test_many_threads_connect_once(app: Flask) -> None:
    opened: list[Any] = []
    all_of_them = threading.Barrier(CROWD)

    def work(_: int) -> None:
        with app.app_context():
            for _ in range(4):
                all_of_them.wait(30)
                with reading() as session:
                    session.execute(text("SELECT 1"))
                    all_of_them.wait(30)  # each holds a connection of its own at this moment

    db.engine.dispose()
    event.listen(db.engine, "connect", lambda *found: opened.append(found))
    assert together(CROWD, work) == []
    assert len(opened) == CROWD
