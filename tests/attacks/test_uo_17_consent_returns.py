"""UO-17: the admin-consent return is an address that anybody can type: forged, replayed, crossed and late ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import pytest
import requests

from tests.attacks.refusals import refused
from tests.attacks.upstream import EVIL_TENANT
from tests.support.connecting import GALINI, PAGE, TENANT, Connecting, fields_of, location
from tests.support.members import administrator, signed_in
from tests.support.world import World

CONSENT = "/upstream/entra/consent"
SIGN_IN = "/upstream/entra/connect"

Attack = Callable[[], requests.Response]


def typed(case: Connecting, path: str = CONSENT, **fields: str) -> Attack:
    """Somebody types an address."""
    url = f"{case.world.broker_url}{path}?{urlencode(fields)}"
    return partial(case.browser.get, url, allow_redirects=False, timeout=30)


def refuse(case: Connecting, attack: Attack, page: str, reason: str, status: int = 400) -> None:
    before = case.stage()
    refused(case.world, attack, status=status, page=page, reason=reason, browser=case.browser)
    assert case.stage() == before


def test_uo_17_a_return_that_nobody_began_is_refused(world: World) -> None:
    case = Connecting.begin(world)
    for fields in (
        {"admin_consent": "True", "tenant": TENANT, "state": "made-up"},
        {"admin_consent": "True", "tenant": TENANT, "state": "x" * 43},
    ):
        refuse(case, typed(case, **fields), "connecting_expired", "state")
    refuse(case, typed(case, admin_consent="True", tenant=TENANT), "connecting_expired", "state")
    stranger = Connecting(world, case.account, world.browser(), case.name)
    refuse(stranger, typed(stranger, admin_consent="True", tenant=TENANT, state="x"), "connecting_expired", "state")


def test_uo_17_the_state_of_another_leg_is_no_consent(world: World) -> None:
    """The sign-in leg is under way; typing the consent's address with its state skips nothing, and ends it."""
    case = Connecting.begin(world)
    first = case.to_directory()
    state = fields_of(first)["state"]
    refuse(case, typed(case, admin_consent="True", tenant=TENANT, state=state), "connecting_expired", "state")
    answer = case.at_directory(first)
    refuse(case, lambda: answer.deliver(case.browser), "connecting_expired", "state")
    second = case.consent()
    crossed = {"state": second.fields["state"], "code": "made-up"}
    refuse(case, typed(case, SIGN_IN, **crossed), "connecting_expired", "state")


def test_uo_17_a_true_return_counts_once(world: World) -> None:
    case = Connecting.begin(world)
    answer = case.consent()
    assert answer.deliver(case.browser).status_code == 303
    refuse(case, lambda: answer.deliver(case.browser), "connecting_expired", "state")


def test_uo_17_a_true_return_in_another_browser_is_refused_and_used_up(world: World) -> None:
    case = Connecting.begin(world)
    colleague = "sotiris@cyclades-ferries.example"
    administrator(world, colleague, organization=case.name)
    others = (world.browser(), signed_in(world, colleague), signed_in(world, "despina@cyclades-ferries.example"))
    for other in others:
        answer = case.consent()
        refuse(case, partial(answer.deliver, other), "connecting_expired", "state")
        refuse(case, partial(answer.deliver, case.browser), "connecting_expired", "state")
    assert location(case.connect()).endswith(PAGE), "the twin goes through"


def test_uo_17_a_late_return_is_refused(world: World) -> None:
    case = Connecting.begin(world)
    answer = case.consent()
    world.clock.advance(timedelta(minutes=10))
    refuse(case, lambda: answer.deliver(case.browser), "connecting_expired", "state")


@pytest.mark.parametrize(
    ("preset", "page", "reason"),
    [
        ("other_tenant", "consent_other_tenant", "consent"),
        ("missing_tenant", "consent_without_tenant", "consent"),
        ("tenant_not_guid", "consent_other_tenant", "consent"),
        ("duplicate_tenant", "bad_request", "params"),
        ("missing_state", "connecting_expired", "state"),
        ("wrong_state", "connecting_expired", "state"),
        ("duplicate_state", "bad_request", "params"),
        ("missing_admin_consent", "consent_not_given", "consent"),
        ("admin_consent_false", "consent_not_given", "consent"),
        ("success_with_error", "consent_declined", "consent"),
    ],
)
def test_uo_17_each_forgery_has_its_own_sentence(world: World, preset: str, page: str, reason: str) -> None:
    case = Connecting.begin(world)
    world.control.post("consent-forgeries", {"preset": preset})
    answer = case.consent()
    refuse(case, lambda: answer.deliver(case.browser), page, reason)


def test_uo_17_a_forged_success_does_not_pass_the_proof(world: World) -> None:
    """Everything in the address is right, and no consent was given: the tenant itself is asked."""
    case = Connecting.begin(world)
    state = fields_of(case.to_consent())["state"]
    forged = {"admin_consent": "True", "tenant": TENANT, "state": state, "scope": "everything"}
    url = f"{world.broker_url}{CONSENT}?{urlencode(forged)}"
    proof = location(case.browser.get(url, allow_redirects=False, timeout=30))
    answer = case.at_directory(proof, GALINI).deliver(case.browser)
    assert 'id="waiting"' in answer.text
    assert case.stage() is None


def test_uo_17_capitals_in_the_tenant_are_the_same_tenant(world: World) -> None:
    case = Connecting.begin(world)
    world.control.post("consent-forgeries", {"preset": "upper_case_tenant"})
    assert location(case.connect()).endswith(PAGE)
    assert case.stage() == "connected"
    assert EVIL_TENANT not in (case.page().text)


@pytest.mark.parametrize("shape", ["observed", "documented"])
def test_uo_17_a_refusal_is_told_in_either_shape(world: World, shape: str) -> None:
    """``admin_consent=True`` comes with a refusal as well (entra-id reference, section 3.1)."""
    case = Connecting.begin(world)
    world.control.patch("settings", {"adminConsentFailure": shape})
    answer = case.consent(accept=False)
    assert answer.fields["admin_consent"] == "True"
    refuse(case, lambda: answer.deliver(case.browser), "consent_declined", "consent")


def test_uo_17_another_person_cannot_prove_the_consent(world: World) -> None:
    case = Connecting.begin(world)
    proof = location(case.consent().deliver(case.browser))
    world.control.post("token-mutations", {"claims": {"oid": "11111111-2222-4333-8444-555555555555"}})
    answer = case.at_directory(proof)
    refuse(case, lambda: answer.deliver(case.browser), "another_person", "subject", status=403)
