"""Domains of organisations: claimed, proved over a real DNS server, proved again, lapsed, dropped."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from broker import log
from broker.clock import ManualClock
from broker.dns.records import DnsUnanswered
from broker.dns.resolving import DnsTextRecords
from broker.domains import DomainRefused, Domains, NotProved
from broker.federation.live import LiveOrganizations
from broker.organizations import Organization
from broker.store.federations import DomainTaken, OrganizationRecord
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state_sqlite import SqliteState
from tests.support.dns import DnsServer, dns_server

DAY = timedelta(days=1)
CHALLENGE = "_pobuca-challenge.acme.example"


@dataclass(slots=True)
class Registry:
    domains: Domains
    records: Records
    server: DnsServer
    clock: ManualClock
    told: io.StringIO

    def events(self) -> list[str]:
        return [each.entry.event for each in self.records.audit.entries()]

    def logged(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.told.getvalue().splitlines()]

    def owned(self, organization: str = "acme") -> list[str]:
        return [record.domain for record in self.records.federations.recorded(organization).domains]

    def prove(self, organization: str = "acme", domain: str = "acme.example") -> None:
        challenge = self.domains.challenge(organization, domain)
        self.server.texts[challenge.name] = ["v=spf1 -all", challenge.value]


@pytest.fixture
def registry(tmp_path: Path, clock: ManualClock) -> Iterator[Registry]:
    prepare_directory(tmp_path / "d.sqlite")
    told = io.StringIO()
    log.configure(clock, told)
    with (
        closing(open_records(tmp_path / "d.sqlite")) as records,
        closing(SqliteState(tmp_path / "s.sqlite", clock)) as state,
        dns_server() as server,
    ):
        for name in ("acme", "other"):
            records.federations.create_organization(
                OrganizationRecord(name, name.title(), "enterprise", None, clock.now())
            )
        declared = [Organization("filed", "Filed", "standard", ("filed.example", "sub.parent.example"), None)]
        domains = Domains(
            LiveOrganizations(declared, records.federations),
            records.federations,
            records.audit,
            DnsTextRecords(["127.0.0.1"], server.port, timedelta(seconds=2)),
            state,
            clock,
            b"a key for tests",
        )
        yield Registry(domains, records, server, clock, told)


def test_a_domain_is_proved_by_its_txt_record(registry: Registry) -> None:
    challenge = registry.domains.claim("acme", "ACME.example.", "operator")
    assert (challenge.domain, challenge.name) == ("acme.example", CHALLENGE)
    registry.server.texts[challenge.name] = [challenge.value]
    record = registry.domains.verify("acme", "acme.example", "operator")
    assert (record.domain, record.proof) == ("acme.example", "dns")
    assert registry.owned() == ["acme.example"]
    assert registry.events() == ["domain_claimed", "domain_verified"]


def test_an_international_domain_is_asked_for_and_kept_in_its_canonical_form(registry: Registry) -> None:
    challenge = registry.domains.claim("acme", "Αιγαίο.example", "operator")
    assert challenge.name == "_pobuca-challenge.xn--kxadah3a3b.example"
    registry.server.texts[challenge.name] = [challenge.value]
    registry.domains.verify("acme", "ΑΙΓΑΊΟ.example", "operator")
    assert registry.owned() == ["xn--kxadah3a3b.example"]


def test_a_second_claim_gives_the_same_challenge_and_is_noted_once(registry: Registry) -> None:
    first = registry.domains.claim("acme", "acme.example", "operator")
    registry.clock.advance(timedelta(hours=1))
    assert registry.domains.claim("acme", "acme.example", "operator") == first
    assert registry.events() == ["domain_claimed"]


def test_each_organization_and_domain_has_a_challenge_of_its_own(registry: Registry) -> None:
    values = {
        registry.domains.challenge(organization, domain).value
        for organization in ("acme", "other")
        for domain in ("acme.example", "acme2.example")
    }
    assert len(values) == 4


@pytest.mark.parametrize("texts", [[], ["something else"], ["of the other"]])
def test_without_the_right_text_nothing_is_proved(registry: Registry, texts: list[str]) -> None:
    other = registry.domains.challenge("other", "acme.example").value
    registry.server.texts[CHALLENGE] = [other if text == "of the other" else text for text in texts]
    with pytest.raises(NotProved):
        registry.domains.verify("acme", "acme.example", "operator")
    assert registry.owned() == []


def test_without_an_answer_nothing_is_proved(registry: Registry) -> None:
    registry.prove()
    registry.server.behaviour = "fails"
    with pytest.raises(DnsUnanswered):
        registry.domains.verify("acme", "acme.example", "operator")
    assert registry.owned() == []


@pytest.mark.parametrize("text", ["gmail.com", "com.gr", "acme", "not a domain", "", "a.onmicrosoft.com"])
def test_what_is_no_domain_or_everybodys_is_refused(registry: Registry, text: str) -> None:
    for attempt in (registry.domains.claim, registry.domains.verify, registry.domains.vouch):
        with pytest.raises(DomainRefused):
            attempt("acme", text, "operator")


@pytest.mark.parametrize("text", ["filed.example", "sales.filed.example", "parent.example"])
def test_a_domain_of_another_organization_or_above_or_below_it_is_taken(registry: Registry, text: str) -> None:
    registry.prove(domain=text)
    for attempt in (registry.domains.claim, registry.domains.verify, registry.domains.vouch):
        with pytest.raises(DomainTaken):
            attempt("acme", text, "operator")


def test_who_proves_first_has_it_and_other_claims_end(registry: Registry) -> None:
    registry.domains.claim("other", "acme.example", "operator")
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    assert registry.records.federations.domain_claims("other") == []
    registry.prove("other")
    with pytest.raises(DomainTaken):
        registry.domains.verify("other", "acme.example", "operator")


def test_a_proof_is_looked_at_again_when_it_is_old_enough(registry: Registry) -> None:
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    assert registry.domains.prove_again(DAY) == 0
    assert registry.server.asked[CHALLENGE] == 1
    registry.clock.advance(DAY)
    assert registry.domains.prove_again(DAY) == 0
    assert registry.server.asked[CHALLENGE] == 2
    (record,) = registry.records.federations.recorded("acme").domains
    assert record.confirmed_at == registry.clock.now()
    assert record.verified_at == registry.clock.now() - DAY


def test_a_proof_that_is_gone_is_told_once_and_the_domain_stays(registry: Registry) -> None:
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    registry.server.texts.clear()
    for _ in range(3):
        registry.clock.advance(DAY)
        assert registry.domains.prove_again(DAY) == 1
    assert registry.owned() == ["acme.example"]
    assert registry.events() == ["domain_verified", "domain_lapsed"]
    assert registry.logged() == ["domain_lapsed"] * 3
    (standing,) = registry.domains.standings("acme")
    assert standing.lapsed_since == registry.clock.now() - 2 * DAY


def test_a_proof_that_is_back_is_told_as_well(registry: Registry) -> None:
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    registry.server.texts.clear()
    registry.clock.advance(DAY)
    registry.domains.prove_again(DAY)
    registry.prove()
    registry.clock.advance(DAY)
    assert registry.domains.prove_again(DAY) == 0
    assert registry.events() == ["domain_verified", "domain_lapsed", "domain_proved_again"]
    assert registry.domains.standings("acme")[0].lapsed_since is None


def test_no_answer_is_no_lapse_and_is_asked_again_sooner(registry: Registry) -> None:
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    registry.server.behaviour = "fails"
    registry.clock.advance(DAY)
    assert registry.domains.prove_again(DAY) == 0
    assert registry.logged() == ["domain_unanswered"]
    assert registry.domains.standings("acme")[0].lapsed_since is None
    registry.server.behaviour = "answers"
    registry.clock.advance(DAY / 4)
    registry.domains.prove_again(DAY)
    (record,) = registry.records.federations.recorded("acme").domains
    assert record.confirmed_at == registry.clock.now()


def test_of_several_workers_one_looks(registry: Registry) -> None:
    registry.prove()
    registry.domains.verify("acme", "acme.example", "operator")
    registry.clock.advance(DAY)
    for _ in range(5):
        registry.domains.prove_again(DAY)
    assert registry.server.asked[CHALLENGE] == 2


def test_an_operators_word_is_not_asked_again(registry: Registry) -> None:
    registry.domains.vouch("acme", "acme.example", "operator")
    registry.clock.advance(30 * DAY)
    assert registry.domains.prove_again(DAY) == 0
    assert registry.server.asked[CHALLENGE] == 0
    (entry,) = registry.records.audit.entries()
    assert entry.entry.detail == {"domain": "acme.example", "proof": "operator"}


def test_a_dropped_domain_is_free_for_others(registry: Registry) -> None:
    registry.domains.vouch("acme", "acme.example", "operator")
    assert registry.domains.drop("acme", "ACME.example", "operator")
    assert not registry.domains.drop("acme", "acme.example", "operator")
    registry.domains.vouch("other", "acme.example", "operator")
    assert registry.owned("other") == ["acme.example"]
    assert registry.events() == ["domain_verified", "domain_dropped", "domain_verified"]


def test_the_standings_tell_files_records_and_claims_apart(registry: Registry) -> None:
    registry.domains.vouch("filed", "second.example", "operator")
    registry.domains.claim("filed", "third.example", "operator")
    told = {standing.domain: standing.proof for standing in registry.domains.standings("filed")}
    assert told == {
        "filed.example": "file",
        "sub.parent.example": "file",
        "second.example": "operator",
        "third.example": "claimed",
    }
