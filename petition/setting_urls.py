"""Addresses in settings: our own origin, the database, a mail server, read strictly.

Each function raises ValueError, whose text goes on after "NAME takes …": it never repeats the
address, which may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

ORIGIN: Final = "an origin: https://host or http://host:port"
WEB_ADDRESS: Final = "a web address: https://host/path"
DATABASE: Final = "sqlite:///FILE or postgresql://user:pass@host/database"
SMTP_SERVER: Final = "smtp://user:pass@host:587?starttls=1 (or smtps://…:465)"
IMAP_FOLDER: Final = "imaps://user:pass@host/FOLDER (or imap://…?starttls=1)"
REDIS: Final = "redis://host:6379/0"

_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TWO_READINGS = re.compile("[\u00df\u03c2\u200c\u200d]")
"""What the two standards of international names spell differently."""

_POSTGRESQL = re.compile(
    r"(?:(?P<user>[^:/?@]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?@]*)(?P<database>/[^?]*)?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\[\]]*)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[0-9]*))?")

_SOCKET = re.compile(r"(?P<folder>/.*?)(?::(?P<port>[0-9]+))?")
_HOST_WITH_PORT = re.compile(r"(?:\[[^\]]*\]|[^:/,\[\]]*):[0-9]+")


def origin(text: str) -> str:
    """An origin as browsers spell it: small letters, A-labels, no port that goes without saying."""
    parts = _split(text, ORIGIN)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(ORIGIN)
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{ORIGIN}, without a user or a password")
    if parts.path not in {"", "/"} or "?" in text or "#" in text:
        raise ValueError(f"{ORIGIN}, with nothing behind it")
    port = _port(parts, ORIGIN)
    shown = _host(parts, ORIGIN)
    if port is None or port == {"http": 80, "https": 443}[parts.scheme]:
        return f"{parts.scheme}://{shown}"
    return f"{parts.scheme}://{shown}:{port}"


_BEHIND_THE_ORIGIN = re.compile(r"[\w.~:/?#@!$&'()*+,;=%-]*", re.ASCII)
_LONGEST_WEB_ADDRESS: Final = 400


def web_address(text: str) -> str:
    """An address of the web as a letter may carry it: http or https, ASCII behind the host."""
    found = re.fullmatch(r"([a-z]+://[^/?#]+)(.*)", text, re.IGNORECASE | re.DOTALL)
    if found is None or len(text) > _LONGEST_WEB_ADDRESS:
        raise ValueError(WEB_ADDRESS)
    if not _BEHIND_THE_ORIGIN.fullmatch(found[2]):
        raise ValueError(WEB_ADDRESS)
    return origin(found[1]) + found[2]


def _split(text: str, takes: str) -> SplitResult:
    if _UNSEEN.search(text):
        raise ValueError(f"{takes}, without blanks and backslashes")
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError(takes) from None


def _port(parts: SplitResult, takes: str) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{takes}, with a port from 1 to 65535")
    return port


def _host(parts: SplitResult, takes: str) -> str:
    """The host in small letters, as it stands in an address; raise ValueError for what is none."""
    host = parts.hostname or ""
    if "[" in parts.netloc or ":" in host:
        return f"[{_ipv6(host, takes)}]"
    host = _ascii(host.removesuffix("."), takes)
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"{takes}; this host is no name")
    if labels[-1].isdigit() or re.fullmatch("0x[0-9a-f]*", labels[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f"{takes}; this host is no IPv4 address") from None
    return host


def _ipv6(host: str, takes: str) -> str:
    try:
        return str(ipaddress.IPv6Address("" if "%" in host else host))
    except ValueError:
        raise ValueError(f"{takes}; this host is no IPv6 address") from None


def _ascii(host: str, takes: str) -> str:
    if host.isascii():
        return host
    try:
        if _TWO_READINGS.search(host):
            raise UnicodeError
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(f"{takes}, with the host in its xn-- form") from None


@dataclass(frozen=True, kw_only=True)
class Smtp:
    """Where letters are handed over: one SMTP server."""

    host: str
    port: int
    username: str | None
    password: str | None
    starttls: bool
    implicit_tls: bool


def mail_server(text: str) -> Smtp:
    """Where letters are handed over: smtp:// or smtps://."""
    parts = _split(text, SMTP_SERVER)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(SMTP_SERVER)
    if parts.path not in {"", "/"} or "#" in text:
        raise ValueError(f"{SMTP_SERVER}; write / and # in a password as %2F and %23")
    implicit = parts.scheme == "smtps"
    username = _credential(parts.username, SMTP_SERVER)
    password = _credential(parts.password, SMTP_SERVER)
    if password is not None and username is None:
        raise ValueError(f"{SMTP_SERVER}; this has a password without a user")
    return Smtp(
        host=_host(parts, SMTP_SERVER).strip("[]"),
        port=_port(parts, SMTP_SERVER) or (465 if implicit else 587),
        username=username,
        password=password,
        starttls=_starttls(parts.query, SMTP_SERVER) and not implicit,
        implicit_tls=implicit,
    )


