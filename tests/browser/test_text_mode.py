"""A signature's whole way in a text browser: no pictures, no styles, no scripts, no mouse."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from petition import i18n
from tests.browser.conftest import missing
from tests.browser.instance import Instance
from tests.browser.lynx import (
    BUTTON,
    CHOICE,
    RADIO,
    TEXT,
    TICK,
    Lynx,
    Sight,
    choose,
    press,
    type_in,
)

NAMES = {"en": ("Amina", "Ben Youssef"), "ar": ("أمينة", "بن يوسف")}
BOTH = pytest.mark.parametrize("lang", sorted(NAMES))


@pytest.fixture
def lynx(tmp_path: Path) -> Lynx:
    if shutil.which("lynx") is None:
        missing("there is no lynx")
    return Lynx(tmp_path)


def said(sight: Sight, lang: str, *messages: str) -> None:
    """The page says each of these, in its language."""
    for message in messages:
        words = " ".join(i18n.language(lang).gettext(message).split())
        assert words in sight.text, f"no “{words}” in: {sight.text}"


def sign(lynx: Lynx, instance: Instance, lang: str, email: str, slug: str = "amazon") -> Sight:
    """Fill in what is required, and leave the rest as the browser shows it."""
    url = f"{instance.url}/{lang}/{slug}"
    form = lynx.look(url)
    # The first field is the one that people are told to leave empty.
    _trap, given, family, address = form.of(TEXT)
    morocco = dict(i18n.language(lang).countries())["MA"]
    return lynx.go(
        url,
        type_in(given, NAMES[lang][0]),
        type_in(family, NAMES[lang][1]),
        type_in(address, email),
        choose(form.of(CHOICE)[0], morocco),
        press(form.of(TICK)[0]),
        press(form.of(BUTTON)[0]),
    )


@BOTH
def test_sign_confirm_look_withdraw(lynx: Lynx, instance: Instance, lang: str) -> None:
    email = f"text.{lang}@example.org"
    said(sign(lynx, instance, lang, email), lang, "Now check your email", "Send it again")

    link = instance.letter(email, "/confirm/").link("/confirm/")
    asked = lynx.look(link)
    said(asked, lang, "Do you confirm this signature?")
    thanked = lynx.go(link, press(asked.of(BUTTON)[0]))
    said(thanked, lang, "Thank you. Your signature is confirmed.")

    link = instance.letter(email, "/my/").link("/my/")
    mine = lynx.look(link)
    said(mine, lang, "Confirmed and counted.", "What you agreed to", "Erase everything about me")
    assert NAMES[lang][0] in mine.text
    assert email in mine.text

    withdrawn = lynx.go(link, press(mine.of(BUTTON)[4]))
    said(withdrawn, lang, "Your signature is withdrawn. The count follows within a minute or so.")
    page = lynx.look(link)
    said(page, lang, "Withdrawn. It is no longer counted.")
    undone = lynx.go(link, press(page.of(BUTTON)[0]))
    said(undone, lang, "Your signature is back as it was. The count follows within a minute or so.")


def test_what_a_text_browser_presses_by_itself_gives_nothing_away(
    lynx: Lynx, instance: Instance
) -> None:
    """Lynx presses the first of a group of answers that has none pressed."""
    email = "text.untouched@example.org"
    sign(lynx, instance, "en", email)
    link = instance.letter(email, "/confirm/").link("/confirm/")
    asked = lynx.look(link)
    lynx.go(link, press(asked.of(BUTTON)[0]))
    instance.letter(email, "/my/")
    listing = instance.folder / "untouched.csv"
    instance.petition("export", "amazon", "--reason", "to look", "-o", str(listing))
    with listing.open(encoding="utf-8", newline="") as lines:
        (row,) = (each for each in csv.DictReader(lines) if each["email"] == email)
    assert (row["updates_consent"], row["visibility"]) == ("no", "counted")


@BOTH
def test_an_error_says_what_to_do_and_where(lynx: Lynx, instance: Instance, lang: str) -> None:
    url = f"{instance.url}/{lang}/amazon"
    form = lynx.look(url)
    answer = lynx.go(url, type_in(form.of(TEXT)[1], "Amina"), press(form.of(BUTTON)[0]))
    said(answer, lang, "Please choose your country.", "Please fill this in.")
    assert answer.text.index("Amina") > answer.text.index(i18n.language(lang).gettext("Given name"))


def test_the_code_can_be_typed(lynx: Lynx, instance: Instance) -> None:
    email = "text.code@example.org"
    sign(lynx, instance, "en", email)
    letter = instance.letter(email, "/confirm/")
    url = f"{instance.url}/en/amazon/code"
    form = lynx.look(url)
    address, code = form.of(TEXT)
    confirmed = lynx.go(
        url,
        type_in(address, email),
        type_in(code, letter.code.lower()),
        press(form.of(BUTTON)[0]),
    )
    said(confirmed, "en", "Thank you. Your signature is confirmed.")


def test_an_answer_can_be_changed(lynx: Lynx, instance: Instance) -> None:
    email = "text.answers@example.org"
    sign(lynx, instance, "en", email)
    link = instance.letter(email, "/confirm/").link("/confirm/")
    lynx.go(link, press(lynx.look(link).of(BUTTON)[0]))
    link = instance.letter(email, "/my/").link("/my/")
    form = lynx.look(link)
    # Three answers about the name, then no and yes about news; the first button changes them.
    public, yes = form.of(RADIO)[2], form.of(RADIO)[4]
    changed = lynx.go(link, press(public), press(yes), press(form.of(BUTTON)[0]))
    said(changed, "en", "Your answers have been changed.")
    assert "Who sees your name: everyone" in changed.text
    assert "News by email: yes" in changed.text


def test_whoever_was_entered_by_somebody_else_gets_out(lynx: Lynx, instance: Instance) -> None:
    email = "text.stop@example.org"
    sign(lynx, instance, "en", email)
    link = instance.letter(email, "/stop/").link("/stop/")
    asked = lynx.look(link)
    said(asked, "en", "Wasn’t this you?", "Opening this page has done nothing yet.")
    said(lynx.go(link, press(asked.of(BUTTON)[0])), "en", "This address is blocked here")
    said(lynx.look(link), "en", "This address is blocked here")


def test_letters_that_nobody_asked_for_can_be_ended(lynx: Lynx, instance: Instance) -> None:
    email = "text.enough@example.org"
    sign(lynx, instance, "en", email)
    link = instance.letter(email, "/confirm/").link("/confirm/")
    lynx.go(link, press(lynx.look(link).of(BUTTON)[0]))
    link = instance.letter(email, "/unsubscribe/").link("/unsubscribe/")
    ended = lynx.go(link, press(lynx.look(link).of(BUTTON)[0]))
    said(ended, "en", "You get no more news from us")
