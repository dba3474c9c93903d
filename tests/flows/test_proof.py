"""The proof of enforcement over every door, and that it notices a door which is open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.doors import DOORS, Unclaimed, claims_of, door, install
from broker.errors import NotAllowed
from broker.federation.registry import Registry
from broker.proof import ProofOfEnforcement, doors_of
from broker.proving.as_if import AsIfNotFederated
from broker.proving.recipes import RECIPES
from broker.proving.report import Report
from broker.web.wire import InProcessWire
from tests.support.members import ANNA, OLIVE_GROVE, administrator, enforce, form_token, member, signed_in
from tests.support.scim import with_scim
from tests.support.world import PARTIES, Foundation, World, world_on

PROVER: Final[Mapping[str, Any]] = {
    "client_id": "prover",
    "display_name": "Prover",
    "redirect_uris": ["https://prover.pobuca.example/callback"],
    "client_secret": "env:SAMPLE_SECRET",
    "scopes": ["openid", "profile", "offline_access"],
    "api_scopes": ["app_passwords.verify"],
}
# A person who uses them has to be named for the break-glass, or to be the directory, and a probe is nobody.
NOT_REACHED: Final = {"break_glass", "passkey", "scim"}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (with_scim(AEGEAN_FOODS, tmp_path), HELIOS_SHIPPING, OLIVE_GROVE)
    parties = (*PARTIES, PROVER)
    with world_on(foundation, tmp_path / "world", organizations=organizations, parties=parties) as made:
        yield made


def application(world: World) -> Flask:
    found = world.foundation.broker.application
    assert isinstance(found, Flask)
    return found


def proof(world: World) -> ProofOfEnforcement:
    found = application(world).extensions[ProofOfEnforcement.NAME]
    assert isinstance(found, ProofOfEnforcement)
    return found


def prove(world: World, organization: str = "aegean-foods") -> Report:
    running = InProcessWire(application(world), world.broker_url)
    return proof(world).run(organization, running=running, by="operator")


def verdicts(report: Report) -> dict[str, str]:
    return {finding.door: finding.verdict for finding in report.findings}


def test_every_door_of_a_federated_organisation_is_shut_and_would_be_open_without_rule_0(world: World) -> None:
    report = prove(world)
    assert report.holds, report
    assert verdicts(report) == {name: "allowed" if name == "microsoft" else "shut" for name in DOORS}
    for finding in report.findings:
        if finding.door not in {"microsoft", *NOT_REACHED}:
            assert finding.control, f"{finding.door} was refused without rule 0 as well: it proves nothing"
    assert report.at == world.clock.now()


def test_every_door_of_an_organisation_that_is_not_federated_is_open(world: World) -> None:
    report = prove(world, "olive-grove")
    assert not report.holds
    assert not report.federated
    found = verdicts(report)
    # Connecting is not for its plan.
    assert {name for name, verdict in found.items() if verdict == "open"} == DOORS.keys() - NOT_REACHED - {"connecting"}


def test_the_doors_are_shut_from_the_switch_on(world: World) -> None:
    assert verdicts(prove(world, "olive-grove"))["password"] == "open"
    enforce(world)
    found = verdicts(prove(world, "olive-grove"))
    assert "open" not in {verdict for name, verdict in found.items() if name != "microsoft"}


def test_the_probe_leaves_nothing_behind_but_the_word_that_there_was_a_proof(world: World) -> None:
    world.signed_in()
    before, entries = world.accounts(), len(world.around.records.audit.entries(limit=1000))
    assert prove(world).holds
    assert world.accounts() == before
    assert world.around.records.credentials.invitations("aegean-foods") == []
    new = world.around.records.audit.entries(limit=1000)[entries:]
    assert [each.entry.event for each in new] == ["enforcement_proved"]
    detail = new[0].entry.detail
    assert detail is not None
    assert (detail["holds"], detail["open"], detail["untried"]) == ("true", "0", "0")
    for event in world.events("signed_in", "enforcement_denied"):
        assert event.get("proof") is True or event["conn"] == "entra:aegean-foods"
    assert "prove-" not in world.log_text()


def test_a_proof_that_fails_half_way_takes_its_probe_away_as_well(world: World) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        proof(world).run("aegean-foods", running=None, by="operator", progress=breaks)
    assert world.accounts() == 0


def test_a_broker_that_does_not_ask_the_gate_is_found_out_door_by_door(world: World) -> None:
    """The running broker is exchanged for one that reads the organisation as not federated: it has every door open."""
    ports = proof(world)._ports
    careless = ports.create_twin(
        AsIfNotFederated(ports.organizations, "aegean-foods", Registry),
        _Letters(),
    )
    report = proof(world).run("aegean-foods", running=InProcessWire(careless, world.broker_url), by="operator")
    assert not report.holds
    found = verdicts(report)
    assert {name for name, verdict in found.items() if verdict == "open"} == DOORS.keys() - NOT_REACHED


class _Letters:
    def send(self, letter: object) -> None:
        """Nobody is told."""


def test_a_route_that_says_nothing_of_itself_stops_the_start(world: World) -> None:
    app = application(world)
    grown = Flask("grown")
    grown.view_functions = {**app.view_functions, "side.entrance": lambda: "come in"}
    with pytest.raises(Unclaimed, match=r"side\.entrance"):
        install(grown, claims_of(app), {})


def test_a_door_that_nobody_has_written_an_attempt_for_is_reported_and_fails(world: World) -> None:
    for name in ("password", "refresh_token"):
        missing = {other: recipe for other, recipe in RECIPES.items() if other != name}
        report = proof(world).run("aegean-foods", running=None, by="operator", claimed={name}, recipes=missing)
        assert not report.holds
        assert verdicts(report) == {name: "untried"}
    assert RECIPES.keys() == DOORS.keys()


def test_every_door_is_claimed_by_a_route_or_a_grant(world: World) -> None:
    assert doors_of(application(world)) == DOORS.keys()
    with pytest.raises(ValueError, match="side_entrance"):
        door("side_entrance")


def test_an_organisation_that_is_not_there_is_not_proved(world: World) -> None:
    with pytest.raises(NotAllowed):
        prove(world, "no-such-one")


def test_an_administrator_sees_the_same_on_the_security_page(world: World) -> None:
    page = f"{world.broker_url}/settings/security/doors"
    browser, tokens = world.signed_in()
    assert browser.get(page, timeout=30).status_code == 403
    world.around.directory.edit_account(
        str(tokens.claims["sub"]), {"role": "administrator"}, by="operator", at=world.clock.now()
    )
    shown = browser.get(page, timeout=30)
    assert shown.status_code == 200
    report = browser.post(page, data={"token": form_token(shown)}, timeout=60)
    assert 'data-holds="yes"' in report.text
    found = dict(re.findall(r'data-door="([a-z_]+)" data-verdict="([a-z]+)"', report.text))
    assert found == verdicts(replace(prove(world)))
    assert browser.post(page, data={"token": form_token(shown)}, timeout=60).status_code == 429
    assert browser.post(page, data={"token": "forged"}, timeout=60).status_code == 400


def test_there_is_nothing_to_prove_before_the_switch(world: World) -> None:
    administrator(world)
    page = signed_in(world, ANNA).get(f"{world.broker_url}/settings/security/doors", timeout=30)
    assert "nothing to prove yet" in page.text
    assert member(world, "chloe@olivegrove.example")
