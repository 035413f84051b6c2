"""The client of webhooks against addresses, servers and answers that mean harm."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from petition.domain.webhooks.event import Fault
from petition.worker import webhook_client
from petition.worker.webhook_client import NotAnswered, WebhookClient
from tests.webhook_receiver import HOST, Authority, Receiver, client_to, receiving

pytestmark = pytest.mark.slow

# {port} is that of a listener on loopback.
URLS = """
https://127.0.0.1:{port}/  https://127.1:{port}/  https://127.0.1:{port}/  https://0:{port}/
https://0.0.0.0:{port}/  https://2130706433:{port}/  https://017700000001:{port}/
https://0x7f000001:{port}/  https://0x7f.0.0.1:{port}/  https://0177.0.0.1:{port}/
https://0x7f.1:{port}/  https://127.0.0.1.:{port}/  https://4294967295:{port}/
https://127.0.0.0x1:{port}/  https://[::1]:{port}/  https://[::]:{port}/
https://[::ffff:127.0.0.1]:{port}/  https://[::ffff:7f00:1]:{port}/
https://[0:0:0:0:0:0:0:1]:{port}/  https://[fe80::1%25lo]:{port}/
https://[64:ff9b::7f00:1]:{port}/  https://[2002:7f00:1::]:{port}/  https://localhost:{port}/
https://LOCALHOST:{port}/  https://localhost.:{port}/  https://a.localhost:{port}/
https://localhost%00.example.org:{port}/  http://hooks.example.org:{port}/
ftp://127.0.0.1:{port}/  file:///etc/passwd  gopher://127.0.0.1:{port}/
https://hooks.example.org@127.0.0.1:{port}/  https://127.0.0.1:{port}@hooks.example.org/
https://hooks.example.org:pass@127.0.0.1:{port}/  https://hooks.example.org#@127.0.0.1:{port}/
https://127.0.0.1:{port}#.example.org/  https://127.0.0.1:{port}\\.example.org/
https:\\\\127.0.0.1:{port}/  https:/127.0.0.1:{port}/  https:127.0.0.1:{port}
//127.0.0.1:{port}/  https://hooks.example.org:0/  https://hooks.example.org:22/
https://hooks.example.org:25/  https://hooks.example.org:6379/\\r\\nSET
https://hooks.example.org:99999/  https://intranet:{port}/
https://127\u30020\u30020\u30021:{port}/  https://\u2460\u2461\u2466.0.0.1:{port}/
https://{port}/
""".split()  # noqa: SIM905  # that many are read better so
# What the name of an endpoint may be made to lead to.
LEADS_TO = """
127.0.0.1  127.8.8.8  0.0.0.0  10.0.0.1  172.16.0.1  172.31.255.255  192.168.1.1  100.64.0.1
169.254.169.254  168.63.129.16  192.0.0.192  192.0.2.1  198.18.0.1  198.51.100.1  203.0.113.1
192.88.99.1  224.0.0.1  239.255.255.255  240.0.0.1  255.255.255.255  ::1  ::  ::ffff:127.0.0.1
::ffff:10.0.0.1  ::127.0.0.1  64:ff9b::7f00:1  64:ff9b:1::7f00:1  2002:7f00:1::  2001:0:7f00:1::
fe80::1  fe80::1%lo  fec0::1  fc00::1  fd00:ec2::254  ff02::1  2001:db8::1  3fff::1  100::1
5f00::1  localhost  2130706433  0x7f000001
""".split()  # noqa: SIM905


class Listener:
    """Accepts on loopback and counts."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def accepted(self) -> int:
        """How many connections wait: none is lost, they queue until they are accepted."""
        self._socket.setblocking(False)
        number = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return number
            number += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def receiver(authority: Authority) -> Iterator[Receiver]:
    with receiving(authority) as made:
        yield made


def fault(client: WebhookClient, url: str, *, arrived: bool = False) -> Fault:
    """What went wrong; `arrived` where the receiver may have read the message."""
    with pytest.raises(NotAnswered) as caught:
        client.post(url, {}, b"{}")
    assert caught.value.may_have_arrived is arrived
    return caught.value.fault


def test_there_are_enough_forms() -> None:
    assert len(set(URLS)) + len(set(LEADS_TO)) >= 60


def test_no_address_leads_to_this_machine(listener: Listener) -> None:
    client = WebhookClient(seconds=2)
    for url in URLS:
        assert fault(client, url.format(port=listener.port)) == Fault.ADDRESS, url
    assert listener.accepted() == 0


