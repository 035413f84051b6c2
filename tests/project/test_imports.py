"""The import contracts of pyproject.toml are kept, and each one sees a wrong import."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "petition"
BANNED_NAMES = {"utils", "util", "helpers", "helper", "managers", "manager", "common", "misc"}
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"
WRONG = {
    "domain/tokens.py": "import petition.store.jobs",
    "web/ops/health.py": "import petition.mail.letters",
    "store/vault/vault.py": "import petition.store.privacy.erasure",
    "store/db/types.py": "import petition.store.jobs",
    "web/public/sharing.py": "import petition.web.staff.layout",
    "services/staff/accounts.py": "from flask import g",
    "services/signatures/signing.py": "from sqlalchemy import select",
}
"""A line that at least one contract forbids there; together they break all of them."""


def contracts(folder: Path) -> dict[str, str]:
    """Each contract's name and whether it is KEPT or BROKEN, for the package in a folder."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    done = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(re.findall(r"^(\S.*?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))


def test_each_contract_sees_a_wrong_import(tmp_path: Path) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "petition")
    kept = contracts(tmp_path)
    assert len(kept) >= 6
    assert set(kept.values()) == {"KEPT"}, kept
    for name, line in WRONG.items():
        with (package / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    assert set(contracts(tmp_path).values()) == {"BROKEN"}


def test_no_module_is_called_after_nothing() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert not {*path.relative_to(PACKAGE).with_suffix("").parts} & BANNED_NAMES, path
