"""Static files: one name each, compressed, and kept for ever."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from petition import assets

ADDRESS = assets.address("css/site.css")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_a_static_file_may_be_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@on_sqlite
@pytest.mark.parametrize("name", ["css/site.css", "js/site.js", "favicon.svg"])
def test_a_static_file_comes_compressed_to_who_takes_that(client: FlaskClient, name: str) -> None:
    address, file = assets.address(name), assets.content(name)
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip, deflate"})
    assert plain.data == file
    assert "Content-Encoding" not in plain.headers
    if packed.headers.get("Content-Encoding") == "gzip":
        assert gzip.decompress(packed.data) == file
        assert len(packed.data) < len(file)
        assert plain.headers["ETag"] != packed.headers["ETag"]
        for answer in (plain, packed):
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert int(answer.headers["Content-Length"]) == len(answer.data)
    else:
        assert len(gzip.compress(file)) > 0.9 * len(file)


@on_sqlite
def test_the_big_files_are_compressed(client: FlaskClient) -> None:
    for name in ("css/site.css", "js/site.js"):
        packed = client.get(assets.address(name), headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"


@on_sqlite
@pytest.mark.parametrize(
    ("header", "packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("gzip;q=1.0, *;q=0.5", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("gzip; q=0, identity", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_nobody_gets_what_they_do_not_take(client: FlaskClient, header: str, packed: bool) -> None:
    for address in (ADDRESS, "/en/amazon"):
        answer = client.get(address, headers={"Accept-Encoding": header})
        assert ("Content-Encoding" in answer.headers) is packed


@on_sqlite
def test_who_has_a_file_is_not_sent_it_again(client: FlaskClient) -> None:
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding}
        known = {"If-None-Match": client.get(ADDRESS, headers=headers).headers["ETag"]}
        again = client.get(ADDRESS, headers=headers | known)
        assert (again.status_code, again.data) == (304, b"")
        assert "immutable" in again.headers["Cache-Control"]


@on_sqlite
@pytest.mark.parametrize(
    "name",
    [
        "css/./site.css",
        "css/../css/site.css",
        "css//site.css",
        "css/tokens.css",
        "../app.py",
    ],
)
def test_a_static_file_has_one_name(client: FlaskClient, name: str) -> None:
    path = ADDRESS.removesuffix("css/site.css") + name
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path})
    assert answer.status_code in {404, 308}


def test_every_part_of_a_style_sheet_is_in_one() -> None:
    parts = {path.stem for path in (assets.STATIC / "css").glob("*.css")}
    named = {part.removesuffix("!") for sheet in assets.SHEETS.values() for part in sheet}
    assert parts == named


def test_a_style_sheet_is_its_parts_without_what_only_its_writers_read() -> None:
    sheet = assets.content("css/site.css").decode()
    assert "/*" not in sheet
    for part in assets.SHEETS["css/site.css"]:
        text = (assets.STATIC / "css" / f"{part}.css").read_text(encoding="utf-8")
        rules = [line.strip() for line in text.splitlines() if line.strip().endswith("}")]
        assert rules
        assert {*rules} <= {*sheet.splitlines()}, part
