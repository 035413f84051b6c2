"""Operations: what each address of the API says of itself, beside the view that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from petition.domain.api.tokens import Scope
from petition.web.http.problems import STATUSES, ProblemKind

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A part of the query, or a header, that an operation reads."""

    name: str
    description: str
    type: Any
    """As msgspec checks it."""
    place: str = "query"
    """`query` or `header`."""
    is_number: bool = False
    """True: digits are read as a number, and else as text."""
    is_deprecated: bool = False
    """True: it is taken, and does nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address, as the document says it."""

    id: str
    """By what programs call it: unchanging."""
    summary: str
    description: str
    status: int
    """Of the answer that was asked for."""
    answer: type[msgspec.Struct] | None
    """None: JSON of no kind of ours."""
    problems: tuple[ProblemKind, ...]
    """What it may answer instead, beside ALWAYS."""
    body: type[msgspec.Struct] | None = None
    parameters: tuple[Parameter, ...] = ()
    is_cacheable: bool = False
    """True: with an entity tag; 304 to who has it."""
    scope: Scope | None = None
    """What a token must open; None: no token is asked for. Its view has the rule TOKEN."""

    @property
    def needs_token(self) -> bool:
        return self.scope is not None

    @property
    def statuses(self) -> tuple[int, ...]:
        """Each status that it answers, in order."""
        own = {self.status, *((304,) if self.is_cacheable else ())}
        return tuple(sorted(own | {STATUSES[kind] for kind in self.all_problems}))

    @property
    def all_problems(self) -> tuple[ProblemKind, ...]:
        return (*self.problems, *(WITH_TOKEN if self.needs_token else ()), *ALWAYS)


ALWAYS: Final = (ProblemKind.TOO_MANY, ProblemKind.UNAVAILABLE)
"""What every operation may answer."""

WITH_TOKEN: Final = (ProblemKind.NO_TOKEN, ProblemKind.NOT_ALLOWED)
"""What every operation may answer that a token opens."""

LANG: Final = Parameter(
    name="lang",
    description="The language of problems, such as `de`; else Accept-Language says it.",
    type=str,
)


def operation(described: Operation) -> Callable[[View], View]:
    """Say what a view of the API answers."""

    def mark(view: View) -> View:
        view.operation = described  # type: ignore[attr-defined]
        return view

    return mark
