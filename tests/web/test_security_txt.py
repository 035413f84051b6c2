"""security.txt: whom to tell of a hole."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_finds_a_hole_learns_whom_to_tell(client: FlaskClient) -> None:
    text = client.get("/.well-known/security.txt").get_data(as_text=True)
    assert "Contact: mailto:" in text
    assert "Expires: 2027-01-31T09:30:00Z" in text