def test_no_name_leads_to_this_machine_or_its_network(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(webhook_client.socket, "create_connection", tried.append)
    found: list[str] = []
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return found

    client = WebhookClient(resolver=resolve, seconds=2)  # one: each reads all authorities
    for each in LEADS_TO:
        for found in ([each], ["93.184.215.14", each], [each, "93.184.215.14"]):
            assert fault(client, f"https://{HOST}:{listener.port}/") == Fault.ADDRESS, found
    assert asked == [HOST] * 3 * len(LEADS_TO)
    assert not tried
    assert listener.accepted() == 0


def test_a_name_is_resolved_once_and_that_address_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second answer of a resolver that rebinds is never asked for."""
    answers, tried = [["127.0.0.1"], ["93.184.215.14"]], []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(webhook_client.socket, "create_connection", connect)
    client = WebhookClient(resolver=lambda host, port: answers.pop(), seconds=2)
    assert fault(client, f"https://{HOST}/in") == Fault.CONNECT
    assert tried == [("93.184.215.14", 443)]
    assert answers == [["127.0.0.1"]]


def test_a_name_that_is_nowhere(listener: Listener) -> None:
    def nowhere(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    assert fault(WebhookClient(resolver=nowhere), f"https://{HOST}/") == Fault.RESOLVE
    assert fault(WebhookClient(resolver=lambda *_: []), f"https://{HOST}/") == Fault.RESOLVE


def test_the_certificate_must_be_the_names_own(receiver: Receiver, authority: Authority) -> None:
    assert client_to(authority).post(receiver.url, {"webhook-id": "1"}, b"{}").status == 204
    got = receiver.got.pop()
    assert got.headers["host"] == f"{HOST}:{receiver.port}"
    assert got.headers["content-type"] == "application/json"
    other = receiver.url.replace(HOST, "other.example.org")
    assert fault(client_to(authority), other) == Fault.TLS
    untrusting = WebhookClient(loopback=True, resolver=lambda *_: ["127.0.0.1"])
    assert fault(untrusting, receiver.url) == Fault.TLS
    assert not receiver.got


def test_no_redirect_is_followed(
    receiver: Receiver, authority: Authority, listener: Listener
) -> None:
    receiver.answer = lambda got: 307
    receiver.headers = {"Location": f"https://localhost:{listener.port}/"}
    assert client_to(authority).post(receiver.url, {}, b"{}").status == 307
    assert listener.accepted() == 0
    assert len(receiver.got) == 1
    receiver.got.clear()


@contextmanager
def talking(authority: Authority, *said: bytes, hold: bool = False) -> Iterator[int]:
    """A TLS server that says this to whoever comes, and holds the line if it is to."""
    context = webhook_client.ssl.SSLContext(webhook_client.ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            plain, _ = server.accept()
            with context.wrap_socket(plain, server_side=True) as line:
                line.recv(65536)
                try:
                    for each in said:
                        line.sendall(each)
                except OSError:
                    return
                if hold:
                    done.wait(30)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n"], 200),
        ([b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n"], 204),
        ([b"HTTP/1.0 2", b"02\r\nX: y\r\n\r", b"\n", b"body" * 100_000], 202),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], Fault.ANSWER),
        ([b"HTTP/1.1 abc\r\n\r\n"], Fault.ANSWER),
        ([b"HTTP/1.1 999 No\r\n\r\n"], Fault.ANSWER),
        ([b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 200_000], Fault.ANSWER),
        ([b""], Fault.ANSWER),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"], Fault.CONNECT),
    ],
)
def test_only_the_head_of_an_answer_is_read(
    authority: Authority, said: list[bytes], expected: int | Fault
) -> None:
    with talking(authority, *said) as port:
        url = f"https://{HOST}:{port}/"
        if isinstance(expected, Fault):
            assert fault(client_to(authority), url, arrived=True) == expected
        else:
            assert client_to(authority).post(url, {}, b"{}").status == expected


def test_who_says_nothing_is_not_waited_for(authority: Authority) -> None:
    client = WebhookClient(
        loopback=True,
        resolver=lambda *_: ["127.0.0.1"],
        context=authority.trusted(),
        seconds=0.3,
    )
    with talking(authority, b"HTTP/1.1 200 OK\r\n", hold=True) as port:
        assert fault(client, f"https://{HOST}:{port}/", arrived=True) == Fault.TIMEOUT
    mute: Callable[[], socket.socket] = lambda: socket.create_server(("127.0.0.1", 0))  # noqa: E731
    with mute() as server:  # it takes the connection, and never speaks TLS
        assert fault(client, f"https://{HOST}:{server.getsockname()[1]}/") == Fault.TIMEOUT
