"""Settings: read once from the environment, checked, and handed down as values."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from petition import dkim_keys, setting_urls
from petition.addr_spec import AddressRefused, a_label, addr_spec
from petition.dkim_keys import DkimKey
from petition.errors import SettingError
from petition.keyring import KeyRing
from petition.served_port import find_served_port
from petition.setting_files import Source, instance_folder, made_key
from petition.setting_urls import Imap, Smtp

PACKAGE = Path(__file__).parent
MOST = 1_000_000
"""As high as a limit goes; no sender comes near."""

Value = TypeVar("Value")


def resource_dir(name: str) -> Path:
    """The folder `name` (templates, migrations): inside an installed wheel, else beside it."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True)
class Limit:
    """How much of one thing a sender may do: shortly, and in an hour."""

    burst: int
    an_hour: int

    def widened(self, factor: int) -> Limit:
        return Limit(self.burst * factor, self.an_hour * factor)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one sender may do. A burst is within a minute; of letters, at once."""

    letters: Limit
    """More than these wait their turn."""
    forms: int
    """An hour; more than these are not taken."""
    codes: Limit
    links: Limit
    sign_ins: Limit
    pages: Limit

    def widened(self, factor: int) -> Limits:
        """The same for a place where many people share one address."""
        return Limits(
            letters=self.letters.widened(factor),
            forms=self.forms * factor,
            codes=self.codes.widened(factor),
            links=self.links.widened(factor),
            sign_ins=self.sign_ins.widened(factor),
            pages=self.pages.widened(factor),
        )


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who letters are from: a name, which may be empty, and an address."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Where people reach the controller: what they read, and the link behind it."""

    shown: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, in the order of the documentation."""

    database_url: str
    redis_url: str | None
    smtp: Smtp | None
    imap: Imap | None
    """The folder that `petition mail receive --imap` takes in."""
    port: int
    instance: Path
    base_url: str
    secret_key: str
    vault_keys: KeyRing
    vault_key_file: Path | None
    mail_from: Sender
    return_domain: str
    """Of the address that a target's answers go to."""
    dkim_keys: tuple[DkimKey, ...]
    """What emails are signed with; none: they are not, by us."""
    receives: bool
    """True where PETITION_RETURN_DOMAIN is set: what comes back to its addresses reaches us."""
    letters_per_minute: int
    message_days: int
    """So long after a message ended its text is kept."""
    messages_per_hour: int
    """At most so many messages go to the mailboxes of one mail domain in an hour."""
    organiser: str | None
    contact: Contact | None
    trusted_proxies: int
    limits: Limits
    second_person: bool
    """True: long lists are not taken out by one person alone."""
    code_tries: int
    """Codes typed by hand that are judged in an hour, for all addresses together."""
    webhooks_loopback: bool
    """True in development only: webhooks may go to a program on this machine."""
    env: str
    generated: tuple[str, ...]

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def secure(self) -> bool:
        """True when supporters reach us by https."""
        return self.base_url.startswith("https://")

    @property
    def on_own_machine(self) -> bool:
        """True in development, where only who sits at this machine reaches us."""
        local = urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}
        return not self.production and local

    @property
    def shows_mailbox(self) -> bool:
        """True for the page that shows letters: on one's own machine, without SMTP."""
        return self.on_own_machine and self.smtp is None

    @property
    def demo_origin(self) -> str:
        """Another origin that leads to this server: there stands the demo partner's page."""
        parts = urlsplit(self.base_url)
        host = "127.0.0.1" if parts.hostname == "localhost" else "localhost"
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"

    @property
    def reply_to(self) -> str:
        """Where answers go that the organiser reads: never where programs take mail in."""
        return f"replies@{self.mail_from.address.rpartition('@')[2]}"

    @property
    def outbox_dir(self) -> Path:
        """Where letters go when there is no SMTP server."""
        return self.instance / "outbox"

    @property
    def journal_path(self) -> Path:
        """The journal of erasures: kept apart from the database and from its backups."""
        return self.instance / "erasures.journal"

    @property
    def audit_head_path(self) -> Path:
        """The last row of the audit log that was written here: beside the journal of erasures."""
        return self.instance / "audit.head"


LETTERS_PER_MINUTE = 2000
"""The default: the highest rate that a national petition has published, 1,500 to 2,000 a minute."""