def _credential(text: str | None, takes: str) -> str | None:
    """A user or a password; Python's clients of mail servers can only send ASCII."""
    if not text:
        return None
    plain = unquote(text)
    if not plain.isascii():
        raise ValueError(f"{takes}, with user and password in ASCII")
    return plain


def _starttls(query: str, takes: str) -> bool:
    """A slip here would send the password in clear, so nothing is guessed."""
    words = dict(parse_qsl(query, keep_blank_values=True))
    if set(words) - {"starttls"} or words.get("starttls", "0") not in {"0", "1"}:
        raise ValueError(f"{takes}; behind the question mark only starttls=1 or starttls=0")
    return words.get("starttls") == "1"


@dataclass(frozen=True, kw_only=True)
class Imap:
    """A folder at an IMAP server, always over TLS."""

    host: str
    port: int
    username: str
    password: str
    folder: str
    implicit_tls: bool
    """From the beginning; else by STARTTLS."""


def mail_folder(text: str) -> Imap:
    """Where mail that comes in is fetched: imaps://, or imap:// with STARTTLS."""
    parts = _split(text, IMAP_FOLDER)
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or "#" in text:
        raise ValueError(IMAP_FOLDER)
    implicit = parts.scheme == "imaps"
    if not _starttls(parts.query, IMAP_FOLDER) and not implicit:
        raise ValueError(f"{IMAP_FOLDER}; without one of the two the password travels in clear")
    username = _credential(parts.username, IMAP_FOLDER)
    password = _credential(parts.password, IMAP_FOLDER)
    if not username or not password:
        raise ValueError(f"{IMAP_FOLDER}, with a user and a password")
    folder = unquote(parts.path.removeprefix("/")) or "INBOX"
    if not (folder.isascii() and folder.isprintable()):
        raise ValueError(f"{IMAP_FOLDER}, with a folder in ASCII")
    return Imap(
        host=_host(parts, IMAP_FOLDER).strip("[]"),
        port=_port(parts, IMAP_FOLDER) or (993 if implicit else 143),
        username=username,
        password=password,
        folder=folder,
        implicit_tls=implicit,
    )


def redis(text: str) -> str:
    """A Redis server, by host or by socket."""
    parts = _split(text, REDIS)
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return text
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValueError(REDIS)
    _host(parts, REDIS)
    _port(parts, REDIS)
    return text


def database(text: str) -> str:
    """The address of an SQLite file or of PostgreSQL, as SQLAlchemy takes it."""
    for scheme in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + _postgresql(text.removeprefix(scheme))
    if text.startswith("sqlite:///"):
        return _sqlite(text)
    raise ValueError(DATABASE)


