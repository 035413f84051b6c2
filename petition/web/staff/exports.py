"""The recall lists: what left in an export and was withdrawn or erased since."""

from __future__ import annotations

from flask import Blueprint, Response

from petition.errors import NotFound
from petition.services.exports import csv_file
from petition.store.campaigns import campaigns
from petition.store.db import reading
from petition.store.exports import contents
from petition.web.http.access import EXPORTER, access

recall = Blueprint("recall", __name__, url_prefix="/staff")


@recall.get("/campaigns/<slug:slug>/exports/<id:export_id>/recall")
@access(EXPORTER)
def download(slug: str, export_id: int) -> Response:
    """The numbers to take out of that file, as CSV. It names nobody."""
    with reading() as session:
        if contents.campaign_of(session, export_id) != campaigns.by_slug(session, slug).id:
            raise NotFound
        body = b"".join(csv_file.recall(session, export_id))
    response = Response(body, content_type="text/csv; charset=utf-8")
    name = f"{slug}-export-{export_id}-recall.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
