"""Every page in every state that a person can meet, and the way to each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyotp
from playwright.sync_api import Download, Page

from petition import config, i18n
from petition.app import SHIPPED
from petition.config import resource_dir
from petition.domain import tokens
from petition.domain.tokens import Tokens
from petition.store.tables import CodeTry, LinkRequest
from tests import people
from tests.browser import actions, staff
from tests.browser.instance import Instance, Letter
from tests.park import PARK

PUBLIC_NAMES: Final = 15
"""More than one page of names, and more than ten people from one country."""
AGAIN: Final = {
    "ar": "أعمل في DTM2. لم يردّ عليّ أحد.",
    "en": "I WORK AT DTM2. NOBODY HAS ANSWERED ME.",
}
COMMENTS: Final = {"ar": "الكرامة للجميع.", "en": "Dignity for all."}
OLD: Final = datetime(2020, 1, 1, tzinfo=UTC)
NOBODY: Final = "999999"

FOLDERS: Final = frozenset({"public", "staff", "errors", "dev", "embed", "api"})
LAYOUTS: Final = {"staff/base.html", "embed/base.html"}


def templates() -> set[str]:
    """Every template that is a page."""
    root = resource_dir("templates")
    found = {
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in (root / folder).glob("[!_]*.html")
    }
    return found - LAYOUTS


class Ready:
    """An instance where everything has happened that a page can be about."""

    def __init__(self, instance: Instance, folder: Path, languages: Sequence[str]) -> None:
        self.instance = instance
        self._languages = languages
        self.confirm: dict[str, Letter] = {}
        """By language: the letter of somebody who has not confirmed."""
        self.own: dict[str, Letter] = {}
        self.reply: dict[str, int] = {}
        """What a target answered to whom `own` is to."""
        """By language: the letter of somebody who has, stood in a list, and was entered again."""
        self.set_up_link = instance.invite("owner", "visitor@campaign.example.org")
        self._campaigns(folder)
        self.partner = self._partner()
        """A partner's key."""
        self._names()
        self._supporters()

    def lost_factor_link(self, email: str) -> str:
        """Of somebody who had a second factor."""
        self.instance.invite("viewer", email)
        self.instance.rows("UPDATE staff SET totp_sealed = x'00' WHERE email = ?", email)
        words = ("staff", "reset-2fa", email, "--reason", "lost")
        return self.instance.petition(*words).strip()

    def _campaigns(self, folder: Path) -> None:
        for slug in ("depot", "over"):
            call = shutil.copytree(SHIPPED / "amazon", folder / slug)
            file = call / "campaign.toml"
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace('"amazon"', f'"{slug}"', 1), encoding="utf-8")
            self.instance.petition("campaign", "load", str(call))
            self.instance.petition("campaign", "open", slug)
        for slug in ("park", "park-closed"):
            call = shutil.copytree(PARK, folder / slug)
            file = call / "campaign.toml"
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace('"park"', f'"{slug}"', 1), encoding="utf-8")
            self.instance.petition("campaign", "load", str(call))
            self.instance.petition("campaign", "open", slug)
        self.instance.petition("campaign", "close", "park-closed")
        actions.sign(self.instance, people.someone(1), slug="over")
        actions.confirm(self.instance, people.someone(1)["email"])
        self.instance.petition("campaign", "close", "over")

    def _partner(self) -> str:
        site = ("--site", "https://union.example.org")
        terms = actions.PARTNER_TERMS
        self.instance.petition("partner", "add", "amazon", "Workers’ Union", *site, *terms)
        made = json.loads(self.instance.petition("partner", "list", "amazon", "--json"))[-1]
        key = str(made["key"])
        for lang in i18n.codes():
            self.instance.petition("partner", "question", key, lang, "Yes, write to me.")
        self.accept_link = actions.accept_as_partner(self.instance, key)
        """Where the first partner accepted."""
        self.instance.petition("partner", "add", "amazon", "Choir", *site, *terms)
        choir = json.loads(self.instance.petition("partner", "list", "amazon", "--json"))[-1]
        words = ("partner", "terms", choir["key"], *terms)
        self.open_accept_link = self.instance.petition(*words).strip()
        """Where the second one can."""
        self.partner_page = self.instance.petition("partner", "link", key).split()[-1]
        return key

    def _names(self) -> None:
        amina, *others = (
            people.amina,
            *(people.someone(100 + n, visibility="public") for n in range(PUBLIC_NAMES - 1)),
        )
        actions.sign(self.instance, amina, "ar")
        for number, each in enumerate(others):
            actions.sign(self.instance, each | {"comment": "Dignity for all. " * number})
        for each in (amina, *others):
            actions.confirm(self.instance, each["email"])
        # One waits, one shows only a name, one shows nothing.
        ids = [row[0] for row in self.instance.rows("SELECT id FROM signatures ORDER BY id")][1:]
        self.instance.petition("comments", "name-only", str(ids[-2]))
        self.instance.petition("comments", "refuse", str(ids[-3]))
        self.instance.petition("comments", "approve", *(str(each) for each in ids[:-3]))
        actions.a_day_after_approval(self.instance)

    def _supporters(self) -> None:
        pending, own = {}, {}
        for number, code in enumerate(self._languages):
            pending[code] = people.someone(200 + number)
            own[code] = people.someone(300 + number, visibility="target", updates="yes")
            actions.sign(self.instance, pending[code], code)
            actions.sign(self.instance, own[code], code)
        for code, form in own.items():
            self.confirm[code] = self.instance.letter(pending[code]["email"], "/confirm/")
            self.own[code] = actions.confirm(self.instance, form["email"])
            self.reply[code] = actions.be_answered(self.instance, self.own[code], code)
        for target in ((), ("--for-target",)):
            words = ("--reason", "to hand it over", "-o", str(self.instance.folder / "list.csv"))
            self.instance.petition("export", "amazon", *target, *words)
        for code, form in own.items():
            again = {
                "given_name": "Somebody",
                "comment": COMMENTS.get(code, ""),
                "source": "poster",
            }
            actions.sign(self.instance, form | again, code)

    def token(self, purpose: str, value: str, *, ends: datetime) -> str:
        settings = config.load(self.instance.environ)
        return Tokens(settings.secret_key).sign(purpose, value, expires=ends)

    @contextmanager
    def broken(self, name: str = LinkRequest.__tablename__) -> Iterator[None]:
        """While this lasts, one table is not there: the database does not answer as it should."""
        self.instance.rows(f"ALTER TABLE {name} RENAME TO away")
        try:
            yield
        finally:
            self.instance.rows(f"ALTER TABLE away RENAME TO {name}")


