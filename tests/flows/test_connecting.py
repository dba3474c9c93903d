"""Connecting an organisation with its directory, in the browser: the five steps, and each way in which one fails."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from tests.attacks.refusals import page_code
from tests.support.connecting import GALINI, NEFELI, PAGE, TENANT, Connecting, fields_of, location
from tests.support.world import World


def test_an_administrator_connects_tests_and_sees_what_a_co_worker_would_get(world: World) -> None:
    case = Connecting.begin(world)
    assert case.state() == "off"
    first = case.to_directory()
    asked = fields_of(first)
    assert urlsplit(first).path == "/organizations/oauth2/v2.0/authorize"
    assert (asked["prompt"], asked["scope"], asked["response_mode"]) == (
        "select_account",
        "openid profile email",
        "query",
    )
    second = location(case.at_directory(first).deliver(case.browser))
    assert urlsplit(second).path == f"/{TENANT}/v2.0/adminconsent"
    assert "state" in fields_of(second)
    third = location(case.at_directory(second).deliver(case.browser))
    assert urlsplit(third).path == f"/{TENANT}/oauth2/v2.0/authorize"
    assert fields_of(third)["prompt"] == "none"
    assert location(case.at_directory(third).deliver(case.browser)) == world.broker_url + PAGE
    federation = case.federation()
    assert federation is not None
    assert federation.consent is not None
    assert (federation.stage, federation.tenant_id) == ("connected", TENANT)
    assert federation.consent.tenant_name == "Cyclades Ferries"
    assert "cyclades-ferries.example" in federation.consent.verified_domains
    assert federation.consent.started_by == case.account.id
    (domain,) = world.around.records.federations.recorded(case.name).domains
    assert (domain.domain, domain.proof) == ("cyclades-ferries.example", "entra")
    assert case.state() == "connected"
    shown = case.page().text
    assert "Cyclades Ferries" in shown
    assert "Despina Rota" in shown

    assert location(case.test()).endswith(PAGE)
    shown = case.page().text
    assert case.state() == "tested"
    assert "Nefeli Drakou" in shown
    assert NEFELI in shown
    events = [each.entry.event for each in world.around.records.audit.entries(case.name)]
    assert events == ["federation_connected", "federation_tested"]


def test_nothing_of_it_keeps_anybody_out_or_lets_anybody_in(world: World) -> None:
    case = Connecting.begin(world).tested()
    assert world.accounts(case.name) == 1
    assert case.page().status_code == 200, "the administrator's session goes on"
    answer = world.come_back(world.browser(), NEFELI, None)
    assert answer.status_code == 403
    assert page_code(answer) == "not_connected"


def test_an_organization_without_a_domain_gets_those_of_its_directory(world: World) -> None:
    case = Connecting.begin(world, domain=None)
    assert location(case.connect()).endswith(PAGE)
    recorded = world.around.records.federations.recorded(case.name)
    assert [(each.domain, each.proof) for each in recorded.domains] == [("cyclades-ferries.example", "entra")]


def test_declining_the_consent_connects_nothing(world: World) -> None:
    case = Connecting.begin(world)
    answer = case.consent(accept=False).deliver(case.browser)
    assert answer.status_code == 400
    assert page_code(answer) == "consent_declined"
    assert f'href="{PAGE}"' in answer.text
    assert case.stage() is None


def test_a_consent_that_is_slow_to_arrive_is_looked_for_again(world: World) -> None:
    case = Connecting.begin(world)
    world.control.post("consent-forgeries", {"preset": "not_granted"})
    waiting = case.connect()
    assert waiting.status_code == 200
    assert 'id="waiting"' in waiting.text
    again = press_again(case, waiting.text)
    answer = case.at_directory(again, GALINI).deliver(case.browser)
    assert 'id="waiting"' in answer.text
    world.control.post(f"consents/{TENANT}")
    answer = case.at_directory(press_again(case, answer.text), GALINI).deliver(case.browser)
    assert location(answer).endswith(PAGE)
    assert case.stage() == "connected"


def test_a_consent_that_never_arrives_is_not_waited_for_for_ever(world: World) -> None:
    case = Connecting.begin(world)
    world.control.post("consent-forgeries", {"preset": "not_granted"})
    answer = case.connect()
    for _ in range(20):
        if answer.status_code != 200:
            break
        answer = case.at_directory(press_again(case, answer.text), GALINI).deliver(case.browser)
    assert (answer.status_code, page_code(answer)) == (400, "consent_not_visible")
    assert case.stage() is None


def test_a_fresh_sign_in_is_demanded_before_the_first_leg(world: World) -> None:
    case = Connecting.begin(world)
    world.clock.advance(timedelta(minutes=11))
    answer = case.press("connect")
    assert urlsplit(location(answer)).path.startswith("/sign-in/")


def test_the_directorys_administrator_needs_no_account_here(world: World) -> None:
    case = Connecting.begin(world)
    link = world.onboarding.ticket(case.name)
    browser = world.browser()
    assert 'data-step="0"' in browser.get(link, timeout=30).text
    there = Connecting(world, case.account, browser, case.name)
    url = location(browser.post(link, data={"action": "connect"}, allow_redirects=False, timeout=30))
    for _ in range(3):
        url = location(there.at_directory(url, GALINI).deliver(browser))
    assert url == link
    assert 'data-step="3"' in browser.get(link, timeout=30).text
    url = location(browser.post(link, data={"action": "test"}, allow_redirects=False, timeout=30))
    assert location(there.at_directory(url, NEFELI).deliver(browser)) == link
    page = browser.get(link, timeout=30).text
    assert 'data-step="4"' in page
    assert "Nefeli Drakou" in page
    federation = case.federation()
    assert federation is not None
    assert federation.test is not None
    assert (federation.test.account_id, federation.test.sid) == (None, None)


def press_again(case: Connecting, page: str) -> str:
    """Presses the button of the page that waits; where it leads."""
    handle = page.split('name="handle" value="')[1].split('"')[0]
    url = f"{case.world.broker_url}/upstream/entra/consent/again"
    return location(case.browser.post(url, data={"handle": handle}, allow_redirects=False, timeout=30))
