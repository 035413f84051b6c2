"""What a process says when it starts: in one line where it listens, which database, which mail."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from petition import __version__
from petition.config import Settings
from petition.setting_urls import Smtp, database_hosts


def start_line(does: str, settings: Settings) -> str:
    """As in: petition 0.1.0 sends letters; database SQLite /srv/petition.db; mail to files in …

    Without any user or password.
    """
    return (
        f"petition {__version__} {does}; database {_database(settings.database_url)}; "
        f"mail {_mail(settings.smtp) if settings.smtp else f'to files in {settings.outbox_dir}'}"
    )


def _database(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return f"SQLite {unquote(url.partition(':///')[2])}"
    hosts = ", ".join(database_hosts(url)) or "this machine"
    return f"PostgreSQL {unquote(parts.path).strip('/')} at {hosts}"


def _mail(smtp: Smtp) -> str:
    sealed = smtp.starttls or smtp.implicit_tls
    return f"by {smtp.host}:{smtp.port}{'' if sealed else ', unencrypted'}"
