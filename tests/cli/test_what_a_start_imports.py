"""What a process imports before it does its work: what it does not need is left where it lies."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from flask import Flask

from petition.config import Settings
from tests.cli.conftest import ROOT, environ_of

STEPS = """
import json, sys
from petition.cli import main

def went(*words):
    try:
        main([*words], "petition")
    except SystemExit as end:
        assert not end.code, (words, end.code)
    print(json.dumps([*sys.modules]), file=sys.stderr)

went("--version")
went("count", "amazon")
went("worker", "--once")
went("serve", "--help")
went("db", "check")
"""
"""In one process, which takes a second: what each command imports beside those before it."""

OPTIONAL = {"alembic", "dkim", "dns", "nacl", "psycopg", "webauthn"}
"""For migrations, signed emails, `petition doctor`, PostgreSQL and passkeys."""
PAGES = {"petition.app", "petition.web.public", "petition.web.staff", "wtforms"}
DATABASE = {"flask", "petition.config", "petition.store", "sqlalchemy"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_process_imports_what_it_needs(app: Flask, settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ_of(settings)},
        cwd=settings.instance,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lists = [line for line in done.stderr.splitlines() if line.startswith("[")]
    version, count, worker, serve, check = (set(json.loads(line)) for line in lists)
    assert version & (DATABASE | PAGES | OPTIONAL) == set()
    assert count >= DATABASE
    assert count & (PAGES | OPTIONAL | {"granian", "petition.mail", "petition.worker"}) == set()
    assert "petition.worker" in worker
    assert worker & (PAGES | OPTIONAL | {"granian"}) == set()
    # The web processes are forked, and do not import the pages each for itself.
    assert serve >= PAGES | {"granian"}
    assert serve & OPTIONAL == set()
    assert "alembic" in check