DOCUMENTED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_URL",
    "IMAP_URL",
    "PORT",
    "PETITION_INSTANCE",
    "PETITION_BASE_URL",
    "PETITION_SECRET_KEY",
    "PETITION_VAULT_KEY",
    "PETITION_MAIL_FROM",
    "PETITION_RETURN_DOMAIN",
    "PETITION_DKIM_KEY",
    "PETITION_DKIM_SELECTOR",
    "PETITION_LETTERS_PER_MINUTE",
    "PETITION_MESSAGE_DAYS",
    "PETITION_MESSAGES_PER_HOUR",
    "PETITION_ORGANISER",
    "PETITION_CONTACT",
    "PETITION_TRUSTED_PROXIES",
    "PETITION_SENDER_LETTERS",
    "PETITION_SENDER_FORMS",
    "PETITION_SENDER_CODES",
    "PETITION_SENDER_LINKS",
    "PETITION_SENDER_SIGN_INS",
    "PETITION_SENDER_PAGES",
    "PETITION_CODE_TRIES",
    "PETITION_SECOND_PERSON",
    "PETITION_WEBHOOKS_LOOPBACK",
    "PETITION_ENV",
)


def load(
    environ: Mapping[str, str] | None = None,
    *,
    before_generating: Callable[[str], None] = lambda database_url: None,
) -> Settings:
    """Read the settings; raise SettingError with the setting's name and what it takes.

    A key that is not given is made, into the instance folder. `before_generating` hears of the
    database first, and raises where it holds what other keys sealed.
    """
    source = Source(os.environ if environ is None else environ)
    instance = instance_folder(source.get("PETITION_INSTANCE", "instance"))
    port = source.whole_number("PORT", 8000, low=1, high=65535)
    base_url = _read_as(
        "PETITION_BASE_URL",
        setting_urls.origin,
        source.get("PETITION_BASE_URL", f"http://127.0.0.1:{_linked_port(source, instance, port)}"),
    )
    database_url = _read_as(
        "DATABASE_URL",
        setting_urls.database,
        source.get("DATABASE_URL", f"sqlite:///{instance / 'petition.db'}"),
    )
    keys = _Keys.of(source, instance, lambda: before_generating(database_url))
    redis_url, smtp_url = source.find("REDIS_URL"), source.find("SMTP_URL")
    imap_url = source.find("IMAP_URL")
    env = _one_of(
        "PETITION_ENV", source.get("PETITION_ENV", "development"), "development", "production"
    )
    mail_from = _mail_from(source.get("PETITION_MAIL_FROM", f"no-reply@{_host(base_url)}"))
    second_person = source.get("PETITION_SECOND_PERSON", "on" if env == "production" else "off")
    settings = Settings(
        database_url=database_url,
        redis_url=_read_as("REDIS_URL", setting_urls.redis, redis_url) if redis_url else None,
        smtp=_read_as("SMTP_URL", setting_urls.mail_server, smtp_url) if smtp_url else None,
        imap=_read_as("IMAP_URL", setting_urls.mail_folder, imap_url) if imap_url else None,
        port=port,
        instance=instance,
        base_url=base_url,
        secret_key=keys.secret_key,
        vault_keys=keys.ring,
        vault_key_file=keys.ring_file,
        mail_from=mail_from,
        return_domain=_return_domain(source.find("PETITION_RETURN_DOMAIN"), mail_from),
        dkim_keys=dkim_keys.read(
            source.find("PETITION_DKIM_KEY"), source.find("PETITION_DKIM_SELECTOR")
        ),
        receives=source.find("PETITION_RETURN_DOMAIN") is not None,
        letters_per_minute=source.whole_number(
            "PETITION_LETTERS_PER_MINUTE", LETTERS_PER_MINUTE, low=1, high=1_000_000
        ),
        message_days=source.whole_number("PETITION_MESSAGE_DAYS", 28, low=1, high=3650),
        messages_per_hour=source.whole_number("PETITION_MESSAGES_PER_HOUR", 120, low=1, high=1000),
        organiser=_organiser(source.find("PETITION_ORGANISER")),
        contact=_contact(source.find("PETITION_CONTACT")),
        trusted_proxies=source.whole_number("PETITION_TRUSTED_PROXIES", 0, low=0, high=10),
        limits=_limits(source),
        code_tries=source.whole_number("PETITION_CODE_TRIES", 600, low=1, high=MOST),
        second_person=_one_of("PETITION_SECOND_PERSON", second_person, "on", "off") == "on",
        webhooks_loopback=_one_of(
            "PETITION_WEBHOOKS_LOOPBACK",
            source.get("PETITION_WEBHOOKS_LOOPBACK", "off"),
            "on",
            "off",
        )
        == "on",
        env=env,
        generated=keys.generated,
    )
    if settings.production:
        _check_production(settings)
    return settings


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """The secret key and the key ring, given or made."""

    secret_key: str
    ring: KeyRing
    ring_file: Path | None
    generated: tuple[str, ...]
    """The settings of those that were made."""

    @classmethod
    def of(cls, source: Source, instance: Path, before_generating: Callable[[], None]) -> _Keys:
        """Raises SettingError."""
        generated: list[str] = []

        def made(name: str, file: str, make: Callable[[], str]) -> str:
            generated.append(name)
            return made_key(name, instance / file, make, before_generating)

        secret_key = source.find("PETITION_SECRET_KEY") or made(
            "PETITION_SECRET_KEY", "secret.key", lambda: secrets.token_urlsafe(48)
        )
        if len(secret_key) < 32:
            raise SettingError("PETITION_SECRET_KEY takes at least 32 characters of random text")
        ring_file = source.file_of("PETITION_VAULT_KEY")
        ring_text = source.find("PETITION_VAULT_KEY")
        if ring_text is None:
            ring_file = instance / "vault.key"
            ring_text = made("PETITION_VAULT_KEY", "vault.key", KeyRing.generate_text)
        return cls(
            secret_key=secret_key,
            ring=KeyRing.parse(ring_text),
            ring_file=ring_file,
            generated=tuple(generated),
        )


