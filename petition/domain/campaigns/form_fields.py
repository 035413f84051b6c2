"""Form fields: what a campaign's form asks of a person beyond given name, address and country."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Wanted(StrEnum):
    """Whether a field is on the form, and whether it must be filled in there."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


OFF: Final = Wanted.OFF
OPTIONAL: Final = Wanted.OPTIONAL
REQUIRED: Final = Wanted.REQUIRED


class FormFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that campaigns choose, by the name of the field.

    Kept as JSON with the words of the call. The defaults are what every form asked before
    campaigns could choose: they hold for versions that were kept then.
    """

    family_name: Wanted = OPTIONAL
    """Never required: many people have one name only."""
    postcode: Wanted = OPTIONAL
    comment: Wanted = OPTIONAL

    def of(self, wanted: Wanted) -> tuple[str, ...]:
        """The names of the fields that are wanted so, in the order of the form."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) == wanted)
