"""A Dovecot of Debian's packages, unpacked into a folder, on loopback alone, with one mailbox.

It looks for its own files by their names below /usr: a view of its own, that nobody else sees, lays
what was unpacked over the machine's. Nothing is installed.
"""

import imaplib
import os
import pwd
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drills.failure import DrillError, Unavailable
from drills.mail_relays import OWNER, library_path
from drills.ports import free_port
from drills.processes import Running
from tests.smtp_server import Certificates

USER: Final = "returns@mail.drill.example"
PASSWORD: Final = 'p:a/s@s"w?rd'
FOLDER: Final = "R&D/What comes back"
"""A name that addresses, the protocol and the server's own settings each spell otherwise."""
SPELLED: Final = f'"{FOLDER.replace("&", "&-")}"'
_SETTINGS: Final = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
import_environment = TZ LD_LIBRARY_PATH
listen = 127.0.0.1
protocols = imap
default_internal_user = {owner}
default_internal_group = {group}
default_login_user = nobody
first_valid_uid = 1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = maildir:~/mail
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "{name}" {{
    auto = create
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""
_LAID_OVER: Final = 'mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr && shift && exec "$@"'


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """Where it listens, and whom to trust for it."""

    port: int
    """STARTTLS."""
    tls_port: int
    authority: Path

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4]:
        """Its folder, as the provider or another mail program sees it."""
        context = ssl.create_default_context(cafile=str(self.authority))
        with imaplib.IMAP4_SSL("127.0.0.1", self.tls_port, ssl_context=context) as server:
            server.login(USER, PASSWORD)
            server.select(SPELLED)
            yield server

    def put(self, *emails: str) -> None:
        """They come in there."""
        with self.opened() as server:
            for each in emails:
                state, said = server.append(SPELLED, "", "", each.encode())
                if state != "OK":
                    raise DrillError(f"dovecot takes no email: {said!r}")

    def flags(self) -> list[str]:
        """Of each that lies there, what is noted on it, but for its being new."""
        with self.opened() as server:
            _, found = server.uid("FETCH", "1:*", "FLAGS")
        return noted(str(found))


def noted(answer: str) -> list[str]:
    """The flags of each email in an answer, without \\Recent."""
    found = re.findall(r"FLAGS \(([^)]*)\)", answer)
    return [" ".join(word for word in each.split() if "Recent" not in word) for each in found]


@contextmanager
def dovecot(root: Path, folder: Path) -> Iterator[Mailbox]:
    """With a certificate by an authority of the drill's own."""
    owner = pwd.getpwnam(OWNER)
    for each in (folder, *(folder / name for name in ("run", "state", "home"))):
        each.mkdir(mode=0o755)
    os.chown(folder / "home", owner.pw_uid, owner.pw_gid)
    certificates = Certificates(folder)
    box = Mailbox(port=free_port(), tls_port=free_port(), authority=certificates.authority)
    conf = folder / "dovecot.conf"
    conf.write_text(
        _SETTINGS.format(
            folder=folder,
            owner=OWNER,
            group=OWNER,
            certificate=certificates.chain,
            name=FOLDER,
            password=PASSWORD,
            port=box.port,
            tls_port=box.tls_port,
        )
    )
    _require_view(root)
    running = Running(
        "dovecot",
        [*_in_view(root), "/usr/sbin/dovecot", "-F", "-c", str(conf)],
        log=folder / "out",
        env=library_path(root),
    )
    try:
        _wait_for(running, box)
        yield box
    finally:
        running.stop()


def _in_view(root: Path) -> list[str]:
    return ["unshare", "--mount", "sh", "-c", _LAID_OVER, "sh", str(root)]


def _require_view(root: Path) -> None:
    done = subprocess.run(
        [*_in_view(root), "true"],
        env=library_path(root),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise Unavailable(f"Dovecot gets no view of its own: {lines[-1] if lines else 'no word'}")


def _wait_for(running: Running, box: Mailbox, seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while True:
        try:
            with box.opened():
                return
        except (OSError, imaplib.IMAP4.error):
            if not running.alive or time.monotonic() > limit:
                raise DrillError(f"{running.name} does not start: {running.last_words()}") from None
            time.sleep(0.1)
