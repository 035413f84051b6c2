"""DKIM: what signs a finished email, so that its receiver sees who vouches for it, and no change.

`dkimpy`, an optional package, does it. Settings with a key and without it stop every start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from petition.config import Settings
from petition.dkim_keys import DkimKey
from petition.mail.ready_letter import UnsafeLetter

_ONCE: Final = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To")
"""Named twice: nobody adds a second one, or one that we do not write."""
SIGNED: Final = (
    *_ONCE,
    b"MIME-Version",
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",  # both, or nobody shows a button for them (RFC 8058)
    *_ONCE,
)
_CHANGES: Final = (b"relaxed", b"relaxed")
"""What servers on the way may change: white space."""


class Signer:
    """Signs with each key, as the domain that emails are from; with no key, not at all."""

    def __init__(self, keys: Sequence[DkimKey], domain: str) -> None:
        self._keys = keys
        self._domain = domain.encode()

    def signed(self, content: bytes) -> bytes:
        """The email with a line above it for each key.

        Raises UnsafeLetter where its head cannot be read: it stays, and ends no worker.
        """
        return b"".join([*(self._signature(key, content) for key in self._keys), content])

    def _signature(self, key: DkimKey, content: bytes) -> bytes:
        import dkim  # noqa: PLC0415  # with the DNS library that it needs, 40 ms of each start

        try:
            line = dkim.DKIM(content).sign(
                key.selector.encode(),
                self._domain,
                key.secret,
                signature_algorithm=key.algorithm.encode(),
                canonicalize=_CHANGES,
                include_headers=SIGNED,
            )
        except dkim.DKIMException:
            raise UnsafeLetter("head, which cannot be signed") from None
        return bytes(line)


UNSIGNED: Final = Signer((), "")


def signer(settings: Settings) -> Signer:
    """The one that the settings ask for."""
    return Signer(settings.dkim_keys, settings.mail_from.address.rpartition("@")[2])
