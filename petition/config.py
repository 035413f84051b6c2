"""Settings: read once from the environment, checked, and handed down as values."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from petition.errors import SettingError
from petition.keyring import KeyRing

PACKAGE = Path(__file__).parent


def resource_dir(name: str) -> Path:
    """The folder `name` (templates, migrations): inside an installed wheel, else beside it."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True, kw_only=True)
class Smtp:
    """Where letters are handed over: one SMTP server."""

    host: str
    port: int
    username: str | None
    password: str | None
    starttls: bool
    implicit_tls: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, in the order of the documentation."""

    database_url: str
    redis_url: str | None
    smtp: Smtp | None
    port: int
    instance: Path
    base_url: str
    secret_key: str
    vault_keys: KeyRing
    vault_key_file: Path | None
    mail_from: str
    organiser: str | None
    trusted_proxies: int
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
    def shows_mailbox(self) -> bool:
        """True for the page that shows letters: in development, without SMTP, on loopback."""
        local = urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}
        return not self.production and self.smtp is None and local

    @property
    def outbox_dir(self) -> Path:
        """Where letters go when there is no SMTP server."""
        return self.instance / "outbox"

    @property
    def journal_path(self) -> Path:
        """The journal of erasures: kept apart from the database and from its backups."""
        return self.instance / "erasures.journal"


DOCUMENTED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_URL",
    "PORT",
    "PETITION_INSTANCE",
    "PETITION_BASE_URL",
    "PETITION_SECRET_KEY",
    "PETITION_VAULT_KEY",
    "PETITION_MAIL_FROM",
    "PETITION_ORGANISER",
    "PETITION_TRUSTED_PROXIES",
    "PETITION_ENV",
)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raise SettingError with the setting's name and what it takes."""
    source = _Source(os.environ if environ is None else environ)
    instance = Path(source.get("PETITION_INSTANCE", "instance")).absolute()
    port = source.whole_number("PORT", 8000, low=1, high=65535)
    base_url = _base_url(source.get("PETITION_BASE_URL", f"http://127.0.0.1:{port}"))
    generated: list[str] = []

    secret_key = source.find("PETITION_SECRET_KEY")
    if secret_key is None:
        secret_key = _generated(instance / "secret.key", lambda: secrets.token_urlsafe(48))
        generated.append("PETITION_SECRET_KEY")
    if len(secret_key) < 32:
        raise SettingError("PETITION_SECRET_KEY takes at least 32 characters of random text")

    vault_file = source.file_of("PETITION_VAULT_KEY")
    ring_text = source.find("PETITION_VAULT_KEY")
    if ring_text is None:
        vault_file = instance / "vault.key"
        ring_text = _generated(vault_file, KeyRing.generate_text)
        generated.append("PETITION_VAULT_KEY")

    settings = Settings(
        database_url=_database_url(
            source.get("DATABASE_URL", f"sqlite:///{instance / 'petition.db'}")
        ),
        redis_url=source.find("REDIS_URL"),
        smtp=_smtp(source.find("SMTP_URL")),
        port=port,
        instance=instance,
        base_url=base_url,
        secret_key=secret_key,
        vault_keys=KeyRing.parse(ring_text),
        vault_key_file=vault_file,
        mail_from=_mail_from(source.get("PETITION_MAIL_FROM", f"no-reply@{_host(base_url)}")),
        organiser=source.find("PETITION_ORGANISER"),
        trusted_proxies=source.whole_number("PETITION_TRUSTED_PROXIES", 0, low=0, high=10),
        env=_one_of(
            "PETITION_ENV", source.get("PETITION_ENV", "development"), "development", "production"
        ),
        generated=tuple(generated),
    )
    if settings.production:
        _check_production(settings)
    return settings


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


class _Source:
    """The environment, where each NAME may also be given as NAME_FILE."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, name: str) -> str | None:
        value = self._environ.get(name, "").strip()
        if value:
            return value
        path = self.file_of(name)
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingError(f"{name}_FILE cannot be read: {error.strerror}") from None

    def file_of(self, name: str) -> Path | None:
        path = self._environ.get(f"{name}_FILE", "").strip()
        return Path(path) if path and not self._environ.get(name, "").strip() else None

    def get(self, name: str, default: str) -> str:
        return self.find(name) or default

    def whole_number(self, name: str, default: int, *, low: int, high: int) -> int:
        text = self.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise SettingError(f"{name} takes a whole number from {low} to {high}")
        return int(text)


def _one_of(name: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise SettingError(f"{name} takes one of: {', '.join(allowed)}")
    return value


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise SettingError("PETITION_BASE_URL takes an origin: https://host or http://host:port")
    return f"{parts.scheme}://{parts.netloc}"


def _host(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    # An IP address is no mail domain.
    return "localhost" if re.fullmatch(r"[\d.]+|.*:.*", host) else host


def _database_url(text: str) -> str:
    for scheme in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + text.removeprefix(scheme)
    if text.startswith("sqlite:///") and text not in {"sqlite:///", "sqlite:///:memory:"}:
        return text
    raise SettingError("DATABASE_URL takes sqlite:///FILE or postgresql://user:pass@host/database")


def _smtp(text: str | None) -> Smtp | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingError("SMTP_URL takes smtp://user:pass@host:587?starttls=1 (or smtps://…:465)")
    implicit = parts.scheme == "smtps"
    return Smtp(
        host=parts.hostname,
        port=port or (465 if implicit else 587),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        starttls=not implicit and parse_qs(parts.query).get("starttls", ["0"])[-1] == "1",
        implicit_tls=implicit,
    )


def _mail_from(text: str) -> str:
    _, address = parseaddr(text)
    if "@" not in address or any(char in text for char in "\r\n\0"):
        raise SettingError("PETITION_MAIL_FROM takes an address, or: Name <address>")
    return text


def _generated(path: Path, make: Callable[[], str]) -> str:
    """The key in `path`, made on the first start."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)  # 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link is made once: another process that starts now may have got there first.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        os.unlink(temporary)
        # The names must be on the disk too: a key that a power cut takes seals for nobody.
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    return path.read_text(encoding="utf-8").strip()


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
