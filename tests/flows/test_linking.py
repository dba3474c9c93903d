"""An account from before the federation goes on as the same person's, by the proof of entra-id reference 1.11 only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests

from broker.demo.entra.seed import CLIENT_ID
from broker.identity import Subject
from tests.attacks.refusals import page_code
from tests.support.connecting import GALINI, NEFELI, TENANT, Connecting, location
from tests.support.members import PASSWORD, code_by_password, member, prove, to_password_page
from tests.support.world import Tokens, World


def federated(world: World) -> Connecting:
    case = Connecting.begin(world).tested(GALINI)
    assert location(case.switch_on()).endswith("/switched-on")
    return case


def enters(world: World, person: str = NEFELI) -> Tokens:
    """The first sign-in with Microsoft."""
    browser = world.browser()
    return world.tokens(world.code(browser, person, person))


def linked(world: World) -> list[str | None]:
    entries = world.around.records.audit.entries("cyclades-ferries", limit=1000)
    return [each.entry.account for each in entries if each.entry.event == "account_linked"]


def test_the_account_stays_the_same_with_its_values_and_its_role(world: World) -> None:
    case = Connecting.begin(world)
    before = member(world, NEFELI, organization=case.name, role="contributor", first_name="Nefi", last_name="D.")
    case.tested(GALINI)
    case.switch_on()
    assert enters(world).claims["sub"] == before.id
    after = world.around.directory.account(before.id)
    assert after is not None
    assert after.subject.authority == TENANT
    assert (after.first_name, after.last_name, after.role) == ("Nefi", "D.", "contributor")
    assert linked(world) == [before.id]
    assert enters(world).claims["sub"] == before.id
    assert linked(world) == [before.id], "once"
    people = world.around.directory.accounts(case.name, limit=100)
    assert [person.id for person in people if person.email == NEFELI] == [before.id]


def test_pr_08_nothing_that_somebody_held_of_it_before_is_good_after_it_was_linked(world: World) -> None:
    case = Connecting.begin(world)
    before = member(world, NEFELI, organization=case.name)
    browser = world.browser()
    held = world.tokens(code_by_password(world, browser, NEFELI))
    half_finished = world.browser()
    page = to_password_page(world, half_finished, NEFELI)
    case.tested(GALINI)
    case.switch_on()
    enters(world)
    credentials = world.around.records.credentials
    assert credentials.password(NEFELI) is None
    assert world.userinfo(held.access_token).status_code == 401
    assert browser.get(f"{world.broker_url}/account", allow_redirects=False, timeout=30).status_code == 303
    assert page_code(prove(world, half_finished, page, NEFELI, PASSWORD)) == "sso_required"
    assert world.around.directory.account_of(Subject.own(before.id)) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET email_verified = 0 WHERE id = ?",  # its link was handed over, never mailed
        "UPDATE accounts SET organization = 'helios-shipping' WHERE id = ?",
        "UPDATE passwords SET address = 'nefeli@elsewhere.example' WHERE account_id = ?",
        "DELETE FROM passwords WHERE account_id = ?",
    ],
)
def test_pr_07_without_every_part_of_the_proof_it_stays_a_strangers(
    world: World, tmp_path: Path, statement: str
) -> None:
    case = Connecting.begin(world)
    before = member(world, NEFELI, organization=case.name, role="administrator")
    case.tested(GALINI)
    case.switch_on()
    with closing(sqlite3.connect(tmp_path / "world/directory.sqlite")) as connection, connection:
        assert connection.execute(statement, (before.id,)).rowcount == 1
    assert enters(world).claims["sub"] != before.id
    assert linked(world) == []


def test_pr_07_an_address_whose_owner_entra_does_not_vouch_for_links_nothing(world: World) -> None:
    case = Connecting.begin(world)
    before = member(world, NEFELI, organization=case.name)
    case.tested(GALINI)
    case.switch_on()
    world.control.patch(f"registrations/{CLIENT_ID}", {"optionalClaims": ["auth_time", "login_hint"]})
    assert enters(world).claims["sub"] != before.id
    assert linked(world) == []


def test_pr_07_a_tenant_of_which_no_verified_domain_was_seen_links_nothing(world: World) -> None:
    """A connection that a file declares was never compared with the tenant's domains."""
    federations = world.around.records.federations
    case = Connecting.begin(world)
    account = member(world, NEFELI, organization=case.name)
    federations.declare(case.name, TENANT, world.clock.now())
    world.control.post(f"consents/{TENANT}", {})
    assert enters(world).claims["sub"] != account.id


def test_a_deactivated_account_stays_out_after_it_was_linked(world: World) -> None:
    case = Connecting.begin(world)
    before = member(world, NEFELI, organization=case.name)
    case.tested(GALINI)
    case.switch_on()
    world.around.directory.set_active(before.id, False)
    browser = world.browser()
    answer: requests.Response = world.come_back(browser, NEFELI, NEFELI)
    assert page_code(answer) == "account_disabled"
