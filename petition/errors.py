"""The errors that we raise on purpose; the docstring is what a person is told."""

from __future__ import annotations

from datetime import datetime


class PetitionError(Exception):
    """Something went wrong that we understand."""

    def __str__(self) -> str:
        return super().__str__() or (type(self).__doc__ or "").strip()


class SettingError(PetitionError):
    """A setting has a value that it cannot take."""


class NotFound(PetitionError):
    """There is nothing here."""


class CampaignClosed(PetitionError):
    """This call is closed; its count is kept."""


class TokenUnusable(PetitionError):
    """This link opens nothing."""


class TokenRefused(TokenUnusable):
    """This link is not one of ours."""


class TokenExpired(TokenUnusable):
    """This link is too old."""


class SealBroken(PetitionError):
    """A sealed record cannot be opened: its key is missing or its bytes were changed."""


class StoreUnavailable(PetitionError):
    """The database did not keep this. Nothing was half-written; please try again."""


class TooManyForms(PetitionError):
    """More forms came from one sender than are taken; nothing of this one was kept."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until
        """When the next one is taken again."""


class ContentError(PetitionError):
    """A campaign file is not as it should be."""