def _linked_port(source: Source, instance: Path, port: int) -> int:
    """The port in links: the given one, or else that of the server that runs on the instance."""
    return port if source.find("PORT") else find_served_port(instance) or port


def _limits(source: Source) -> Limits:
    return Limits(
        letters=Limit(*source.pair("PETITION_SENDER_LETTERS", "20/600", high=MOST)),
        forms=source.whole_number("PETITION_SENDER_FORMS", 3000, low=1, high=MOST),
        codes=Limit(*source.pair("PETITION_SENDER_CODES", "60/300", high=MOST)),
        links=Limit(*source.pair("PETITION_SENDER_LINKS", "60/600", high=MOST)),
        sign_ins=Limit(*source.pair("PETITION_SENDER_SIGN_INS", "10/60", high=MOST)),
        pages=Limit(*source.pair("PETITION_SENDER_PAGES", "3000/30000", high=MOST)),
    )


def _check_production(settings: Settings) -> None:
    if settings.generated:
        raise SettingError(
            f"{settings.generated[0]} must be set in production: a generated key in the instance "
            "folder is lost with the folder"
        )
    if settings.smtp is None:
        raise SettingError(
            "SMTP_URL must be set in production: smtp://user:pass@host:587?starttls=1"
        )
    if not settings.secure:
        raise SettingError("PETITION_BASE_URL must start with https:// in production")
    if settings.webhooks_loopback:
        raise SettingError("PETITION_WEBHOOKS_LOOPBACK must be off in production")


def _one_of(name: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise SettingError(f"{name} takes one of: {', '.join(allowed)}")
    return value


def _read_as(name: str, reader: Callable[[str], Value], text: str) -> Value:
    try:
        return reader(text)
    except ValueError as error:
        raise SettingError(f"{name} takes {error}") from None


def _host(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    # An IP address is no mail domain.
    return "localhost" if re.fullmatch(r"[\d.]+|.*:.*", host) else host


_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
LONGEST_NAME = 400


def _mail_from(text: str) -> Sender:
    """One sender; the name is quoted again when a letter is written."""
    named = _NAMED.fullmatch(text)
    name, address = (named["name"].strip(), named["address"]) if named else ("", text)
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    reason = _wrong_name(text) or ("this is more than one address" if "@" in name else None)
    if reason is None:
        try:
            return Sender(name=name, address=_own_address(address))
        except AddressRefused:
            reason = "this is not one plain address"
    raise SettingError(f"PETITION_MAIL_FROM takes one address, or: Name <address>; {reason}")


def _return_domain(text: str | None, mail_from: Sender) -> str:
    """Where answers to supporters' messages go; if none is given, where our emails come from."""
    if text is None:
        return mail_from.address.rpartition("@")[2]
    try:
        return a_label(text)
    except AddressRefused:
        raise SettingError("PETITION_RETURN_DOMAIN takes a mail domain: mail.example.org") from None


def _own_address(address: str) -> str:
    """A server may not speak SMTPUTF8, so our own side is ASCII."""
    if not address.rpartition("@")[0].isascii():
        raise AddressRefused
    return addr_spec(address)


def _organiser(name: str | None) -> str | None:
    """It stands in letters and on pages, in one line each time."""
    reason = _wrong_name(name) if name else None
    if reason:
        raise SettingError(f"PETITION_ORGANISER takes a name; {reason}")
    return name


def _contact(text: str | None) -> Contact | None:
    """It stands in letters and on pages, where programs make a link of it."""
    if text is None:
        return None
    try:
        if "://" in text:
            address = setting_urls.web_address(text)
            return Contact(shown=address, link=address)
        address = _own_address(text)
        return Contact(shown=address, link=f"mailto:{quote(address, safe='@')}")
    except (AddressRefused, ValueError):
        raise SettingError(
            "PETITION_CONTACT takes one email address or one web address: "
            "contact@example.org or https://example.org/contact"
        ) from None


def _wrong_name(text: str) -> str | None:
    """Why a text cannot stand as a name in a header."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
        return "this holds a line break or another control character"
    if "=?" in text:
        return "this holds an encoded word: write it as it shall be read"
    if len(text) > LONGEST_NAME:
        return "this is too long"
    return None
