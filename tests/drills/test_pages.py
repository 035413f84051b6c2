"""The drill of pages: what it judges by; the walk itself is tests/browser/test_every_page.py."""

from __future__ import annotations

import argparse

import pytest

from drills.pages import CONTROLS, arguments, drill, summary
from petition import i18n


def test_nothing_found_and_all_seen_is_green() -> None:
    assert summary([], set()) == []


def test_findings_and_pages_that_nobody_saw_are_red() -> None:
    assert summary(["en, x: wide", "ar, x: wide"], {"public/b.html", "public/a.html"}) == [
        "2 findings",
        "never looked at: public/a.html, public/b.html",
    ]


def test_each_control_is_about_one_way_of_looking() -> None:
    assert len({control.sign for control in CONTROLS.values()}) == len(CONTROLS)


def test_every_language_unless_some_are_chosen() -> None:
    parser = argparse.ArgumentParser()
    arguments(parser)
    assert parser.parse_args([]).languages == i18n.codes()
    assert parser.parse_args(["--languages", "pl", "ar"]).languages == ["pl", "ar"]
    with pytest.raises(SystemExit):
        parser.parse_args(["--languages", "xx"])


def test_postgresql_has_no_pages_of_its_own() -> None:
    verdict = drill("postgresql", argparse.Namespace())
    assert str(verdict) == "pages postgresql: the pages are those of sqlite: green"
