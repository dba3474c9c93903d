"""The switch and its undoing, in the browser: what it says before, what it does, and how it is thought better of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from broker.demo.entra.browser import sign_in
from broker.identity import Subject
from broker.store.credentials import AppPassword, Invitation
from tests.attacks.refusals import page_code
from tests.support.connecting import DESPINA, DOMAIN, GALINI, NEFELI, PAGE, TENANT, Connecting, location
from tests.support.members import CHEAP, PASSWORD, administrator, letters, member, prove, signed_in, to_password_page
from tests.support.world import Foundation, World, has_session, world_on

SETTINGS = {"mail": {"kind": "folder", "path": "../mail"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "world"


@pytest.fixture
def mailing(foundation: Foundation, folder: Path) -> Iterator[World]:
    """A world whose letters lie in a folder."""
    with world_on(foundation, folder, settings=SETTINGS) as made:
        yield made


def by_microsoft(world: World, browser: requests.Session, person: str = GALINI) -> requests.Response:
    """Opens the page of the settings, has to sign in, is sent to the directory, and comes to the page again."""
    url = location(browser.get(world.broker_url + PAGE, allow_redirects=False, timeout=30))
    assert urlsplit(url).path.startswith("/sign-in/"), url
    form = {"action": "email", "email": person}
    url = location(browser.post(url, data=form, allow_redirects=False, timeout=30))
    assert url.startswith(world.simulator_url), url
    sign_in(browser, url, person).deliver(browser)
    return browser.get(world.broker_url + PAGE, allow_redirects=False, timeout=30)


def enforced(world: World) -> Connecting:
    """An organisation that is switched on, and the administrator signed in with Microsoft."""
    case = Connecting.begin(world).tested(GALINI)
    assert location(case.switch_on()).endswith("/switched-on")
    page = by_microsoft(world, case.browser)
    assert 'data-state="on"' in page.text, page.text[:1500]
    return case


def test_the_page_says_what_will_change_and_for_how_many(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    colleague = member(mailing, NEFELI, organization=case.name)
    credentials, now = mailing.around.records.credentials, mailing.clock.now()
    credentials.add_app_password(AppPassword("ap-1", colleague.id, "phone", "d" * 64, now))
    credentials.add_invitation(
        Invitation("in-1", case.name, "e" * 64, f"x@{DOMAIN}", "editor", False, case.account.id, now, now)
    )
    shown = case.page(f"{PAGE}/switch-on").text
    for sentence in (
        "2 people are concerned.",
        "2 Pobuca passwords are deleted.",
        "1 open session ends, yours among them.",
        "1 app password (CardDAV) is deleted.",
        "1 open invitation is cancelled.",
        "cyclades-ferries.example",
        GALINI,
    ):
        assert sentence in shown, shown


def test_from_the_switch_on_everybody_signs_in_with_microsoft(mailing: World, folder: Path) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    other = signed_in_colleague(mailing, case)
    answer = case.switch_on()
    assert location(answer).endswith("/switched-on")
    assert "Sign in with Microsoft" in case.browser.get(location(answer), timeout=30).text
    federation = case.federation()
    assert federation is not None
    assert (federation.stage, federation.enforced_by) == ("enforced", case.account.id)
    # The sessions of before open nothing.
    assert is_signed_out(mailing, other)
    # The password opens nothing, right or wrong; a page that was open before says so as well.
    assert mailing.around.records.credentials.holdings(case.name).passwords == 0
    # The administrator is the proved person from now on, and still administers.
    bound = mailing.around.directory.account(case.account.id)
    assert bound is not None
    assert bound.subject.kind == "entra"
    page = by_microsoft(mailing, case.browser)
    assert 'data-state="on"' in page.text
    # A co-worker comes in, and is on the list.
    browser = mailing.browser()
    assert mailing.come_back(browser, "markos.rossi@cyclades-ferries.example", NEFELI).status_code == 303
    assert "Markos Rossi" in case.browser.get(f"{mailing.broker_url}/co-workers", timeout=30).text
    # Every administrator was told, and the trail knows it.
    assert [letter.to for letter in letters(folder) if "γίνεται πλέον με Microsoft" in letter.subject] == [DESPINA]
    events = [each.entry.event for each in mailing.around.records.audit.entries(case.name)]
    assert events[2:4] == ["federation_enforced", "ending_carried_out"]


def test_the_switch_needs_a_confirmation(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    answer = case.press("switch-on", f"{PAGE}/switch-on")
    assert (answer.status_code, page_code(answer)) == (403, "not_confirmed")
    assert case.stage() == "tested"


def test_pressing_the_switch_twice_is_pressing_it_once(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    case.switch_on()
    before = case.federation()
    assert is_signed_out(mailing, case.browser)
    assert urlsplit(location(case.press("switch-on", f"{PAGE}/switch-on", sure="yes"))).path.startswith("/sign-in/")
    assert case.federation() == before


def test_a_disconnection_waits_and_any_administrator_calls_it_off(mailing: World, folder: Path) -> None:
    case = enforced(mailing)
    answer = case.press("disconnect", f"{PAGE}/disconnect", name="Cyclades Ferries")
    assert location(answer).endswith(PAGE), answer.text
    shown = case.page().text
    assert 'id="disconnection"' in shown
    assert "2026-11-22 22:26" in shown
    assert mailing.federating.carry_out_due() == 0
    assert case.stage() == "enforced"
    assert location(case.press("call-off")).endswith(PAGE)
    mailing.clock.advance(timedelta(hours=25))
    assert mailing.federating.carry_out_due() == 0
    assert case.stage() == "enforced"
    subjects = [letter.subject for letter in letters(folder, DESPINA)]
    assert any("προγραμματίστηκε αποσύνδεση" in subject for subject in subjects)
    assert any("παραμένει" in subject for subject in subjects)


def test_a_disconnection_takes_effect_when_it_is_due_and_ends_every_session(mailing: World, folder: Path) -> None:
    case = enforced(mailing)
    case.press("disconnect", f"{PAGE}/disconnect", name="cyclades  ferries")
    mailing.clock.advance(timedelta(hours=23))
    assert mailing.federating.carry_out_due() == 0
    browser = mailing.browser()
    assert mailing.come_back(browser, NEFELI, NEFELI).status_code == 303
    mailing.clock.advance(timedelta(hours=1))
    assert mailing.federating.carry_out_due() == 1
    assert mailing.federating.carry_out_due() == 0
    assert case.stage() == "disconnected"
    silent = mailing.go(browser, mailing.authorize_url(prompt="none"))
    assert "error=login_required" in silent.headers["Location"]
    answer = mailing.come_back(mailing.browser(), NEFELI, None)
    assert page_code(answer) == "not_connected"
    assert any("αποσυνδέθηκε" in letter.subject for letter in letters(folder, DESPINA))


def test_the_operator_enforces_and_disconnects_at_once(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    mailing.federating.enforce_by_operator(case.name)
    assert case.stage() == "enforced"
    mailing.federating.disconnect_by_operator(case.name, "asked by telephone")
    assert case.stage() == "disconnected"
    entry = mailing.around.records.audit.latest(case.name, "federation_disconnected")
    assert entry is not None
    assert (entry.entry.actor, (entry.entry.detail or {})["tenant"]) == ("operator", TENANT)


def test_whoever_had_a_password_sets_a_new_one_after_a_disconnection(mailing: World) -> None:
    """The administrator too, whose account was the Microsoft identity's meanwhile; who came by Microsoft alone, not."""
    case = enforced(mailing)
    assert mailing.come_back(mailing.browser(), NEFELI, NEFELI).status_code == 303
    mailing.federating.disconnect_by_operator(case.name, "a rehearsal")
    known = mailing.around.directory.account(case.account.id)
    assert known is not None
    assert known.subject == Subject.own(case.account.id)
    assert mailing.around.records.credentials.set_password(case.account.id, CHEAP.hash(PASSWORD), mailing.clock.now())
    again = Connecting(mailing, case.account, signed_in(mailing, DESPINA), case.name)
    assert again.state() == "off"
    others = [each for each in mailing.around.directory.accounts(case.name) if each.id != case.account.id]
    assert [each.subject.kind for each in others] == ["entra"]


