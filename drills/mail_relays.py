"""Relays: a Postfix and an Exim of Debian's packages, unpacked into a folder, on loopback alone.

Nothing is installed: the two exclude each other, and neither may write to the machine's own
folders. Both hand everything on to one server, and neither asks a name server.
"""

import grp
import os
import pwd
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from drills.failure import DrillError, Unavailable
from drills.ports import free_port
from drills.processes import Running

SERVERS: Final = ("postfix", "exim4-daemon-light", "dovecot-core", "dovecot-imapd")
PACKAGES: Final = (*SERVERS, "libnss-wrapper")
OWNER: Final = "mail"
"""Who owns the queues: a user that every Debian has."""
NEVER: Final = ("libc6", "libgcc-s1", "libcrypt1")
_DIRECTORIES: Final = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"),
    *("private", "saved", "trace", "maildrop", "public"),
)
_SERVICES: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {root}/usr/lib/postfix/sbin
command_directory = {root}/usr/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/conf
mail_owner = {owner}
setgid_group = man
default_privs = nobody
import_environment = MAIL_CONFIG LD_LIBRARY_PATH TZ
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.drill.example
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{to}
smtp_host_lookup = native
alias_maps =
local_recipient_maps =
minimal_backoff_time = 2s
queue_run_delay = 2s
smtpd_client_connection_count_limit = 0
"""
_EXIM: Final = """\
exim_path = {folder}/exim
exim_user = {owner}
exim_group = {owner}
never_users =
deliver_drop_privilege = true
primary_hostname = exim.drill.example
spool_directory = {folder}/spool
log_file_path = {folder}/log-%s
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
disable_ipv6 = true
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtputf8_advertise_hosts = *
chunking_advertise_hosts =
smtp_accept_max_per_connection = 100000
smtp_accept_queue_per_connection = 0
smtp_receive_timeout = 10m
acl_smtp_rcpt = relay
keep_environment =
begin acl
relay:
  accept control = dkim_disable_verify
begin routers
all:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1
  self = send
begin transports
out:
  driver = smtp
  port = {to}
  allow_localhost
  hosts_avoid_tls = *
