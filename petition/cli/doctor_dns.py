"""What `petition doctor` finds in the DNS about our emails: SPF, DKIM and DMARC.

Each line names its record. What is missing is said as it is to be published, also where no name
server answers. All of it takes a few seconds at most: after the first that gives no answer in time,
none is asked any more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Final

import dns.exception
import dns.resolver

from petition.config import Settings
from petition.dkim_keys import Algorithm, DkimKey

Finding = tuple[str, str, str]
"""Name, verdict and words, as the doctor prints them."""
Txt = Callable[[str], list[str]]
"""The TXT records of a name; raises Silent."""

LONGEST: Final = 2.0
"""Seconds that one question may take."""
ALL: Final = 5.0
"""And all of them together."""
_RESERVED: Final = re.compile(
    r"(?:^|\.)(?:localhost|local|internal|invalid|test|example|example\.(?:com|net|org))$"
)
"""Names that nobody has (RFC 2606, 6761, 6762): no name server knows anything of them."""


class Silent(Exception):
    """No name server answers."""


def findings(
    settings: Settings, resolver: Callable[[], dns.resolver.Resolver] = dns.resolver.Resolver
) -> Iterator[Finding]:
    """What is published for the domain that our emails are from, and what should be."""
    domain = settings.mail_from.address.rpartition("@")[2]
    if domain == "localhost":
        words = "emails are from localhost: set PETITION_MAIL_FROM, and their records are looked at"
        yield "SPF, DKIM, DMARC", "note", words
        return
    look = _nobody if _RESERVED.search(domain) else _asking(resolver)
    for sender in dict.fromkeys([domain, settings.return_domain]):
        yield _said("SPF", sender, _wanted_spf(settings), look, _spf)
    if not settings.dkim_keys:
        verdict = "warning" if settings.production else "note"
        words = (
            "emails are not signed by us: set PETITION_DKIM_KEY and PETITION_DKIM_SELECTOR, unless"
            " the mail server signs them as this domain"
        )
        yield f"DKIM of {domain}", verdict, words
    for key in settings.dkim_keys:
        yield _said("DKIM", key.host(domain), key.record, look, _dkim_of(key))
    if {each.algorithm for each in settings.dkim_keys} == {Algorithm.ED25519}:
        words = "many receivers do not know Ed25519: have an RSA key beside it"
        yield f"DKIM of {domain}", "warning", words
    yield _dmarc(domain, look)


# --- asking ---------------------------------------------------------------------------------------


def _asking(make: Callable[[], dns.resolver.Resolver]) -> Txt:
    """Asks the machine's name servers, and no more after one that did not answer."""
    try:
        resolver = make()
    except (dns.exception.DNSException, OSError):
        return _nobody
    ends = time.monotonic() + ALL
    silent = False

    def look(name: str) -> list[str]:
        nonlocal silent
        left = min(LONGEST, ends - time.monotonic())
        if silent or left <= 0:
            raise Silent
        try:
            answer = resolver.resolve(f"{name}.", "TXT", lifetime=left, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError):
            silent = True
            raise Silent from None
        return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]

    return look


def _nobody(name: str) -> list[str]:
    raise Silent


# --- judging --------------------------------------------------------------------------------------

_Judge = Callable[[list[str]], tuple[str, str]]


def _said(kind: str, host: str, wanted: str, look: Txt, judge: _Judge) -> Finding:
    name, publish = f"{kind} of {host}", f'publish at {host}: TXT "{wanted}"'
    try:
        found = look(host)
    except Silent:
        return name, "note", f"no name server was asked or answered; {publish}"
    verdict, words = judge(found)
    return name, verdict, words if verdict == "ok" else f"{words}; {publish}"


def _wanted_spf(settings: Settings) -> str:
    """With the server that we hand emails to; whoever sends for it says what else belongs there."""
    server = settings.smtp.host if settings.smtp else ""
    if not server or _RESERVED.search(server):
        return "v=spf1 mx -all"
    if re.fullmatch(r"[\d.]+", server):
        return f"v=spf1 ip4:{server} -all"
    return f"v=spf1 ip6:{server} -all" if ":" in server else f"v=spf1 a:{server} -all"


def _spf(found: list[str]) -> tuple[str, str]:
    records = [each for each in found if re.match(r"v=spf1(?: |$)", each, re.IGNORECASE)]
    if not records:
        return "warning", "nothing says which servers may send as this domain"
    if len(records) > 1:
        return "wrong", f"{len(records)} records, of which receivers take none: have one"
    words = records[0].lower().split()
    if {"all", "+all", "?all"} & set(words):
        return "warning", f'it lets every server send ("{records[0]}")'
    return "ok", f'published: "{records[0]}"'


def _dkim_of(key: DkimKey) -> _Judge:
    def judge(found: list[str]) -> tuple[str, str]:
        published = [tags for tags in map(_tags, found) if "p" in tags]
        if not published:
            return "wrong", "our signatures are worth nothing: their public key is not published"
        if len(published) > 1:
            return "wrong", f"{len(published)} keys, where receivers expect one"
        if published[0]["p"] != key.public:
            return "wrong", "another key is published, or it was taken back"
        if "y" in published[0].get("t", "").split(":"):
            return "warning", "the record says that it is only being tried (t=y)"
        return "ok", f"published, the key that we sign with ({key.algorithm})"

    return judge


def _dmarc(domain: str, look: Txt) -> Finding:
    """Of the domain, or of the nearest one above it that has a record."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        host = "_dmarc." + ".".join(labels[start:])
        try:
            if any(map(_is_dmarc, look(host))):
                return _said("DMARC", host, _WANTED_DMARC, look, _judge_dmarc)
        except Silent:
            break
    return _said("DMARC", f"_dmarc.{domain}", _WANTED_DMARC, look, _judge_dmarc)


_WANTED_DMARC: Final = "v=DMARC1; p=quarantine"


def _is_dmarc(record: str) -> bool:
    return re.match(r"v=DMARC1\s*(?:;|$)", record, re.IGNORECASE) is not None


def _judge_dmarc(found: list[str]) -> tuple[str, str]:
    records = [each for each in found if _is_dmarc(each)]
    if not records:
        return "warning", "nothing says what receivers do with emails that only pretend to be ours"
    if len(records) > 1:
        return "wrong", f"{len(records)} records, of which receivers take none: have one"
    policy = _tags(records[0]).get("p", "").lower()
    if policy not in {"none", "quarantine", "reject"}:
        return "wrong", f'it has no policy that receivers know ("{records[0]}")'
    if policy == "none":
        return "note", "receivers only report what pretends to be ours (p=none)"
    return "ok", f'published: "{records[0]}"'


def _tags(record: str) -> dict[str, str]:
    """`name=value` pairs, without white space."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): re.sub(r"\s", "", value) for name, equals, value in pairs if equals}
