"""Reports: bounces, found by flufl.bounce and classed by our own table, and complaints (ARF)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from typing import Final

from petition.domain.letters import bounce
from petition.domain.letters.bounce import BounceClass, BounceReport
from petition.domain.letters.inbound import MOST_RECIPIENTS

_DAEMONS: Final = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?delivery|mdaemon|bounces?|no-?reply-bounce)"
    r"(?:[+@]|$)",
    re.I,
)
_OF_READERS: Final = frozenset({"abuse", "fraud", "virus", "opt-out", "opt-out-list", "other"})
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODE: Final = re.compile(r"\b([245]\d\d)\b")
MOST_TEXT: Final = 20_000

# It would log where a stranger's bytes broke it.
logging.getLogger("flufl.bounce").disabled = True


def report_of(
    message: Message, *, sender: str | None, author: str, auto_subject: bool
) -> BounceReport | None:
    """What the email says about one of ours; None when it is no report.

    `sender` is the envelope's, None where nobody told it. `auto_subject`: it reads as an absence.
    """
    complaint = _complaint(message)
    if complaint is not None:
        return complaint
    is_report = message.get_content_type() == "multipart/report"
    if not (is_report or sender == "" or _DAEMONS.match(author)):
        return None
    if auto_subject and not any(_statuses(message)):
        return None
    temporary, permanent = _failures(message)
    if not (temporary or permanent):
        return None
    report = _classed(message, is_final=bool(permanent))
    return replace(report, recipients=_addresses(permanent)) if report.is_final else report


def _addresses(found: frozenset[bytes]) -> frozenset[str]:
    return frozenset(each.decode("utf-8", "replace") for each in sorted(found)[:MOST_RECIPIENTS])


def _complaint(message: Message) -> BounceReport | None:
    for part in _parts(message):
        if part.get_content_type() == "message/feedback-report":
            kind = _feedback_type(part)
            said = BounceClass.COMPLAINT if kind in _OF_READERS else BounceClass.AUTO_REPLY
            return BounceReport(kind=said, is_final=False)
    return None


def _feedback_type(part: Message) -> str:
    found = re.search(r"^feedback-type:\s*([\w-]+)", _text(part), re.I | re.M)
    return found[1].lower() if found else "abuse"


def _failures(message: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
    # The extra `mail`: whoever receives nothing does not have it.
    from flufl.bounce import all_failures  # noqa: PLC0415

    try:
        temporary, permanent = all_failures(message)
    except Exception:  # a stranger's bytes broke a detector: then nothing is recognised
        return frozenset(), frozenset()
    return frozenset(temporary), frozenset(permanent)


def _classed(message: Message, *, is_final: bool) -> BounceReport:
    """By the report that servers write for programs; else by the answers in its text."""
    for action, status, diagnostic in _statuses(message):
        if action not in {"failed", "delayed"}:
            continue
        code = _CODE.search(diagnostic)
        number = int(code[1]) if code else int(status[0]) * 100
        kind = bounce.of_answer(number, _detail(status, diagnostic), diagnostic)
        if action == "delayed":
            return BounceReport(kind=BounceClass.DELAYED, is_final=False)
        return BounceReport(kind=_for_good(kind, is_final), is_final=True)
    text = "\n".join(_text(part) for part in _parts(message) if _is_text(part))[:MOST_TEXT]
    kind = bounce.of_text(text) or bounce.of_answer(500, "", text)
    if not is_final:
        return BounceReport(kind=BounceClass.DELAYED, is_final=False)
    return BounceReport(kind=_for_good(kind, is_final), is_final=True)


def _for_good(kind: BounceClass, is_final: bool) -> BounceClass:
    """A server that gave up after many tries says last why it had waited, and not for what."""
    return BounceClass.UNKNOWN if is_final and kind is BounceClass.DELAYED else kind


def _detail(status: str, diagnostic: str) -> str:
    """The server's own code, which says more than that of who reports it, if it is there."""
    own = _STATUS.search(diagnostic)
    if own is not None and not own[0].endswith(".0.0"):
        return own[0]
    return "" if status.endswith(".0.0") else status


def _statuses(message: Message) -> Iterator[tuple[str, str, str]]:
    """Action, status and the server's words, for each recipient of each report for programs."""
    for part in _parts(message):
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in re.split(r"\r?\n[ \t]*\r?\n", _text(part)):
            fields = _fields(block)
            status = _STATUS.search(fields.get("status", ""))
            if "action" in fields and status is not None:
                action = fields["action"].split()[0].lower() if fields["action"].split() else ""
                yield action, status[0], fields.get("diagnostic-code", "")


def _fields(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    unfolded = re.sub(r"\r?\n[ \t]+", " ", block)
    for each in unfolded.splitlines():
        name, colon, value = each.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


MOST_PARTS: Final = 200


def _parts(message: Message) -> Iterator[Message]:
    """The parts, in order, not deeper and not more than any report has."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting.extend(each for each in payload if isinstance(each, Message))


def _is_text(part: Message) -> bool:
    return part.get_content_type() in {"text/plain", "text/html"}


def _text(part: Message) -> str:
    """A part's text, however it is packed; the blocks of a report are parts for the parser."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n\n".join(str(each) for each in payload[:50])[:MOST_TEXT]
    try:
        raw = part.get_payload(decode=True)
    except Exception:  # broken base64 and the like
        raw = None
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(payload or "")
    return text[:MOST_TEXT]