begin retry
* * F,1h,2s
"""


def unpacked(folder: Path) -> Path:
    """The programs' files (Dovecot's too), of packages that are fetched now."""
    if os.geteuid() != 0:
        raise Unavailable("Postfix starts as root alone; it writes to the drill's folder only")
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    packages.chmod(0o777)  # apt fetches as another user
    _fetch(packages, root, PACKAGES)
    if missing := _missing(root):
        _fetch(packages, root, _libraries())
        missing = _missing(root)
    if missing:
        raise Unavailable(f"the mail servers lack libraries here: {', '.join(missing)}")
    return root


def _fetch(packages: Path, root: Path, names: tuple[str, ...]) -> None:
    try:
        _call(["apt-get", "download", "-q", *names], packages)
        for package in sorted(packages.glob("*.deb")):
            _call(["dpkg-deb", "-x", str(package), str(root)], packages)
            package.unlink()
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"the packages of the mail servers cannot be fetched: {error}") from None


def _call(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=300
    )
    return done.stdout


def _libraries() -> tuple[str, ...]:
    """What they depend on, on a machine that lacks some of it."""
    without = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    told = _call(
        ["apt-cache", "depends", "--recurse", *(f"--no-{each}" for each in without), *SERVERS],
        Path("/"),
    )
    names = {line.strip() for line in told.splitlines() if line.startswith("lib")}
    return tuple(sorted(name for name in names if name not in NEVER and ":" not in name))


def _missing(root: Path) -> list[str]:
    """Libraries that neither the machine nor the packages have."""
    places = ("lib/postfix/sbin/smtpd", "sbin/exim4", "sbin/dovecot", "lib/dovecot/imap")
    programs = [root / "usr" / each for each in places]
    told = "".join(
        subprocess.run(
            ["ldd", str(each)], env=library_path(root), capture_output=True, text=True, check=False
        ).stdout
        for each in programs
    )
    return sorted({line.split()[0] for line in told.splitlines() if "not found" in line})


def library_path(root: Path) -> dict[str, str]:
    """Where the programs find what was unpacked beside them."""
    own = [root / "usr/lib" / each for each in ("postfix", "dovecot")]
    shared = (sorted(root.glob(f"{each}/*-linux-gnu*")) for each in ("usr/lib", "lib"))
    folders = [*own, *chain(*shared)]
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": ":".join(map(str, folders)),
    }


@contextmanager
def postfix(
    root: Path, folder: Path, to: int, *, services: str = "", main: str = ""
) -> Iterator[int]:
    """A Postfix that relays to this port, with more lines of its settings; where it listens."""
    port = free_port()
    conf, spool, data = (folder / each for each in ("conf", "spool", "data"))
    for each in (folder, conf, spool, data):
        each.mkdir(mode=0o755)
    (conf / "main.cf").write_text(_MAIN.format(folder=folder, root=root, owner=OWNER, to=to) + main)
    (conf / "master.cf").write_text(_SERVICES.format(port=port) + services)
    owner, drop = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam("man").gr_gid
    os.chown(data, owner, -1)
    (spool / "pid").mkdir()
    for name in _DIRECTORIES:
        (spool / name).mkdir(mode=0o700)
        os.chown(spool / name, owner, drop if name in {"public", "maildrop"} else -1)
    (spool / "public").chmod(0o710)
    (spool / "maildrop").chmod(0o730)
    environ = library_path(root) | {"MAIL_CONFIG": str(conf)}
    command = [str(root / "usr/lib/postfix/sbin/master"), "-c", str(conf), "-d"]
    with _started(Running("postfix", command, log=folder / "out", env=environ), port):
        yield port


@contextmanager
def exim(
    root: Path, folder: Path, to: int, *, routers: str = "", transports: str = ""
) -> Iterator[int]:
    """An Exim that relays to this port, unless a router before says otherwise; where it listens.

    It looks for a user of its package's by name when it starts: a wrapper around the machine's
    table of users has that name, and the table stays as it is.
    """
    port = free_port()
    spool = folder / "spool"
    for each in (folder, spool):
        each.mkdir(mode=0o755)
    owner = pwd.getpwnam(OWNER)
    for each in (folder, spool):
        os.chown(each, owner.pw_uid, owner.pw_gid)
    names = f"Debian-exim:x:{owner.pw_uid}:{owner.pw_gid}::/:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + names)
    group = f"Debian-exim:x:{owner.pw_gid}:\n"
    (folder / "group").write_text(Path("/etc/group").read_text() + group)
    (wrapper,) = root.glob("usr/lib/*/libnss_wrapper.so")
    conf, program = folder / "exim.conf", folder / "exim"
    text = _EXIM.format(folder=folder, port=port, owner=OWNER, to=to)
    text = text.replace("begin routers\n", f"begin routers\n{routers}")
    text = text.replace("begin transports\n", f"begin transports\n{transports}")
    conf.write_text(text)
    program.write_text(
        f"#!/bin/sh\nLD_LIBRARY_PATH={library_path(root)['LD_LIBRARY_PATH']} LD_PRELOAD={wrapper} "
        f"NSS_WRAPPER_PASSWD={folder}/passwd NSS_WRAPPER_GROUP={folder}/group "
        f'exec {root}/usr/sbin/exim4 "$@"\n'
    )
    program.chmod(0o755)
    command = [str(program), "-C", str(conf), "-bdf", "-q2s"]
    running = Running("exim", command, log=folder / "out", env=library_path(root))
    with _started(running, port):
        yield port


@contextmanager
def _started(running: Running, port: int) -> Iterator[None]:
    try:
        _wait_for(running, port)
        yield
    finally:
        running.stop()


def _wait_for(running: Running, port: int, seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while True:
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
        except OSError:
            if not running.alive or time.monotonic() > limit:
                raise DrillError(f"{running.name} does not start: {running.last_words()}") from None
            time.sleep(0.1)
        else:
            return
