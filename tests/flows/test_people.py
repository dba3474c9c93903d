"""People of every kind through the whole broker: each gets what the references say, and nobody more."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.demo.entra.browser import SignInStopped, sign_in
from broker.demo.entra.seed import CLIENT_ID
from broker.identity import Account
from tests.attacks.refusals import page_code, refused, retry_link, rows_of
from tests.attacks.upstream import Attempt, let_in
from tests.support.https import certificate
from tests.support.world import ELENI, EVIL_OLIVES, PARTIES, Foundation, World, has_session, world_on

DOMAIN = "aegeanfoods.example"
ZOE = "zoe.hart@outlook.example"
MALLORY = "mallory@evil-olives.example"


def account_of(world: World, name: str, organization: str = "aegean-foods") -> Account:
    """The one account with that display name."""
    (found,) = [one for one in world.around.directory.accounts(organization) if one.display_name == name]
    return found


def signs_in(world: World, person: str = ELENI) -> None:
    assert let_in(world.come_back(world.browser(), person, person))


def sent_to(world: World, ending: str) -> int:
    """How many requests the simulator got at such an address."""
    return len([one for one in world.control.get("requests")["requests"] if one["path"].endswith(ending)])


# -- key rollover ----------------------------------------------------------------------------------------------------


def test_a_key_that_is_published_ahead_and_then_signs_is_known_in_time(world: World) -> None:
    signs_in(world)
    new = world.control.post("keys", {"published": True})["kid"]
    world.clock.advance(timedelta(hours=2))
    signs_in(world)
    fetched = sent_to(world, "/keys")
    world.control.patch(f"keys/{new}", {"active": True})
    signs_in(world)
    assert sent_to(world, "/keys") == fetched


def test_a_key_that_appears_and_signs_at_once_is_fetched_at_the_first_sight(world: World) -> None:
    signs_in(world)
    fetched = sent_to(world, "/keys")
    world.control.post("keys", {"published": True, "active": True})
    signs_in(world)
    signs_in(world)
    assert sent_to(world, "/keys") == fetched + 1


def test_an_unpublished_key_is_looked_for_every_five_minutes_at_most_and_works_once_published(world: World) -> None:
    signs_in(world)
    fetched = sent_to(world, "/keys")
    new = world.control.post("keys", {"active": True})["kid"]
    for _ in range(3):
        attempt = Attempt.begin(world)
        answer = attempt.at_upstream()
        refused(
            world,
            partial(answer.deliver, attempt.browser),
            browser=attempt.browser,
            status=400,
            page="login_failed",
            reason="kid",
            secrets=attempt.secrets,
        )
        assert sent_to(world, "/keys") == fetched + 1
        world.clock.advance(timedelta(seconds=90))
    world.control.patch(f"keys/{new}", {"published": True})
    world.clock.advance(timedelta(seconds=30))
    signs_in(world)
    assert sent_to(world, "/keys") == fetched + 2


def test_sign_ins_go_on_through_a_whole_rollover(world: World) -> None:
    old = next(key for key in world.control.get("keys")["keys"] if key["active"] and key["owner"] == "entra")["kid"]
    signs_in(world)
    new = world.control.post("keys", {"published": True, "active": True})["kid"]
    signs_in(world)
    world.control.delete(f"keys/{old}")
    world.control.patch(f"keys/{new}", {"active": True})
    signs_in(world)
    world.clock.advance(timedelta(hours=3))
    signs_in(world)


# -- people who do not get in ----------------------------------------------------------------------------------------


def test_a_disabled_person_ends_on_microsofts_page_and_comes_in_when_enabled_again(world: World) -> None:
    person = f"stavros.lekkas@{DOMAIN}"
    attempt = Attempt.begin(world, person)
    with pytest.raises(SignInStopped) as stopped:
        attempt.at_upstream(person)
    assert stopped.value.code == 50057
    assert rows_of(world).total() == 0
    world.control.patch(f"users/{person}", {"accountEnabled": True})
    assert let_in(attempt.at_upstream(person).deliver(attempt.browser))


def test_a_person_who_is_disabled_between_sign_in_and_redemption_stays_out(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=400,
        page="account_disabled_upstream",
        reason="upstream_error",
        secrets=attempt.secrets,
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("katerina.nomikou", 50034),
        ("anna.theodorou", 50105),
        ("christos.dellas", 53003),
        ("olga.papa", 50055),
    ],
)
def test_others_whom_the_directory_keeps_out_never_come_back(world: World, name: str, code: int) -> None:
    attempt = Attempt.begin(world, f"{name}@{DOMAIN}")
    with pytest.raises(SignInStopped) as stopped:
        attempt.at_upstream(f"{name}@{DOMAIN}")
    assert stopped.value.code == code
    assert rows_of(world).total() == 0


def test_a_person_with_a_second_factor_signs_in_with_it(world: World) -> None:
    signs_in(world, f"vasilis.kanaris@{DOMAIN}")


def test_who_declines_to_consent_reads_so_and_can_try_again(world: World) -> None:
    person = "petra.lang@helios-shipping.example"
    attempt = Attempt.begin(world, person)
    url = f"{attempt.url}&prompt=consent"
    answer = sign_in(attempt.browser, url, person, consent=False)
    page = refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=400,
        page="consent_declined",
        reason="upstream_error",
        secrets=attempt.secrets,
    )
    assert let_in(retried(world, attempt.browser, page, person))


def test_a_guest_is_refused_unless_the_organization_says_otherwise(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream(ZOE)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=403,
        page="guest",
        reason="guest",
        secrets=attempt.secrets,
    )


def test_an_admitted_guest_is_an_account_of_the_organization_by_the_tenants_object_id(
    foundation: Foundation, tmp_path: Path
) -> None:
    admitting = {**AEGEAN_FOODS, "federation": {**AEGEAN_FOODS["federation"], "guests": "admit"}}
    with world_on(foundation, tmp_path / "world", organizations=(admitting, HELIOS_SHIPPING)) as world:
        assert let_in(world.come_back(world.browser(), ZOE, ELENI))
        account = account_of(world, "Zoe Hart")
        tenant = AEGEAN_FOODS["federation"]["connection"]["tenant_id"]
        assert (account.subject.authority, account.subject.identifier) == (
            tenant,
            "b0a5bb2e-6d5a-4c0f-8f58-0d6b1b1f7c35",
        )
        assert (account.email, account.email_verified) == (ZOE, False)


# -- what accounts get -----------------------------------------------------------------------------------------------


def test_a_person_with_only_a_user_principal_name_gets_an_account_from_it(world: World) -> None:
    person = f"maria.kosta@{DOMAIN}"
    _, tokens = world.signed_in(person)
    said = world.userinfo(tokens.access_token).json()
    assert (said["email"], said["given_name"], said["family_name"]) == (person, "Maria", "Kosta")
    assert account_of(world, "Maria Kosta").email == person


def test_html_is_shown_escaped_and_greek_as_it_is_on_co_workers(world: World) -> None:
    for name in ("sofia.alexiou", "giorgos.papadopoulos"):
        signs_in(world, f"{name}@{DOMAIN}")
    browser, _ = world.signed_in()
    page = world.go(browser, "/co-workers")
    assert page.status_code == 200
    assert "&lt;img src=x onerror=alert(1)&gt;&lt;b&gt;Director&lt;/b&gt; &amp;" in page.text
    assert "<img src=x" not in page.text
    assert "<b>Director" not in page.text
    assert "Γιώργος Παπαδόπουλος" in page.text
    assert "Υπεύθυνος αποθήκης" in page.text
    shown = re.findall(r'<li class="person" id="account-([0-9a-f-]+)"', page.text)
    assert sorted(shown) == sorted(one.id for one in world.around.directory.accounts("aegean-foods"))


def test_co_workers_shows_nobody_of_another_organization(world: World) -> None:
    signs_in(world, "tomas.weiss@helios-shipping.example")
    browser, _ = world.signed_in()
    assert "Tomas Weiss" not in world.go(browser, "/co-workers").text


def test_the_greek_name_reaches_the_application(world: World) -> None:
    _, tokens = world.signed_in(f"giorgos.papadopoulos@{DOMAIN}")
    said = world.userinfo(tokens.access_token).json()
    assert (said["name"], said["given_name"], said["family_name"]) == (
        "Γιώργος Παπαδόπουλος",
        "Γιώργος",
        "Παπαδόπουλος",
    )


# -- groups ----------------------------------------------------------------------------------------------------------


def test_two_hundred_groups_are_in_the_token_and_one_more_is_asked_of_graph(world: World) -> None:
    world.control.patch(f"registrations/{CLIENT_ID}", {"groupMembershipClaims": "SecurityGroup"})
    for person, asked in ((f"groups.200@{DOMAIN}", 0), (f"groups.201@{DOMAIN}", 1), (f"nikos.petrou@{DOMAIN}", 2)):
        signs_in(world, person)
        assert sent_to(world, "/v1.0/me/getMemberObjects") == asked
    tokens = world.control.get("tokens")["tokens"]
    assert [("groups" in token["claims"], "_claim_sources" in token["claims"]) for token in tokens] == [
        (True, False),
        (False, True),
        (False, True),
    ]


def test_when_graph_does_not_say_the_groups_the_person_still_signs_in_and_the_log_says_so(world: World) -> None:
    world.control.patch(f"registrations/{CLIENT_ID}", {"groupMembershipClaims": "SecurityGroup"})
    world.control.post("faults", {"endpoint": "getMemberObjects", "status": 503})
    signs_in(world, f"groups.201@{DOMAIN}")
    (noted,) = world.events("upstream_error")
    assert (noted["reason"], noted["endpoint"]) == ("overage", "graph_groups")


# -- who is who ------------------------------------------------------------------------------------------------------


def test_the_attackers_user_with_the_victims_address_is_not_connected_or_sent_to_microsoft(
    foundation: Foundation, tmp_path: Path
) -> None:
    for number, (organizations, page, event, reason) in enumerate(
        (
            ((AEGEAN_FOODS, HELIOS_SHIPPING), "not_connected", "upstream_oidc_rejected", "binding"),
            ((AEGEAN_FOODS, HELIOS_SHIPPING, EVIL_OLIVES), "sso_required", "enforcement_denied", "enforcement"),
        )
    ):
        with world_on(foundation, tmp_path / str(number), organizations=organizations) as world:
            world.signed_in()
            attempt = Attempt.begin(world, None)
            answer = attempt.at_upstream(MALLORY)
            refused(
                world,
                partial(answer.deliver, attempt.browser),
                browser=attempt.browser,
                status=403,
                page=page,
                event=event,
                reason=reason,
                secrets=attempt.secrets,
            )


def test_a_new_name_and_a_new_address_are_the_same_account_and_sub(world: World) -> None:
    person = f"ioanna.stathi@{DOMAIN}"
    _, before = world.signed_in(person)
    account = account_of(world, "Ioanna Stathi")
    new = f"ioanna.new@{DOMAIN}"
    changes = {"userPrincipalName": new, "mail": f"i.new@{DOMAIN}", "displayName": "Ioanna New", "surname": "New"}
    world.control.patch(f"users/{person}", changes)
    _, after = world.signed_in(new)
    assert after.claims["sub"] == before.claims["sub"]
    assert account_of(world, "Ioanna Stathi") == account
    assert world.accounts() == 1


def test_a_re_created_person_is_a_new_person_and_inherits_nothing(world: World) -> None:
    """Same name, another object id (threats PR-10)."""
    person = f"manos.rigas@{DOMAIN}"
    browser, before = world.signed_in(person)
    world.control.post(f"users/{person}/recreate")
    _, after = world.signed_in(person)
    assert after.claims["sub"] != before.claims["sub"]
    accounts = world.around.directory.accounts("aegean-foods")
    assert len(accounts) == 2
    assert len({one.subject.identifier for one in accounts}) == 2
    assert {one.email for one in accounts} == {person}
    assert has_session(browser)


# -- when something does not answer ----------------------------------------------------------------------------------


def retried(world: World, browser: requests.Session, page: requests.Response, person: str = ELENI) -> requests.Response:
    """What a person does on the page: follows its link and signs in."""
    form = retry_link(page)
    assert world.go(browser, form).status_code == 200
    posted = browser.post(
        world.broker_url + form, data={"action": "email", "email": person}, allow_redirects=False, timeout=30
    )
    return world.at_upstream(browser, posted.headers["Location"], person).deliver(browser)


# Four: a fifth failure in a row would rest the connection (UO-24).
FAULTS: list[dict[str, Any]] = [
    {"status": 500},
    {"drop": True},
    {"body": "<html>nonsense</html>"},
    {"body": '{"id":', "content_type": "application/json"},
]


@pytest.mark.parametrize(
    ("endpoint", "code", "wait"),
    [("token", "directory_busy", 9), ("me", "directory_busy", 9), ("keys", "upstream_down", 5)],
)
def test_what_does_not_answer_asks_to_try_again_and_the_link_on_the_page_works(
    world: World, endpoint: str, code: str, wait: int
) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("faults", {"endpoint": endpoint, "status": 429, "retry_after": 9})
    page = answer.deliver(attempt.browser)
    assert (page.status_code, page_code(page), page.headers["Retry-After"]) == (503, code, str(wait))
    assert not has_session(attempt.browser)
    assert rows_of(world).total() == 0
    assert let_in(retried(world, attempt.browser, page))
    assert world.accounts() == 1


@pytest.mark.parametrize("endpoint", ["token", "me"])
def test_every_kind_of_failure_leaves_nothing_half_made(world: World, endpoint: str) -> None:
    for fault in FAULTS:
        attempt = Attempt.begin(world)
        answer = attempt.at_upstream()
        world.control.post("faults", {"endpoint": endpoint, **fault})
        refused(
            world,
            partial(answer.deliver, attempt.browser),
            browser=attempt.browser,
            status=503,
            page="upstream_down" if endpoint == "token" and "status" not in fault else "directory_busy",
            reason="upstream_down",
            secrets=attempt.secrets,
        )
    signs_in(world)


def test_a_photo_that_cannot_be_had_stops_nobody(world: World) -> None:
    world.control.post("faults", {"endpoint": "photo", "status": 503})
    signs_in(world)
    (noted,) = world.events("upstream_error")
    assert noted["endpoint"] == "graph_photo"
    assert world.around.directory.photo(account_of(world, "Eleni Markou").id) is None


def test_a_person_who_has_an_account_signs_in_though_graph_is_down(world: World) -> None:
    """The profile is read for the creation of the account and never again."""
    _, before = world.signed_in()
    world.control.post("faults", {"endpoint": "me", "status": 503, "count": 50})
    _, after = world.signed_in()
    assert after.claims["sub"] == before.claims["sub"]


def test_a_slow_graph_is_given_up_and_the_next_try_works(foundation: Foundation, tmp_path: Path) -> None:
    outbound = {
        "ca_bundle": str(certificate()[0]),
        "allowed_private_addresses": ["127.0.0.0/8", "::1/128"],
        "timeout_seconds": 1,
    }
    with world_on(foundation, tmp_path / "world", settings={"outbound": outbound}) as world:
        attempt = Attempt.begin(world)
        answer = attempt.at_upstream()
        world.control.post("faults", {"endpoint": "me", "delay_seconds": 600})
        page = answer.deliver(attempt.browser)
        world.control.delete("faults")
        assert (page.status_code, page_code(page)) == (503, "directory_busy")
        assert rows_of(world).total() == 0
        for _ in range(3):  # A second is little for a busy machine, and a person tries again.
            page = retried(world, attempt.browser, page)
            if page.is_redirect:
                break
        assert let_in(page)


def test_a_refusal_leads_back_to_the_application_where_it_said_how(foundation: Foundation, tmp_path: Path) -> None:
    party = {**PARTIES[0], "initiate_login_uri": "https://app.pobuca.example/start"}
    with world_on(foundation, tmp_path / "world", parties=(party,)) as world:
        answer = world.come_back(world.browser(), MALLORY, email=None)
        assert answer.status_code == 403
        issuer = quote(world.broker_url, safe="")
        assert f'id="back" href="https://app.pobuca.example/start?iss={issuer}"' in answer.text
