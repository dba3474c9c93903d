"""FE-10: somebody claims a domain that is not theirs, and a domain that was somebody's lapses or is sold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from broker.admission import Evidence, Gate
from broker.composition.domains import domain_proofs
from broker.composition.surroundings import live_organizations
from broker.domains import Domains, NotProved
from broker.errors import SsoRequired
from broker.federation.load import load
from broker.identity import Subject
from broker.organizations import PASSWORD
from broker.store.credentials import PasswordRecord
from broker.store.federations import Consent, DomainTaken, Enforcement, OrganizationRecord
from broker.store.federations import TestSignIn as SignInTest
from tests.attacks.upstream import EVIL_TENANT
from tests.support.directory import draft
from tests.support.dns import DnsServer, dns_server
from tests.support.members import administrator, signed_in
from tests.support.world import ENVIRON, Foundation, World, world_on

TENANT = EVIL_TENANT  # of those that the simulated side has, the one that no file here names
OBJECT_ID = "7c9e2f5a-51a4-4d0a-9a07-0d3b5b1c0a01"
MARIA = "0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0101"
ADDRESS = "maria@victim.example"
DAY = timedelta(days=1)


@dataclass(slots=True)
class Scene:
    """``acme`` and ``other`` are recorded, with nothing; ``maria`` has an account in acme."""

    world: World
    dns: DnsServer
    domains: Domains
    gate: Gate

    def prove(self, organization: str) -> None:
        challenge = self.domains.challenge(organization, "victim.example")
        self.dns.texts[challenge.name] = [challenge.value]
        self.domains.verify(organization, "victim.example", "operator")

    def federate(self, organization: str = "acme") -> None:
        federations, now = self.world.around.records.federations, self.world.clock.now()
        federations.connect(organization, Consent(TENANT, "T", (), OBJECT_ID, "operator", (), now))
        tested = federations.record_test(organization, TENANT, SignInTest(OBJECT_ID, None, None, now))
        federations.enforce(Enforcement(organization, tested.epoch, TENANT, "operator", now))

    def goes_to(self, address: str) -> str:
        """Where a sign-in with this address as its hint is sent."""
        answer = self.world.go(self.world.browser(), self.world.authorize_url(login_hint=address))
        return answer.headers["Location"]

    def knock(self) -> None:
        account = self.world.around.directory.account(MARIA)
        assert account is not None
        self.gate.admit(Evidence.knocking(account, PASSWORD))


@contextmanager
def scene_on(foundation: Foundation, folder: Path) -> Iterator[Scene]:
    with dns_server() as dns:
        settings = {"domains": {"resolvers": ["127.0.0.1"], "port": dns.port, "timeout_seconds": 2}}
        with world_on(foundation, folder, settings=settings) as world:
            configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
            organizations = live_organizations(configuration, world.around)
            records, now = world.around.records, world.clock.now()
            for name in ("acme", "other"):
                records.federations.create_organization(OrganizationRecord(name, name, "enterprise", None, now))
            made = draft(
                id=MARIA,
                organization="acme",
                subject=Subject.own(MARIA),
                email=ADDRESS,
                email_domain="victim.example",
            )
            records.credentials.create_password_account(made, PasswordRecord(ADDRESS, MARIA, "hash", now))
            proofs = domain_proofs(configuration, organizations, world.around)
            yield Scene(world, dns, proofs, Gate(organizations, world.clock))


@pytest.fixture
def scene(foundation: Foundation, tmp_path: Path) -> Iterator[Scene]:
    with scene_on(foundation, tmp_path / "world") as made:
        yield made


def test_fe_10_a_claim_has_no_effect_before_its_proof(scene: Scene) -> None:
    scene.domains.claim("other", "victim.example", "operator")
    scene.federate("other")
    with pytest.raises(NotProved):
        scene.domains.verify("other", "victim.example", "operator")
    assert TENANT not in scene.goes_to(ADDRESS)
    scene.gate.require_open(ADDRESS)
    scene.knock()


def test_fe_10_a_proved_domain_counts(scene: Scene) -> None:
    scene.prove("other")
    scene.federate("other")
    assert TENANT in scene.goes_to(ADDRESS)
    with pytest.raises(SsoRequired):
        scene.gate.require_open("Anybody@VICTIM.example.")


def test_fe_10_a_proof_that_lapses_opens_nothing_and_is_told(scene: Scene) -> None:
    scene.prove("acme")
    scene.federate()
    scene.dns.texts.clear()
    scene.world.clock.advance(DAY)
    assert scene.domains.prove_again(DAY) == 1
    assert [event["domain"] for event in scene.world.events("domain_lapsed")] == ["victim.example"]
    assert scene.world.around.records.audit.latest("acme", "domain_lapsed") is not None
    assert TENANT in scene.goes_to(ADDRESS)
    with pytest.raises(SsoRequired):
        scene.knock()


def test_fe_10_the_administrators_page_says_what_is_gone_and_what_to_put_back(scene: Scene) -> None:
    scene.prove("acme")
    address = "despina@victim.example"
    administrator(scene.world, address, organization="acme", first_name="Despina", last_name="Rota")
    challenge = scene.domains.challenge("acme", "victim.example")

    def page() -> str:
        shown = scene.world.go(signed_in(scene.world, address), "/settings/security")
        assert shown.status_code == 200
        return shown.text

    assert challenge.value not in page()
    scene.dns.texts.clear()
    scene.world.clock.advance(DAY)
    scene.domains.prove_again(DAY)
    shown = page()
    assert "The DNS record that proves victim.example is gone." in shown
    assert challenge.name in shown
    assert challenge.value in shown


def test_fe_10_a_domain_that_was_dropped_and_sold_lets_nobody_of_before_out(scene: Scene) -> None:
    scene.prove("acme")
    scene.federate()
    assert scene.domains.drop("acme", "victim.example", "operator")
    with pytest.raises(SsoRequired, match="acme is federated"):
        scene.knock()
    scene.prove("other")
    with pytest.raises(SsoRequired, match="acme is federated"):
        scene.knock()


def test_fe_10_what_proves_it_for_one_proves_nothing_for_another(scene: Scene) -> None:
    scene.prove("acme")
    scene.domains.drop("acme", "victim.example", "operator")
    with pytest.raises(NotProved):
        scene.domains.verify("other", "victim.example", "operator")
    scene.domains.verify("acme", "victim.example", "operator")
    with pytest.raises(DomainTaken):
        scene.prove("other")