def _sqlite(text: str) -> str:
    file = text.removeprefix("sqlite:///")
    if not file or file.startswith((":", "file:")) or file.endswith("/") or "\0" in file:
        raise ValueError(f"{DATABASE}; a database in memory would be forgotten")
    if "?" in file:
        raise ValueError(f"{DATABASE}; an SQLite file takes no options")
    return text


def _postgresql(rest: str) -> str:
    """One host stays as it was written. Several, or a socket, are named behind the `?`."""
    found = _POSTGRESQL.fullmatch(rest)
    if found is None or re.search(r"[\x00-\x20\x7f]", rest):
        raise ValueError(f"{DATABASE}; write @, :, / and blanks in a password as %40 and the like")
    hosts = [_host_and_port(each) for each in found["hosts"].split(",")]
    options = parse_qsl(found["query"] or "", keep_blank_values=True)
    _check_options(options)
    named = [value for name, value in options if name == "host"]
    if len(named) > 1 or (len(named) == 1 and _HOST_WITH_PORT.fullmatch(named[0])):
        if any(name == "port" for name, _ in options):
            raise ValueError(f"{DATABASE}; each host has its port behind it, or all are in port=")
        hosts = [_host_and_port(each) for each in named]
        options = [pair for pair in options if pair[0] != "host"]
    elif named or (len(hosts) == 1 and not hosts[0][0].startswith("/")):
        _check_lists(options)
        return rest
    return _with_hosts(found, hosts, options)


def _with_hosts(
    found: re.Match[str], hosts: list[tuple[str, str]], options: list[tuple[str, str]]
) -> str:
    ports = [port for _, port in hosts]
    named = [("host", ",".join(host for host, _ in hosts))]
    if any(ports):
        named.append(("port", ",".join(ports)))
    user = ""
    if found["user"] is not None:
        password = found["password"]
        user = found["user"] + (f":{password}" if password is not None else "") + "@"
    query = urlencode([*named, *options], safe="/,:", quote_via=quote)
    return f"{user}{found['database'] or '/'}?{query}"


def _host_and_port(text: str) -> tuple[str, str]:
    """A host, a socket's folder or nothing, and its port or nothing."""
    socket = _SOCKET.fullmatch(text)
    if socket is not None:
        return socket["folder"], socket["port"] or ""
    found = _HOST.fullmatch(text)
    if found is None:
        raise ValueError(f"{DATABASE}; an IPv6 address stands in [ ]")
    port = found["port"] or ""
    if port and not 1 <= int(port[:6]) <= 65535:
        raise ValueError(f"{DATABASE}, with a port from 1 to 65535")
    if found["ipv6"] is not None:
        return _ipv6(found["ipv6"], DATABASE), port
    return unquote(found["name"]), port


def _check_options(options: list[tuple[str, str]]) -> None:
    for name, value in options:
        if not re.fullmatch("[a-z_]+", name) or "\0" in value:
            raise ValueError(f"{DATABASE}; an option behind the question mark is NAME=VALUE")


def _check_lists(options: list[tuple[str, str]]) -> None:
    """`host=h1,h2&port=p1,p2`: one port for all, or one for each."""
    hosts = [value for name, value in options if name == "host"]
    ports = [value for name, value in options if name == "port"]
    if len(ports) > 1 or not all(re.fullmatch("[0-9,]*", value) for value in ports):
        raise ValueError(f"{DATABASE}, with ports from 1 to 65535")
    numbers = ports[0].split(",") if ports else []
    if any(number and not 1 <= int(number[:6]) <= 65535 for number in numbers):
        raise ValueError(f"{DATABASE}, with ports from 1 to 65535")
    if len(numbers) > 1 and hosts and len(numbers) != len(hosts[0].split(",")):
        raise ValueError(f"{DATABASE}, with as many ports as hosts")


def database_hosts(url: str) -> list[str]:
    """The hosts in a database's address that `database` gave out."""
    parts = urlsplit(url)
    named = [value for name, value in parse_qsl(parts.query) if name == "host"]
    return [host for host in (parts.hostname, *",".join(named).split(",")) if host]