class Tour:
    """Leads a page in one language from place to place, and says where it is.

    A place is called by its template and, after a colon, the state that it is in. Clicks are by
    force: where nothing is drawn, it shows on no frame that what is clicked holds still. They go to
    where it lies all the same, so what lies over it gets them.
    """

    def __init__(self, ready: Ready, page: Page, lang: str) -> None:
        self.ready = ready
        self.page = page
        self.lang = lang
        self.call = f"/{lang}/amazon"

    def start(self) -> Iterator[str]:
        """The call's page alone."""
        self.page.goto(self.call)
        yield "public/campaign.html"

    def everywhere(self) -> Iterator[str]:
        yield from self.the_call()
        yield from self.message()
        if self.lang == "en":
            yield from self.the_park()
        yield from self.in_a_frame()
        yield from self.partners_own()
        yield from self.link_requests()
        yield from self.behind_links()
        yield from self.my_signature()
        yield from self.errors()

    def _messages(self, room: str) -> Iterator[str]:
        page = self.page
        page.goto(room)
        yield "staff/messages.html"
        self._press("tbody a")
        yield "staff/message_target.html"
        self._press("form[action$='/stand'] button")
        yield "staff/message_target.html: errors"
        page.locator("#stand").select_option("refused")
        page.locator("#day").fill("2026-10-01")
        page.locator("#note").fill("A letter to the union.")
        self._press("form[action$='/stand'] button")
        answer = page.locator("#answer_en")
        if not answer.is_visible():  # all but the reader's language are folded
            page.locator("details", has=answer).locator("summary").click(force=True)
        answer.fill("We will not talk.")
        self._press("form[action$='/answers'] button")
        yield "staff/message_target.html: with an answer"

    def _webhooks(self, room: str) -> Iterator[str]:
        page = self.page
        page.goto(room)
        yield "staff/webhooks.html"
        self._press(f"form[action='{room}'] button")
        yield "staff/webhooks.html: errors"
        if not page.locator("#list-heading ~ ul a").count():
            page.locator("#url").fill("https://hooks.example.org/in/of/the/organisers/own/program")
            self._press(f"form[action='{room}'] button")
            yield "staff/webhook_secret.html"
            page.goto(room)
        self._press("#list-heading ~ ul a")
        self._press("form[action$='/test'] button")
        yield "staff/webhook.html"

    def _tokens(self, room: str) -> Iterator[str]:
        page = self.page
        page.goto(room)
        page.locator("#days").fill("")
        self._press(f"form[action='{room}'] button")
        yield "staff/tokens.html: errors"
        page.locator("#days").fill("30")
        page.locator("#scopes").check(force=True)
        self._press(f"form[action='{room}'] button")
        yield "staff/token_made.html"
        page.goto(room)
        yield "staff/tokens.html"

    def _press(self, words: str = "main form button[type=submit]:visible") -> None:
        with self.page.expect_navigation():
            self.page.locator(words).first.click(force=True)

    # --- the call, and signing it ---

    def the_call(self) -> Iterator[str]:
        page = self.page
        page.goto("/")
        yield "public/index.html"
        page.goto(f"/{self.lang}/over")
        yield "public/campaign.html: closed"
        page.goto(self.call)
        yield "public/campaign.html"
        self._press("#sign-button")
        yield "public/campaign.html: errors"
        page.locator("#given_name").fill("Tour")
        page.locator("#country").select_option("FR")
        page.locator("#updates").check(force=True)
        page.locator("#agree").check(force=True)
        page.locator("#email").fill("tour@amazon.com")
        self._press("#sign-button")
        yield "public/campaign.html: refused for the target"
        page.locator("#email").fill("tour@gmial.com")
        self._press("#sign-button")
        yield "public/campaign.html: a slip in the address"
        for folded in page.locator(".more:not([open]) > summary").all():
            folded.click(force=True)
        page.locator("#comment").fill("I work at DTM2, badge number 104538817, 0151 23456789.")
        page.locator("#email").fill("tour@gnail.com")
        self._press("#sign-button")
        yield "public/campaign.html: a slip and traces in the comment"
        for place in ("thanks", "confirmed", "privacy", "names"):
            page.goto(f"{self.call}/{place}")
            yield f"public/{place}.html"
        self._press_link("main nav.pages a[rel=next]")
        yield "public/names.html: older"
        page.goto(f"/{self.lang}/depot/names")
        yield "public/names.html: none"

    def _press_link(self, words: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(words).click(force=True)

    def message(self) -> Iterator[str]:
        """The email action, with a text like a worker's, and by one's own mailbox."""
        page = self.page
        page.goto(f"{self.call}/message")
        yield "public/message.html"
        self._press("#send-button")
        yield "public/message.html: errors"
        page.locator("#given_name").fill("Tour")
        page.locator("#country").select_option("FR")
        page.locator("#updates").check(force=True)
        page.locator("#agree").check(force=True)
        page.locator("#shown_as-full_name").check(force=True)
        page.locator("#email").fill("tour.writes@example.org")
        page.locator("#message_body").fill("I WORK AT DTM2. PLEASE LISTEN TO ALL OF US. {name}")
        self._press("#send-button")
        yield "public/message_preview.html"
        self._press("#send-button")
        yield "public/message_waiting.html"
        page.goto(f"{self.call}/message")
        self._press("button[name=signs]")
        yield "public/message.html: without signing"
        self._press("button[formaction$='/own']")
        yield "public/message_own.html"
        self._press("form[action$='/own/sent'] button")
        yield "public/message_thanks.html"

    def the_park(self) -> Iterator[str]:
        """The campaign of another kind, which speaks English only."""
        page = self.page
        page.goto("/en/park")
        page.locator(".updates summary").click(force=True)
        yield "public/campaign.html: park"
        self._press("#sign-button")
        yield "public/campaign.html: park errors"
        for place in ("thanks", "privacy", "my"):
            page.goto(f"/en/park/{place}")
            yield f"public/{'link_request' if place == 'my' else place}.html: park"
        page.goto("/en/park-closed")
        yield "public/campaign.html: park, closed with an outcome"

    def in_a_frame(self) -> Iterator[str]:
        """What partners' pages show, by itself."""
        page, of = self.page, f"?partner={self.ready.partner}&lang={self.lang}"
        page.goto(f"/embed/amazon{of}")
        yield "embed/form.html"
        self._press("#sign-button")
        yield "embed/form.html: errors"
        page.goto(f"/embed/amazon/thanks{of}")
        yield "embed/thanks.html"
        page.goto(f"/embed/amazon/message{of}")
        yield "public/message.html: in a frame"
        self._press("button[formaction*='/own']")
        yield "public/message_own.html: in a frame"
        page.goto(f"/embed/amazon?lang={self.lang}")
        yield "embed/no_form.html"
        page.goto(f"{self.call}/partners")
        yield "public/partners.html"
        page.goto(f"{self.ready.open_accept_link}?lang={self.lang}")
        yield "public/accept.html"
        self._press()
        yield "public/accept.html: errors"
        page.goto(f"{self.ready.accept_link}?lang={self.lang}")
        yield "public/accept.html: accepted"
        page.goto(f"/api/v1/?lang={self.lang}")
        yield "api/reference.html"

    def partners_own(self) -> Iterator[str]:
        """A partner's own page, by its link."""
        page = self.page
        page.goto(f"{self.ready.partner_page}?lang={self.lang}")
        page.locator("#name").fill(f"Leipzig {self.lang}")
        self._press("#sections form button")
        yield "public/partner.html"
        self._press("#sections form button")
        yield "public/partner.html: errors"

    def link_requests(self) -> Iterator[str]:
        page = self.page
        page.goto(f"{self.call}/my")
        yield "public/link_request.html"
        self._press()
        yield "public/link_request.html: errors"
        page.goto(f"{self.call}/thanks")
        self._press("#resend button")
        yield "public/link_request.html: errors in sending again"
        page.goto(f"{self.call}/asked")
        yield "public/asked.html"
        page.goto(f"{self.call}/code")
        yield "public/code.html"
        self._press()
        yield "public/code.html: errors"
        address = f"tries.{self.lang}@example.org"
        for _ in range(10):
            actions.post(self.ready.instance, f"{self.call}/code", email=address, code="BBB-BBB")
        page.locator("#email").fill(address)
        page.locator("#code").fill("BBB-BBB")
        self._press()
        yield "public/code.html: too many tries"

    # --- behind the links in letters ---

    def behind_links(self) -> Iterator[str]:
        page, letter = self.page, self.ready.confirm[self.lang]
        page.goto(letter.link("/confirm/"))
        yield "public/confirm.html"
        old = self.ready.token(tokens.CONFIRM, NOBODY, ends=OLD)
        page.goto(f"/confirm/{old}")
        yield "public/confirm_expired.html"
        page.goto(f"/confirm/{old[:-3]}")
        yield "public/confirm_invalid.html"
        page.goto(letter.link("/stop/"))
        yield "public/stop.html"
        self._press()
        yield "public/stop.html: blocked"

    def my_signature(self) -> Iterator[str]:
        page, letter = self.page, self.ready.own[self.lang]
        page.goto(letter.link("/my/"))
        yield "public/my.html"
        page.goto(f"{letter.link('/my/')}/answer?reply={self.ready.reply[self.lang]}")
        yield "public/answer.html"
        page.locator("#answer_body").fill("I WORK AT DTM2.\nThank you.")
        self._press("#send-button")
        yield "public/answer_preview.html"
        page.goto(letter.link("/my/"))
        page.locator("#given_name").fill("")
        self._press("#name-button")
        yield "public/my.html: errors"
        self._press("#erase-button")
        yield "public/my.html: not sure"
        page.locator("#visibility").check(force=True)
        self._press("#choices-button")
        yield "public/my.html: changed"
        with page.expect_download() as copy:
            page.locator("button[value=page]").click(force=True)
        page.goto(self._kept(copy.value))
        yield "public/my_copy.html"
        yield from self._answers(letter.link("/my/"))
        page.goto(letter.link("/unsubscribe/"))
        yield "public/unsubscribe.html"
        self._press()
        yield "public/unsubscribe.html: done"
        page.goto(letter.link("/my/"))
        page.locator("#given_name").fill("Amal")
        with self.ready.broken(CodeTry.__tablename__):
            self._press("#name-button")
        yield "errors/send_again.html"
        self._press()
        self._press("#withdraw-button")
        yield "public/my.html: withdrawn"
        self._press("#undo-button")
        yield "public/my.html: undone"
        self._press("#withdraw-button")
        page.locator("#sure").check(force=True)
        self._press("#erase-button")
        yield "public/my_erased.html"
        page.goto(letter.link("/my/"))
        yield "public/my_gone.html"

    def _answers(self, my: str) -> Iterator[str]:
        """Two weeks after an email of theirs was sent, whose text is deleted by now."""
        page, now = self.page, "2026-10-01 10:00:00.000000"
        signature_id = my.rpartition("/my/")[2].partition(".")[0]
        number = str(90_000 + int(signature_id))
        self.ready.instance.rows(
            "INSERT INTO messages (id, signature_id, target_id, wave, text_id, variant, shown_as,"
            " language, state, composed_at, finished_at, paced, wants_answer)"
            " SELECT ?, ?, id, 1, 1, 0, 'supporter', ?, 'sent', ?, ?, true, true"
            " FROM message_targets ORDER BY id LIMIT 1",
            number,
            signature_id,
            self.lang,
            now,
            now,
        )
        page.goto(f"{my}/answers")
        yield "public/my_answers.html"
        self._press("button[name=outcome][value=none]")
        yield "public/my_answers.html: none"
        self._press("form[action*='/write-again'] button")
        yield "public/chase_up.html"
        page.locator("#message_subject").fill("")
        self._press("#send-button")
        yield "public/chase_up.html: errors"
        page.locator("#message_subject").fill("Again")
        page.locator("#message_body").fill(AGAIN.get(self.lang, AGAIN["en"]))
        self._press("#send-button")
        yield "public/chase_up.html: preview"

    def _kept(self, copy: Download) -> str:
        """Where the file lies that somebody took along."""
        path = self.ready.instance.folder / f"{self.lang}-{copy.suggested_filename}"
        copy.save_as(path)
        return path.as_uri()

    def errors(self) -> Iterator[str]:
        page, instance = self.page, self.ready.instance
        page.goto(f"/{self.lang}/nothing")
        yield "errors/error.html: 404"
        page.goto(f"{self.call}/sign")
        yield "errors/error.html: 405"
        page.goto("about:blank")
        page.set_content(f"<form method=post action='{instance.url}{self.call}/sign'><button>")
        self._press("button")
        yield "errors/error.html: 403"
        page.goto(f"{self.call}/my")
        page.locator("#email").fill("tour@example.org")
        with self.ready.broken():
            self._press()
        yield "public/link_request.html: errors: unavailable"

    # --- the console ---

    def console_from_outside(self) -> Iterator[str]:
        page = self.page
        page.goto(self.ready.set_up_link)
        yield "staff/set_up.html"
        page.locator("#password").fill("too short")
        self._press()
        yield "staff/set_up.html: errors"
        yield from self._second_factor()
        page.goto("/staff/sign-in")
        yield "staff/sign_in.html"
        page.locator("#email").fill(f"nobody.{self.lang}@example.org")
        for _ in range(5):
            page.locator("#password").fill("wrong")
            self._press()
        yield "staff/sign_in.html: errors"
        page.locator("#password").fill("wrong")
        self._press()
        yield "staff/sign_in.html: errors: too many tries"

    def _second_factor(self) -> Iterator[str]:
        """From a password to the console, out, and half-way in again."""
        page, email = self.page, f"new.{self.lang}@campaign.example.org"
        page.goto(self.ready.instance.invite("owner", email))
        page.locator("#password").fill(staff.PASSWORD)
        self._press()
        yield "staff/second_factor_set_up.html"
        page.locator("#code").fill("000000")
        self._press()
        yield "staff/second_factor_set_up.html: errors"
        secret = page.locator("#secret").inner_text().replace(" ", "")
        page.locator("#code").fill(pyotp.TOTP(secret).now())
        self._press()
        yield "staff/recovery_codes.html"
        page.goto("/staff/second-factor/again?to=/staff/")
        yield "staff/second_factor_again.html"
        page.locator("#code").fill("nothing")
        self._press()
        yield "staff/second_factor_again.html: errors"
        page.goto(self.ready.lost_factor_link(f"lost.{self.lang}@campaign.example.org"))
        yield "staff/lost_factor.html"
        self._press()
        yield "staff/lost_factor.html: errors"
        page.goto("/staff/")
        self._press("header form button")
        page.locator("#email").fill(email)
        page.locator("#password").fill(staff.PASSWORD)
        self._press()
        yield "staff/second_factor.html"
        page.locator("#code").fill("nothing")
        self._press()
        yield "staff/second_factor.html: errors"
        page.context.clear_cookies()

    def console(self) -> Iterator[str]:
        """For a page that is signed in."""
        page, campaign = self.page, "/staff/campaigns/amazon"
        page.goto("/staff/")
        yield "staff/campaigns.html"
        page.goto(campaign)
        yield "staff/campaign.html"
        self._press(f"form[action='{campaign}/export'] button")
        yield "staff/campaign.html: errors"
        page.locator("#reason").fill("a look")
        self._press(f"form[action='{campaign}/export'] button")
        yield "staff/making.html"
        page.goto(campaign)
        yield "staff/campaign.html: with a file to fetch"
        page.goto(f"{campaign}/domains")
        yield "staff/domains.html"
        self._press(f"form[action='{campaign}/domains'] button")
        yield "staff/domains.html: errors"
        theirs = f"{self.lang}.example.org"
        self.ready.instance.petition("campaign", "domains", "amazon", "--add", theirs)
        page.locator("#domain").fill("corp.example.org")
        self._press(f"form[action='{campaign}/domains'] button")
        yield "staff/domains.html: somebody else was first"
        page.goto(f"{campaign}/partners")
        yield "staff/partners.html"
        self._press(f"form[action='{campaign}/partners'] button")
        yield "staff/partners.html: errors"
        page.goto(f"{campaign}/partners/{self.ready.partner}")
        page.locator("#preview summary").click(force=True)
        yield "staff/partner.html"
        page.goto(f"{campaign}/partners/{self.ready.partner}/page")
        yield "staff/partner_page.html"
        self._press("form[action$='/sections'] button")
        yield "staff/partner_page.html: errors"
        page.goto(f"{campaign}/partners/{self.ready.partner}/page")
        self._press("form[action$='/link'] button")
        yield "staff/partner_link_made.html"
        self.ready.partner_page = page.locator("code").inner_text()
        page.goto(f"{campaign}/partners/{self.ready.partner}")
        self._press("form[action$='/block'] button")
        yield "staff/partner.html: blocked"
        self._press("form[action$='/lift'] button")
        page.goto(f"{campaign}/partners/{self.ready.partner}/arrangement")
        yield "staff/arrangement.html"
        page.locator("#retention_months").fill("0")
        self._press("form[action$='/arrangement'] button")
        yield "staff/arrangement.html: errors"
        yield from self._webhooks(f"{campaign}/webhooks")
        yield from self._tokens(f"{campaign}/partners/{self.ready.partner}/tokens")
        yield from self._messages(f"{campaign}/messages")
        page.goto("/staff/account")
        yield "staff/account.html"
        page.goto("/staff/lost-factor")
        yield "staff/lost_factor_make.html"
        page.locator("#email").fill("nobody@example.org")
        self._press()
        yield "staff/lost_factor_make.html: errors"
        lost = f"lost.{self.lang}@campaign.example.org"
        self.ready.lost_factor_link(lost)
        page.locator("#email").fill(lost)
        page.locator("#reason").check(force=True)
        self._press()
        yield "staff/lost_factor_made.html"
        page.goto("/staff/people")
        yield "staff/people.html"
        self._press("form[action='/staff/people'] button")
        yield "staff/people.html: errors"
        page.locator("#email").fill(f"invited.{self.lang}@example.org")
        page.locator("#role").check(force=True)
        self._press("form[action='/staff/people'] button")
        yield "staff/people.html: a link"
        self._press_link(f"a:has-text('invited.{self.lang}@')")
        yield "staff/person.html"
        self._press("form[action$='/role'] button")
        yield "staff/person.html: errors"
        page.goto("/staff/help")
        yield "staff/help.html"
        page.goto("/staff/limits")
        yield "staff/limits.html"
        self._press("form[action='/staff/limits'] button")
        yield "staff/limits.html: errors"
        page.goto("/staff/audit")
        yield "staff/audit.html"
        page.goto("/staff/audit?day=x")
        yield "staff/audit.html: errors"
        page.goto("/staff/campaigns/depot/state")
        yield "staff/state.html"
        self._press("form[action$='/close'] button")
        page.goto("/staff/campaigns/depot/state")
        yield "staff/state.html: closed"
        self._press("form[action$='/open'] button")
        for verdict in ("", "?only=comments", "?only=names&country=DE", "?verdict=shown"):
            page.goto(f"{campaign}/comments{verdict}")
            yield f"staff/comments.html: {verdict or 'waiting'}"
        self._press(".reviews button[name=refused]")
        yield "staff/comments.html: decided"
        self._press("form[action*='/comments/undo'] button")
        yield "staff/comments.html: undone"
        ((decided,),) = self.ready.instance.rows(
            "SELECT min(signature_id) FROM entries JOIN reviews ON entry_id = entries.id"
        )
        page.goto(f"{campaign}/comments?changed=1&left=1&nothing=1&others={decided}")
        yield "staff/comments.html: somebody else was first"
        yield from self._signatures(f"{campaign}/signatures")
        yield from self._panic()

    def _panic(self) -> Iterator[str]:
        """Last: it signs everybody out. What others of the tour need is there again afterwards."""
        page, instance = self.page, self.ready.instance
        page.goto("/staff/panic")
        yield "staff/panic.html"
        for what in ("letters", "lists"):
            instance.rows("INSERT INTO pauses VALUES (?, '2026-11-02 09:30:00.000000')", what)
        page.goto("/staff/")
        yield "staff/campaigns.html: paused"
        page.goto("/staff/panic")
        yield "staff/panic.html: paused"
        self._press("form[action='/staff/panic/resume'] button")
        self._press("form[action='/staff/panic'] button")
        instance.petition("staff", "resume")
        self.ready.set_up_link = instance.invite("owner", "visitor@campaign.example.org")
        yield "staff/panic_done.html"

    def _signatures(self, address: str) -> Iterator[str]:
        page = self.page
        page.goto(address)
        yield "staff/signatures.html"
        self._press(f"form[action='{address}/find'] button")
        yield "staff/signatures.html: errors"
        page.locator("#wanted").fill(f"nobody.{self.lang}@example.org")
        self._press(f"form[action='{address}/find'] button")
        yield "staff/signatures.html: nobody"
        page.goto(f"{address}?day=x")
        yield "staff/signatures.html: no day"
        page.goto(f"{address}?state=confirmed&sort=sent")
        self._press(f"button[formaction='{address}/hold']")
        yield "staff/signatures.html: nothing ticked"
        self._press_link("tbody th a >> nth=0")
        yield "staff/signature.html"
        self._press(f"button[formaction='{address}/hold']")
        yield "staff/signature.html: errors"
        page.locator("#reason").select_option("other")
        self._press(f"button[formaction='{address}/hold']")
        yield "staff/bulk_action.html"
        self._press("form[action$='/do'] button")
        yield "staff/bulk_action.html: done"
        self._press("form[action$='/undo'] button")
        yield "staff/bulk_action.html: undone"
        page.goto(f"{address}?state=confirmed")
        page.locator("input[name=each]").first.check(force=True)
        self._press(f"button[formaction='{address}/erase']")
        self._press("form[action$='/do'] button")
        yield "staff/bulk_action.html: waiting"
        page.goto(f"{address}?state=confirmed")
        yield "staff/signatures.html: one is marked"
        page.locator("section ul.domains a").first.click(force=True)
        self._press("form[action$='/cancel'] button")
        yield "staff/bulk_action.html: cancelled"

    def mailbox(self) -> Iterator[str]:
        self.page.goto("/dev/outbox")
        yield "dev/outbox.html"
        self._press_link(".letters li:first-child a")
        yield "dev/letter.html"
        self.page.goto("/dev/partner")
        yield "dev/partner.html"
