"""What somebody who is signed in was refused is noted in the audit log, by our name of the page."""

from __future__ import annotations

from flask import Flask, Response, g, request

from petition.domain.staff.audit_actions import AuditAction
from petition.store.db import transaction
from petition.store.staff import audit
from petition.web.http.dependencies import deps


def install(app: Flask) -> None:
    """Have every refusal noted before it is told."""
    app.after_request(_note)


def _note(response: Response) -> Response:
    if response.status_code == 403 and "staff" in g and request.endpoint:
        with transaction() as session:
            audit.note(
                session,
                who=g.staff.email,
                action=AuditAction.OPEN_PAGE,
                outcome="refused",
                at=deps().now(),
                detail=f"{request.method} {request.endpoint}",
            )
    return response
