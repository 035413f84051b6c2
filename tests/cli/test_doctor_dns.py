"""`petition doctor` about SPF, DKIM and DMARC, asked of a real name server on loopback."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from petition import dkim_keys
from petition.cli import doctor_dns
from petition.config import Sender, Settings, load
from petition.dkim_keys import DkimKey
from petition.setting_urls import Smtp
from tests.dkim import ED25519, RSA
from tests.dns_server import name_server

HOUSE = "letters.house.net"
SMTP = Smtp(
    host="out.relay.net",
    port=587,
    username=None,
    password=None,
    starttls=True,
    implicit_tls=False,
)
KEYS = dkim_keys.read(RSA + ED25519, "2027a,2027b")
FIRST, SECOND = (f"{name}._domainkey.{HOUSE}" for name in ("2027a", "2027b"))
SPF, DMARC = "v=spf1 a:out.relay.net -all", "v=DMARC1; p=reject"
PUBLISHED = {
    HOUSE: ["another-service=1", SPF],
    FIRST: [KEYS[0].record],
    SECOND: [KEYS[1].record],
    "_dmarc.house.net": [DMARC],
}


@pytest.fixture
def house(tmp_path: Path) -> Settings:
    return replace(
        load({"PETITION_INSTANCE": str(tmp_path)}),
        env="production",
        mail_from=Sender(name="", address=f"no-reply@{HOUSE}"),
        return_domain=HOUSE,
        smtp=SMTP,
        dkim_keys=KEYS,
    )


def said(settings: Settings, records: dict[str, list[str]]) -> dict[str, tuple[str, str]]:
    """Verdict and words by the name of the record."""
    with name_server(records) as server:
        lines = doctor_dns.findings(settings, server.resolver)
        return {name: (verdict, words) for name, verdict, words in lines}


def test_what_is_published_is_found(house: Settings) -> None:
    found = said(house, PUBLISHED)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        f"SPF of {HOUSE}": "ok",
        f"DKIM of {FIRST}": "ok",
        f"DKIM of {SECOND}": "ok",
        "DMARC of _dmarc.house.net": "ok",
    }
    assert SPF in found[f"SPF of {HOUSE}"][1]


def test_what_is_missing_is_said_as_it_is_to_be_published(house: Settings) -> None:
    found = said(replace(house, return_domain="bounces.house.net"), {HOUSE: []})
    for host in (HOUSE, "bounces.house.net"):
        verdict, words = found[f"SPF of {host}"]
        assert verdict == "warning"
        assert words.endswith(f'publish at {host}: TXT "{SPF}"')
    for key, host in zip(KEYS, (FIRST, SECOND), strict=True):
        verdict, words = found[f"DKIM of {host}"]
        assert verdict == "wrong"
        assert words.endswith(f'publish at {host}: TXT "{key.record}"')
    verdict, words = found[f"DMARC of _dmarc.{HOUSE}"]
    assert verdict == "warning"
    assert f'publish at _dmarc.{HOUSE}: TXT "v=DMARC1;' in words


@pytest.mark.parametrize(
    ("host", "records", "name", "verdict"),
    [
        (HOUSE, [SPF, "v=spf1 -all"], f"SPF of {HOUSE}", "wrong"),
        (HOUSE, ["v=spf1 +all"], f"SPF of {HOUSE}", "warning"),
        (HOUSE, ["v=spf10 a -all"], f"SPF of {HOUSE}", "warning"),
        (FIRST, [KEYS[1].record], f"DKIM of {FIRST}", "wrong"),
        (FIRST, ["v=DKIM1; p="], f"DKIM of {FIRST}", "wrong"),
        (FIRST, [KEYS[0].record, KEYS[1].record], f"DKIM of {FIRST}", "wrong"),
        (FIRST, [f"{KEYS[0].record}; t=y"], f"DKIM of {FIRST}", "warning"),
        (
            FIRST,
            [KEYS[0].record.replace("; ", ";").replace("p=MII", "p=M II")],
            f"DKIM of {FIRST}",
            "ok",
        ),
        (f"_dmarc.{HOUSE}", ["v=DMARC1; p=none"], f"DMARC of _dmarc.{HOUSE}", "note"),
        (f"_dmarc.{HOUSE}", ["v=DMARC1; q=1"], f"DMARC of _dmarc.{HOUSE}", "wrong"),
        (f"_dmarc.{HOUSE}", [DMARC, "v=DMARC1; p=none"], f"DMARC of _dmarc.{HOUSE}", "wrong"),
    ],
)
def test_what_is_published_wrongly_is_seen(
    house: Settings, host: str, records: list[str], name: str, verdict: str
) -> None:
    assert said(house, PUBLISHED | {host: records})[name][0] == verdict


def test_without_a_key_nobody_is_told_that_we_sign(house: Settings) -> None:
    verdict, words = said(replace(house, dkim_keys=()), PUBLISHED)[f"DKIM of {HOUSE}"]
    assert (verdict, "PETITION_DKIM_KEY" in words) == ("warning", True)
    alone: tuple[DkimKey, ...] = KEYS[1:]
    verdict, words = said(replace(house, dkim_keys=alone), PUBLISHED)[f"DKIM of {HOUSE}"]
    assert (verdict, "RSA" in words) == ("warning", True)


def test_a_name_server_that_is_silent_is_asked_once(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_dns, "LONGEST", 0.2)
    with name_server(PUBLISHED, silent=True) as server:
        lines = list(doctor_dns.findings(house, server.resolver))
    assert set(server.asked) == {HOUSE}
    assert {verdict for _, verdict, _ in lines} == {"note"}
    assert any(f'TXT "{KEYS[0].record}"' in words for _, _, words in lines)


def test_names_that_nobody_has_are_not_asked_for(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", fails)
    environ = {"PETITION_MAIL_FROM": "no-reply@call.example.org"}
    lines = json.loads(run("doctor", "--json", **environ).stdout)
    found = {line["name"]: line for line in lines if line["name"][:3] in {"SPF", "DKI", "DMA"}}
    assert {line["verdict"] for line in found.values()} == {"note"}
    assert 'TXT "v=spf1 mx -all"' in found["SPF of call.example.org"]["words"]
    lines = json.loads(run("doctor", "--json").stdout)
    assert [line["name"] for line in lines if "SPF" in line["name"]] == ["SPF, DKIM, DMARC"]


def test_no_resolver_says_what_to_publish(house: Settings) -> None:
    def none() -> dns.resolver.Resolver:
        raise dns.resolver.NoResolverConfiguration

    lines = list(doctor_dns.findings(house, none))
    assert {verdict for _, verdict, _ in lines} == {"note"}
    assert all("publish at" in words for _, _, words in lines)
