"""The real server's answers: no version in the headers, and errors that are ours."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("address", ["/en/amazon", "/no/such/page", "/healthz", "/staff/"])
def test_no_answer_tells_a_version(instance: Any, method: str, address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(instance.url).netloc, timeout=30)
    try:
        connection.request(method, address)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").lower()
    finally:
        connection.close()
    headers = {name.lower(): value.lower() for name, value in answer.getheaders()}
    assert headers["x-content-type-options"] == "nosniff"
    # The server gives its name and cannot be told not to; it must not give its version.
    assert headers.get("server", "granian") == "granian"
    assert "x-powered-by" not in headers
    assert "traceback" not in text
    assert answer.status < 500
