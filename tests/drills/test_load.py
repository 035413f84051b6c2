"""The driver writes down what it does, survives the server, and stays on this machine."""

import asyncio
from pathlib import Path

import pytest

from drills import ledger
from drills.http_client import NotLoopback, hidden_fields, loopback
from drills.load import Driver, Plan, read_letter

PAGE = b'<form><input type="hidden" name="ticket" value="t&amp;1"><input name="email"></form>'


class Server:
    """Answers with 303; hangs up without a word on every fifth form."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await self._head(reader):
            if head.startswith(b"GET"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
                continue
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            self.kept.append(await reader.readexactly(length))
            if len(self.kept) % 5 == 0:
                break
            writer.write(b"HTTP/1.1 303 See Other\r\nLocation: /en/amazon/thanks\r\n")
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        writer.close()

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""


async def drive(book: Path, server: Server) -> dict[str, object]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    plan = Plan(base=f"http://127.0.0.1:{port}", ledger=book, rate=300, seconds=0.7, connections=4)
    summary = await Driver(plan).run()
    listening.close()
    return summary


def test_the_ledger_knows_what_was_sent_and_answered(tmp_path: Path) -> None:
    book = tmp_path / "ledger"
    ledger.begin(book)
    server = Server()
    summary = asyncio.run(drive(book, server))
    account = ledger.read(book)
    assert len(account.person) == len(server.kept) > 50
    assert len(account.acknowledged) == summary["acknowledged"]
    assert len(account.unknown) == len(server.kept) // 5
    assert all(b"ticket=t%261" in form for form in server.kept)
    assert len(set(account.person.values())) < len(account.person), "some sign again"
    before = account.last
    asyncio.run(drive(book, server))
    assert ledger.read(book).last > before, "a second run goes on with new numbers"


@pytest.mark.parametrize("base", ["http://192.0.2.1:80", "http://10.0.0.1", "http://[2001:db8::1]"])
def test_only_this_machine_is_asked(base: str) -> None:
    with pytest.raises(NotLoopback):
        loopback(base)
    assert loopback("http://127.0.0.1:81") == ("127.0.0.1", 81)
    assert loopback("http://[::1]:81") == ("::1", 81)


def test_a_letter_names_its_person_and_link(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    body = "Please confirm:\nhttps://call.example/confirm/abc.def-_1\n"
    letter.write_text(f"To: {ledger.spelling('abcd', 3, 1)}\nSubject: Hello\n\n{body}")
    assert read_letter(letter, "abcd") == (3, "/confirm/abc.def-_1")
    assert read_letter(letter, "beef") is None
    letter.write_text(f"To: {ledger.spelling('abcd', 3, 1)}\n\nno link\n")
    assert read_letter(letter, "abcd") is None


def test_hidden_fields() -> None:
    assert hidden_fields(PAGE) == {"ticket": "t&1"}