def test_connecting_again_says_whether_it_is_the_same_directory(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    mailing.federating.enforce_by_operator(case.name)
    mailing.federating.disconnect_by_operator(case.name, "a rehearsal")
    address = f"eva@{DOMAIN}"
    administrator(mailing, address, organization=case.name)
    again = Connecting(mailing, case.account, signed_in(mailing, address), case.name)
    assert TENANT in again.page().text
    again.tested(NEFELI)
    assert "It is the same one now." in again.page().text


def test_the_password_form_offers_microsoft_instead(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    browser = mailing.browser()
    page = to_password_page(mailing, browser, DESPINA)
    case.switch_on()
    answer = prove(mailing, browser, page, DESPINA, PASSWORD)
    assert (answer.status_code, page_code(answer)) == (403, "sso_required")
    assert not has_session(browser)


def is_signed_out(world: World, browser: requests.Session) -> bool:
    """Whether a page sends the browser to the sign-in."""
    answer = browser.get(f"{world.broker_url}/co-workers", allow_redirects=False, timeout=30)
    return urlsplit(location(answer)).path.startswith("/sign-in/")


def signed_in_colleague(world: World, case: Connecting) -> requests.Session:
    member(world, NEFELI, organization=case.name)
    browser = signed_in(world, NEFELI)
    assert has_session(browser)
    return browser


def test_the_tested_person_is_the_administrator_afterwards(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    federation = case.federation()
    assert federation is not None
    assert federation.test is not None
    case.switch_on()
    bound = mailing.around.directory.account_of(Subject.entra(TENANT, federation.test.object_id))
    assert bound is not None
    assert (bound.id, bound.role) == (case.account.id, "administrator")
    assert 'data-state="on"' in by_microsoft(mailing, case.browser).text
