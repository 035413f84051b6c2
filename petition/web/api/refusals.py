"""Refusals: a view of the API raises one, and its caller gets the problem."""

from __future__ import annotations

from flask import Flask

from petition.errors import PetitionError
from petition.web.http import problems
from petition.web.http.problems import FieldProblem, ProblemKind


class Refusal(PetitionError):
    """The request is not answered as it asked."""

    def __init__(self, kind: ProblemKind, *errors: FieldProblem, noticed: str = "") -> None:
        super().__init__()
        self.kind, self.errors, self.noticed = kind, errors, noticed


def install(app: Flask) -> None:
    """Answer each refusal with its problem."""
    app.register_error_handler(
        Refusal,
        lambda refused: problems.answer(refused.kind, refused.errors, noticed=refused.noticed),
    )
