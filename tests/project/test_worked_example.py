"""The worked example of docs/development.md: a field more, from the form to the list."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "development.md").read_text("utf-8")
_STEP = re.compile(r"^`(?P<file>[\w./]+)`$|^```diff\n(?P<change>.*?)^```$", re.M | re.S)

Changes = list[tuple[str, str, str]]

SIGN = '''
"""Sign in the changed tree: once as before it was changed, once with a town."""

import csv
import json
import re
import sys
from datetime import timedelta

from petition.app import SHIPPED, create_app
from petition.cli import migrations
from petition.config import load
from petition.domain import tokens
from petition.services.campaigns import content_files
from petition.services.exports import csv_file
from petition.services.privacy import data_copy, rights
from petition.services.signatures import signing
from petition.store.db import reading, transaction
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of

app = create_app(load({"DATABASE_URL": f"sqlite:///{sys.argv[1]}/x.db",
                       "PETITION_INSTANCE": f"{sys.argv[1]}/instance"}))
with app.app_context():
    deps = dependencies_of(app)
    if sys.argv[2] == "before":
        migrations.upgrade(app)
        with transaction() as session:
            content_files.load_and_open_new(
                session, SHIPPED / "amazon", organiser="Us", at=deps.now()
            )
    client = app.test_client()

    def sign(**more):
        page = client.get("/en/amazon").get_data(as_text=True)
        ticket = re.search('name="ticket" value="([^"]+)"', page)[1]
        form = {"given_name": "Ada", "country": "DE", "agree": "yes", "updates": "no",
                "visibility": "counted", "ticket": ticket}
        answer = client.post("/en/amazon/sign", data=form | more)
        return page, answer

    page, answer = sign(email=f"{sys.argv[2]}@example.org", town="Leipzig")
    assert answer.status_code == 303, answer.status_code
    if sys.argv[2] == "before":
        sys.exit()
    _, refused = sign(email="long@example.org", town="L" * 101)
    order = csv_file.Export(slug="amazon", by="sam", reason="to look", for_target=False,
                            filters=Filters(states=("pending",)))
    lines = b"".join(csv_file.export(
        order, deps.vault, reading=reading, transaction=transaction, now=deps.now
    )).decode().splitlines()
    with reading() as session:
        copies = [json.loads(data_copy.as_json(
            data_copy.document(rights.find(session, id_), deps.vault))) for id_ in (1, 2)]
    mine = deps.tokens.sign(tokens.MY, "2", expires=deps.now() + timedelta(days=1))
    print(json.dumps({
        "form": page,
        "refused": [refused.status_code, refused.get_data(as_text=True)],
        "list": list(csv.DictReader(lines)),
        "last_column": lines[0].split(",")[-1],
        "copies": [copy["forms"][0] for copy in copies],
        "mine": client.get(f"/my/{mine}").get_data(as_text=True),
        "privacy": client.get("/en/amazon/privacy").get_data(as_text=True),
    }))
'''


def changes_of(page: str) -> Changes:
    """(file, old lines, new lines) of each change that the page shows."""
    found: Changes = []
    file = ""
    for step in _STEP.finditer(page):
        if step["file"]:
            file = step["file"]
            continue
        lines = step["change"].splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        found.append((file, old, "".join(line[1:] for line in lines if line[0] != "-")))
    return found


def apply(changes: Changes, tree: Path) -> None:
    for file, old, new in changes:
        path = tree / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{file} does not have, once:\n{old}"
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("petition", "templates", "migrations"):
        shutil.copytree(
            ROOT / name, tmp_path / "tree" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path / "tree"


def run(tree: Path, when: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    data = tree.parent / "data"
    data.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", SIGN, str(data), when],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_it_says_which_five_files_and_they_are_enough(tree: Path) -> None:
    changes = changes_of(PAGE)
    assert len({file for file, _, _ in changes}) == 5
    assert re.search(r"^Five files\b|\bFive files;", PAGE, re.M)

    run(tree, "before")
    apply(changes, tree)
    found = json.loads(run(tree, "after"))

    assert 'name="town"' in found["form"]
    status, page = found["refused"]
    assert status == 422
    assert 'href="#town">Town: This is too long: 100 characters at most.' in page
    assert [each["town"] for each in found["list"]] == ["", "Leipzig"]
    assert found["last_column"] == "town"
    assert [each["town"] for each in found["copies"]] == ["", "Leipzig"]
    assert "<dt>Town</dt><dd><bdi>Leipzig</bdi></dd>" in found["mine"]
    assert "postcode, town and comment" in found["privacy"]


def test_a_change_that_no_longer_fits_is_named(tree: Path) -> None:
    file, old, new = changes_of(PAGE)[0]
    with pytest.raises(AssertionError, match=r"supporter.py does not have, once"):
        apply([(file, old.replace("comment", "remark"), new)], tree)
