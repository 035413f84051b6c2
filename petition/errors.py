"""The errors that the house raises on purpose; the docstring is what a person is told."""


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


class TicketRefused(PetitionError):
    """The form was open for too long. Please send it again: nothing you typed is lost."""


class TokenRefused(PetitionError):
    """This link is not one of ours."""


class TokenExpired(PetitionError):
    """This link is too old."""


class SealBroken(PetitionError):
    """A sealed record cannot be opened: its key is missing or its bytes were changed."""


class StoreUnavailable(PetitionError):
    """The database did not keep this. Nothing was half-written; please try again."""


class ContentError(PetitionError):
    """A campaign file is not as it should be."""
