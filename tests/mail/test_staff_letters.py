"""Letters to staff: in every language, without a link and without a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from petition import i18n
from petition.mail.staff_letters import KINDS, to_staff
from petition.store.letters.staff_letters import StaffLetter
from tests.letter_rules import faults
from tests.mail.written import AT, HOST, context, part, read, unflowed


def letter(kind: str, language: str = "en") -> StaffLetter:
    return StaffLetter(id=17, kind=kind, to="sam@example.org", language=language)


@pytest.mark.parametrize("language", i18n.codes())
@pytest.mark.parametrize("kind", KINDS)
def test_each_says_what_happened_and_what_to_do(tmp_path: Path, kind: str, language: str) -> None:
    ready = to_staff(context(tmp_path), letter(kind, language), AT)
    assert ready is not None
    assert faults(ready.content, ["sam@example.org"]) == []
    message = read(ready.content)
    text = unflowed(part(message, "plain"))
    assert len([line for line in text.splitlines() if line]) == 3
    assert HOST in text
    assert "://" not in text, "a letter with a link could be made up by others"
    assert message["Content-Language"] == language
    assert f'lang="{language}"' in part(message, "html")


def test_what_a_newer_version_owed_is_not_written(tmp_path: Path) -> None:
    assert to_staff(context(tmp_path), letter("digest"), AT) is None
