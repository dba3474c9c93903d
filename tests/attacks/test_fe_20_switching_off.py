"""FE-20 and FE-21: who switches enforcement off, and who switches it on without having tried it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests

from broker.demo.entra.browser import sign_in
from broker.errors import NotAllowed
from tests.attacks.refusals import refused
from tests.support.connecting import GALINI, NEFELI, PAGE, Connecting, location
from tests.support.members import administrator, signed_in
from tests.support.world import World


def refuse(
    case: Connecting, attack: Callable[[], requests.Response], page: str, reason: str, status: int = 403
) -> None:
    before = case.federation()
    refused(
        case.world,
        attack,
        status=status,
        page=page,
        reason=reason,
        event="enforcement_denied",
        browser=case.browser,
    )
    assert case.federation() == before


def by_microsoft(world: World, person: str) -> requests.Session:
    """A browser whose person has just signed in with Microsoft to look at the settings."""
    browser = world.browser()
    page = location(browser.get(world.broker_url + PAGE, allow_redirects=False, timeout=30))
    form = {"action": "email", "email": person}
    url = location(browser.post(page, data=form, allow_redirects=False, timeout=30))
    sign_in(browser, url, person).deliver(browser)
    return browser


@pytest.fixture
def case(world: World) -> Connecting:
    """An organisation that is switched on, and its administrator signed in with Microsoft a moment ago."""
    connected = Connecting.begin(world).tested(GALINI)
    connected.switch_on()
    return Connecting(world, connected.account, by_microsoft(world, GALINI), connected.name)


def post(case: Connecting, action: str, **form: str) -> Callable[[], requests.Response]:
    url = f"{case.world.broker_url}{PAGE}/{action}"
    return lambda: case.browser.post(url, data=form, allow_redirects=False, timeout=30)


def token_of(case: Connecting) -> str:
    return case.page(f"{PAGE}/disconnect").text.split('name="token" value="')[1].split('"')[0]


def test_fe_20_only_an_administrator_with_a_token_and_the_name_asks_for_it(case: Connecting) -> None:
    world, token = case.world, token_of(case)
    ordinary = Connecting(world, case.account, by_microsoft(world, NEFELI), case.name)
    refuse(ordinary, post(ordinary, "disconnect", token=token, name="Cyclades Ferries"), "not_admin", "not_admin")
    refuse(ordinary, post(ordinary, "call-off", token=token), "not_admin", "not_admin")
    refuse(case, post(case, "disconnect", name="Cyclades Ferries"), "bad_request", "csrf", 400)
    refuse(case, post(case, "disconnect", token="x", name="Cyclades Ferries"), "bad_request", "csrf", 400)
    refuse(case, post(case, "call-off", name="x"), "bad_request", "csrf", 400)
    for name in ("", "yes", "Cyclades", "aegean-foods", "Cyclades Ferries "[::-1]):
        refuse(case, post(case, "disconnect", token=token, name=name), "name_not_typed", "switch")
    stranger = world.browser()
    answer = stranger.post(f"{world.broker_url}{PAGE}/disconnect", data={"token": token}, allow_redirects=False)
    assert urlsplit(location(answer)).path.startswith("/sign-in/")
    assert case.stage() == "enforced"


def test_fe_20_a_stale_sign_in_is_sent_to_microsoft_first(case: Connecting) -> None:
    token = token_of(case)
    case.world.clock.advance(timedelta(minutes=11))
    answer = post(case, "disconnect", token=token, name="Cyclades Ferries")()
    assert location(answer).startswith(case.world.simulator_url)
    federation = case.federation()
    assert federation is not None
    assert federation.disconnection is None


def test_fe_20_nothing_opens_before_the_delay_is_over(case: Connecting) -> None:
    assert location(post(case, "disconnect", token=token_of(case), name="Cyclades Ferries")()).endswith(PAGE)
    refuse(case, post(case, "disconnect", token=token_of(case), name="Cyclades Ferries"), "changed_meanwhile", "switch")
    case.world.clock.advance(timedelta(hours=23, minutes=59))
    assert case.world.federating.carry_out_due() == 0
    assert case.stage() == "enforced"
    organization = case.federation()
    assert organization is not None
    assert organization.tenant_id is not None


def test_fe_20_connecting_another_directory_is_no_way_to_disconnect(case: Connecting) -> None:
    for action in ("connect", "test"):
        refuse(case, post(case, action, token=token_of(case)), "already_enforced", "binding")
    with pytest.raises(NotAllowed):
        case.world.onboarding.ticket(case.name)


def test_fe_21_nobody_switches_on_what_they_have_not_tested_in_this_session(world: World) -> None:
    case = Connecting.begin(world)
    token = case.page().text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "sure": "yes", "tenant": "b46f2a0d-7c1e-4d35-9a8e-1f60c2d7e953", "epoch": "0"}
    refuse(case, post(case, "switch-on", **form), "test_first", "precondition")
    case.connect()
    refuse(case, post(case, "switch-on", **form), "test_first", "precondition")
    case.test(GALINI)
    colleague = "sotiris@cyclades-ferries.example"
    administrator(world, colleague, organization=case.name)
    other = Connecting(world, case.account, signed_in(world, colleague), case.name)
    own = other.page().text.split('name="token" value="')[1].split('"')[0]
    refuse(other, post(other, "switch-on", **{**form, "token": own}), "test_first", "precondition")
    again = Connecting(world, case.account, signed_in(world, "despina@cyclades-ferries.example"), case.name)
    refuse(again, post(again, "switch-on", **form), "test_first", "precondition")
    for other_form in ({"tenant": "x"}, {"epoch": "1"}, {"epoch": ""}, {"epoch": "-1"}, {"tenant": ""}):
        refuse(case, post(case, "switch-on", **{**form, **other_form}), "changed_meanwhile", "precondition")
    with pytest.raises(NotAllowed):
        world.federating.enforce_by_operator("helios-shipping")
    assert location(post(case, "switch-on", **form)()).endswith("/switched-on")
    assert case.stage() == "enforced"


def test_fe_21_a_test_that_the_rules_refuse_is_none(world: World) -> None:
    """A guest, and somebody without an address, cannot be what everybody will be."""
    case = Connecting.begin(world)
    case.connect()
    world.control.post("token-mutations", {"claims": {"acct": 1}})
    answer = case.at_directory(case.to_directory("test"), NEFELI)
    refused(world, lambda: answer.deliver(case.browser), status=403, page="guest", reason="guest", browser=case.browser)
    assert case.stage() == "connected"
