"""The ledger: what the driver was about to send and what it was answered, written as it happens.

A text file, appended to with one write per line. A line that begins an action is written before
the first byte is sent, a line that ends it after the last byte of the answer came:

    RUN token                     names the addresses of this run
    ATTEMPT id person             form `id` is about to be sent for this person's address
    ACK id status                 the whole answer to form `id` came
    CONFIRM person                the link in one of this person's letters is about to be posted
    CONFIRMED person status       the whole answer to that came

Persons are numbers, so that the ledger holds no address.
"""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

DOMAIN = "example.org"
SIGNED = 303
REFUSED = range(400, 500)
CONFIRMED_STATUSES = (200, 303)


def address(token: str, person: int) -> str:
    """The canonical address of a person of this run."""
    return f"drill.{token}.{person}@{DOMAIN}"


def spelling(token: str, person: int, variant: int) -> str:
    """The same mailbox, spelled in one of four ways; variant 0 is the canonical one."""
    local, _, domain = address(token, person).partition("@")
    if variant & 1:
        local = local.upper()
    if variant & 2:
        domain = domain.title()
    return f"{local}@{domain}"


def mark(token: str, form: int) -> str:
    """What a form carries as utm_campaign."""
    return f"drill-{token}-{form}"


def form_of(token: str, mark: str) -> int | None:
    """Which form carried this mark; None for a mark that is not of this run."""
    number = mark.removeprefix(f"drill-{token}-")
    return int(number) if number != mark and number.isdigit() else None


def person_of(token: str, email: str) -> int | None:
    """Whose address this is, however spelled; None for a stranger's."""
    head, tail = f"drill.{token}.", f"@{DOMAIN}"
    folded = email.casefold()
    number = folded.removeprefix(head).removesuffix(tail)
    return int(number) if number.isdigit() and folded == f"{head}{number}{tail}" else None


@dataclass
class Account:
    """The ledger, read: every form's person and how each action ended."""

    token: str = ""
    person: dict[int, int] = field(default_factory=dict)
    status: dict[int, int] = field(default_factory=dict)
    confirms: set[int] = field(default_factory=set)  # persons
    confirmed: set[int] = field(default_factory=set)  # persons

    @property
    def acknowledged(self) -> set[int]:
        """Forms that were told: your signature is kept."""
        return {form for form, status in self.status.items() if status == SIGNED}

    @property
    def refused(self) -> set[int]:
        """Forms that were told: this is not kept, and it is for you to change something."""
        return {form for form, status in self.status.items() if status in REFUSED}

    @property
    def unknown(self) -> set[int]:
        """Forms without an answer or with a server's error: kept or not, both are right."""
        return self.person.keys() - self.acknowledged - self.refused

    @property
    def last(self) -> tuple[int, int]:
        """The highest form and person so far."""
        return max(self.person, default=0), max(self.person.values(), default=0)


class Ledger:
    """The writing side. Keep it off the disk whose power is cut."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: str) -> None:
        os.write(self._fd, f"{line}\n".encode())

    def sync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        self.sync()
        os.close(self._fd)


def begin(path: Path) -> str:
    """Start a ledger; the token of its run."""
    token = secrets.token_hex(4)
    path.write_text(f"RUN {token}\n")
    return token


def read(path: Path) -> Account:
    with path.open() as lines:
        return account(lines)


def account(lines: Iterable[str]) -> Account:
    """Add the lines up; a last line that was cut short counts as not written."""
    found = Account()
    for line in lines:
        if not line.endswith("\n"):
            break
        word, *rest = line.split()
        if word == "RUN":
            found.token = rest[0]
            continue
        number = int(rest[0])
        if word == "ATTEMPT":
            found.person[number] = int(rest[1])
        elif word == "ACK":
            found.status[number] = int(rest[1])
        elif word == "CONFIRM":
            found.confirms.add(number)
        elif word == "CONFIRMED" and int(rest[1]) in CONFIRMED_STATUSES:
            found.confirmed.add(number)
    return found


class Watch:
    """Follows a growing ledger from here on, to see when signing works again."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._file.seek(0, os.SEEK_END)
        self._rest = b""
        self._sent: set[bytes] = set()

    def acknowledged(self) -> bool:
        """True once a form whose attempt began after the watch did was acknowledged."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            word, number, *rest = line.split()
            if word == b"ATTEMPT":
                self._sent.add(number)
            elif word == b"ACK" and number in self._sent and int(rest[0]) == SIGNED:
                return True
        return False
