"""The directory decides who stays: what is ended there is ended here, by a check, by a look and by a notification."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS
from broker.errors import Busy, NotAllowed
from broker.identity import Account
from broker.store.standings import Watch
from tests.support.https import certificate
from tests.support.waiting import until
from tests.support.world import ELENI, PARTIES, Foundation, Tokens, World, answered, world_on

CONNECTION = "entra:aegean-foods"
CHECK, GRACE, LOOK = timedelta(minutes=5), timedelta(minutes=60), timedelta(seconds=60)
NIKOS = "nikos.petrou@aegeanfoods.example"
READ_EVERYBODY = ["User.Read.All"]
ALONE: dict[str, Any] = {"organizations": [AEGEAN_FOODS], "parties": PARTIES[:1]}


@pytest.fixture
def watching(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """Its registration may read directories as an application."""
    entra = {"directory_watch": "application"}
    with world_on(foundation, tmp_path / "world", entra=entra, **ALONE) as made:
        made.control.patch("service-principals/aegeanfoods.example", {"applicationPermissions": READ_EVERYBODY})
        yield made


@pytest.fixture
def notified(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """And Graph sends word of changes."""
    entra = {"directory_watch": "application", "notifications": True}
    with world_on(foundation, tmp_path / "world", entra=entra, **ALONE) as made:
        made.control.patch("service-principals/aegeanfoods.example", {"applicationPermissions": READ_EVERYBODY})
        made.control.patch("settings", {"caFile": str(certificate()[0])})
        yield made


def the_account(world: World) -> Account:
    (found,) = world.around.directory.accounts("aegean-foods")
    return found


def check(world: World, account: Account | None = None) -> None:
    world.side.standing.require(account or the_account(world), CONNECTION)


def is_out(world: World, browser: requests.Session, tokens: Tokens) -> bool:
    """Nothing that the person had opens anything."""
    silent = answered(world.go(browser, world.authorize_url(prompt="none")))
    return world.userinfo(tokens.access_token).status_code == 401 and silent.get("error") == "login_required"


def is_in(world: World, browser: requests.Session, tokens: Tokens) -> bool:
    silent = answered(world.go(browser, world.authorize_url(prompt="none")))
    return world.userinfo(tokens.access_token).status_code == 200 and "code" in silent


def chain(world: World, reason: str) -> dict[str, str]:
    """The times of one ending as the audit trail has them; the chain itself holds."""
    trail = world.around.records.audit
    assert trail.first_broken() is None
    entries = [each.entry for each in trail.entries("aegean-foods")]
    (ended,) = [entry for entry in entries if entry.event == "account_ended"]
    (carried_out,) = [entry for entry in entries if entry.event == "ending_carried_out" and entry.account]
    assert ended.detail is not None
    assert carried_out.detail is not None
    assert ended.detail["reason"] == carried_out.detail["reason"] == reason
    assert ended.detail["ending"] == carried_out.detail["ending"]
    assert ended.actor == "directory"
    times = {**ended.detail, **carried_out.detail}
    noticed, ended_at, told = (datetime.fromisoformat(times[name]) for name in ("noticed_at", "ended_at", "told_at"))
    assert noticed <= ended_at <= told
    return times


def watch(world: World) -> Watch:
    found = world.around.records.standings.watch("aegean-foods")
    assert found is not None
    return found


def patch_user(**changes: Any) -> Callable[[World], None]:
    return lambda world: world.control.patch(f"users/{ELENI}", changes)


def principal(**changes: Any) -> Callable[[World], None]:
    return lambda world: world.control.patch("service-principals/aegeanfoods.example", changes)


ENDINGS: dict[str, Callable[[World], None]] = {
    "disabled": patch_user(accountEnabled=False),
    "deleted": lambda world: world.control.delete(f"users/{ELENI}"),
    "unassigned": patch_user(assigned=False),
    "sessions_revoked": lambda world: world.control.post(f"users/{ELENI}/revoke-sessions"),
    "consent_revoked": lambda world: world.control.delete("consents/aegeanfoods.example"),
    "app_disabled": principal(state="disabled"),
    "app_removed": principal(state="removed"),
}
TROUBLES = {"consent_revoked": "consent_revoked", "app_disabled": "app_disabled", "app_removed": "app_disabled"}


# -- by the check when something is renewed ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ENDINGS)
def test_a_check_ends_whom_the_directory_ended(world: World, reason: str) -> None:
    browser, tokens = world.signed_in()
    account = the_account(world)
    world.clock.advance(CHECK)
    check(world)
    ENDINGS[reason](world)
    check(world)  # What the directory said a moment ago is good for the time of the setting.
    assert is_in(world, browser, tokens)
    world.clock.advance(CHECK)
    with pytest.raises(NotAllowed) as refused:
        check(world)
    assert refused.value.reason == "ended"
    assert is_out(world, browser, tokens)
    chain(world, reason)
    with pytest.raises(NotAllowed):
        check(world, account)
    if reason in TROUBLES:  # The trust itself is broken: the look that this ordered says so.
        world.side.watcher.tick()
        assert watch(world).trouble == TROUBLES[reason]
        assert troubles(world) == [TROUBLES[reason]]


@pytest.mark.parametrize("number", [70043, 700082])
def test_a_grant_that_the_directory_lets_lapse_ends_what_hangs_on_it(world: World, number: int) -> None:
    browser, tokens = world.signed_in()
    world.control.post(f"users/{ELENI}/refuse-refresh", {"code": number})
    world.clock.advance(CHECK)
    with pytest.raises(NotAllowed):
        check(world)
    assert is_out(world, browser, tokens)
    chain(world, "grant_expired")


def test_somebody_who_was_ended_and_let_in_again_signs_in_as_before(world: World) -> None:
    world.signed_in()
    world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    world.clock.advance(CHECK)
    with pytest.raises(NotAllowed):
        check(world)
    world.control.patch(f"users/{ELENI}", {"accountEnabled": True})
    browser, tokens = world.signed_in()
    check(world)
    assert is_in(world, browser, tokens)
    assert world.accounts() == 1


def test_an_upstream_that_is_down_ends_nobody_until_the_grace_is_over(world: World) -> None:
    browser, tokens = world.signed_in()
    world.control.post("faults", {"endpoint": "token", "status": 503, "count": 1000})
    world.clock.advance(CHECK)
    check(world)
    assert is_in(world, browser, tokens)
    world.clock.advance(GRACE - CHECK - timedelta(seconds=1))
    check(world)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(Busy):
        check(world)
    world.control.delete("faults")
    world.clock.advance(timedelta(seconds=30))
    check(world)  # It answers again: nothing was lost.
    assert answered(world.go(browser, world.authorize_url(prompt="none"))).get("code")
    assert not [each for each in world.around.records.audit.entries() if each.entry.event == "account_ended"]


def test_a_secret_that_expired_ends_nobody_and_is_told(world: World) -> None:
    browser, tokens = world.signed_in()
    (registration, *_) = world.control.get("registrations")["registrations"]
    past = int((world.clock.now() - timedelta(days=1)).timestamp())
    world.control.patch(f"registrations/{registration['clientId']}", {"secretsExpireAt": past})
    world.clock.advance(CHECK)
    check(world)
    assert is_in(world, browser, tokens)
    world.clock.advance(LOOK)
    world.side.watcher.tick()
    assert watch(world).trouble == "credential_expired"
    assert troubles(world) == ["credential_expired"]


def test_of_many_checks_at_once_one_asks_the_directory(world: World) -> None:
    world.signed_in()
    account = the_account(world)
    world.control.delete("requests")
    world.clock.advance(CHECK)
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def one() -> None:
        together.wait()
        try:
            check(world, account)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(token_requests(world)) == 1


def test_a_claim_whose_worker_died_keeps_nobody_from_asking(world: World) -> None:
    world.signed_in()
    account = the_account(world)
    standings = world.around.records.standings
    grant = standings.upstream_grant(account.id)
    assert grant is not None
    world.clock.advance(CHECK)
    assert standings.claim_check(account.id, grant.checked_at, world.clock.now())  # And then it dies.
    world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    check(world)
    world.clock.advance(timedelta(seconds=30))
    with pytest.raises(NotAllowed):
        check(world)


def test_a_refresh_token_of_the_upstream_is_kept_sealed_and_for_its_account_only(world: World) -> None:
    world.signed_in()
    world.signed_in(NIKOS)
    accounts = world.around.directory.accounts("aegean-foods")
    standings = world.around.records.standings
    first, second = (standings.upstream_grant(account.id) for account in accounts)
    assert first is not None
    assert second is not None
    standings.keep_upstream_grant(replace(first, sealed=second.sealed))
    world.clock.advance(CHECK)
    with pytest.raises(NotAllowed):  # A copied row is no grant of this account.
        check(world, accounts[0])
    assert "grant_unreadable" in {each["reason"] for each in world.events("account_ended")}


# -- by looking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ENDINGS)
def test_without_a_permission_the_watcher_notices_within_its_period(world: World, reason: str) -> None:
    browser, tokens = world.signed_in()
    world.side.watcher.tick()
    ENDINGS[reason](world)
    world.clock.advance(LOOK)
    world.side.watcher.tick()
    assert is_out(world, browser, tokens)
    assert chain(world, reason)["seen_by"] == "watch"
    assert watch(world).trouble == TROUBLES.get(reason)


@pytest.mark.parametrize("reason", ["disabled", "deleted", "sessions_revoked"])
def test_as_an_application_the_watcher_notices_by_the_list_of_changes(watching: World, reason: str) -> None:
    browser, tokens = watching.signed_in()
    watching.side.watcher.tick()
    watching.clock.advance(timedelta(seconds=20))
    ENDINGS[reason](watching)
    watching.clock.advance(LOOK - timedelta(seconds=20))
    watching.side.watcher.tick()
    assert is_out(watching, browser, tokens)
    assert chain(watching, reason)["seen_by"] == "changes"
    assert watch(watching).delay_seconds == LOOK.total_seconds()
    assert watch(watching).trouble is None


@pytest.mark.parametrize("reason", ["unassigned", "consent_revoked", "app_disabled", "app_removed"])
def test_as_an_application_one_person_at_a_time_stands_for_the_trust(watching: World, reason: str) -> None:
    browser, tokens = watching.signed_in()
    watching.side.watcher.tick()
    ENDINGS[reason](watching)
    watching.clock.advance(CHECK)
    watching.side.watcher.tick()
    assert is_out(watching, browser, tokens)
    assert watch(watching).trouble == TROUBLES.get(reason)


def test_repeated_orders_are_one_look_a_moment(watching: World) -> None:
    watching.signed_in()
    watching.side.watcher.tick()
    watching.control.delete("requests")
    for _ in range(5):
        watching.side.looks.order("aegean-foods")
        watching.side.watcher.tick()
    assert not delta_requests(watching)
    watching.clock.advance(timedelta(seconds=1))
    watching.side.watcher.tick()
    assert len(delta_requests(watching)) == 1


def test_a_directory_is_read_on_from_where_the_last_look_was(watching: World) -> None:
    watching.signed_in()
    watching.control.patch("settings", {"deltaPageSize": 3})
    watching.side.watcher.tick()
    watching.control.delete("requests")
    watching.clock.advance(LOOK)
    watching.side.watcher.tick()
    assert len(delta_requests(watching)) == 1
    assert ELENI not in (watch(watching).cursor or "")


def test_where_the_cursor_is_not_known_any_more_everything_is_read_anew(watching: World) -> None:
    browser, tokens = watching.signed_in()
    watching.side.watcher.tick()
    watching.control.delete("delta-tokens")
    watching.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    watching.clock.advance(LOOK)
    watching.side.watcher.tick()
    assert is_out(watching, browser, tokens)
    assert watching.events("watch_starts_anew")


def test_a_permission_that_is_missing_is_told_and_the_grants_are_asked_with(watching: World) -> None:
    watching.signed_in()
    watching.side.watcher.tick()
    watching.control.patch("service-principals/aegeanfoods.example", {"applicationPermissions": []})
    watching.control.delete("requests")
    watching.clock.advance(timedelta(hours=2))  # The token at hand was made when it was still there.
    watching.side.watcher.tick()
    assert watch(watching).trouble == "permission_missing"
    assert len(token_requests(watching)) >= 1
    watching.control.patch("service-principals/aegeanfoods.example", {"applicationPermissions": READ_EVERYBODY})
    for _ in range(2):
        watching.clock.advance(LOOK)
        watching.side.watcher.tick()
    assert watch(watching).trouble is None
    assert watching.events("federation_recovered")


def test_somebody_disabled_long_ago_is_not_ended_again_and_again(watching: World) -> None:
    watching.signed_in()
    watching.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    for _ in range(3):
        watching.control.delete("delta-tokens")
        watching.clock.advance(LOOK)
        watching.side.watcher.tick()
    chain(watching, "disabled")


def test_one_worker_looks_at_a_time_and_a_dead_one_is_replaced(watching: World) -> None:
    watching.signed_in()
    assert watching.around.state.add_if_absent("watch-lease", "aegean-foods", b"", timedelta(minutes=3))  # And dies.
    watching.control.delete("requests")
    watching.side.watcher.tick()
    assert not delta_requests(watching)
    watching.clock.advance(timedelta(minutes=3))
    watching.side.watcher.tick()
    assert delta_requests(watching)


def test_a_directory_that_does_not_answer_is_called_unreachable_and_then_not_any_more(watching: World) -> None:
    watching.signed_in()
    watching.side.watcher.tick()
    for endpoint in ("token", "delta"):
        watching.control.post("faults", {"endpoint": endpoint, "status": 503, "count": 1000})
    for _ in range(12):
        watching.clock.advance(LOOK)
        watching.side.watcher.tick()
    assert watch(watching).trouble == "unreachable"
    watching.control.delete("faults")
    watching.clock.advance(LOOK)
    watching.side.watcher.tick()
    assert watch(watching).trouble is None
    assert troubles(watching) == ["unreachable"]
    assert (watch(watching).longest_delay_seconds or 0) >= 12 * LOOK.total_seconds()


# -- by notification ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["disabled", "deleted", "sessions_revoked"])
def test_a_notification_has_the_directory_looked_at_at_once(notified: World, reason: str) -> None:
    browser, tokens = notified.signed_in()
    notified.side.watcher.tick()
    assert watch(notified).subscription is not None
    notified.clock.advance(timedelta(seconds=10))
    ENDINGS[reason](notified)
    until(lambda: notified.side.looks.waiting() == {"aegean-foods"}, "the notification arrives")
    notified.clock.advance(timedelta(seconds=2))
    notified.side.watcher.tick()
    assert is_out(notified, browser, tokens)
    times = chain(notified, reason)
    assert times["seen_by"] == "notification"
    late = datetime.fromisoformat(times["told_at"]) - datetime.fromisoformat(times["noticed_at"])
    assert late <= timedelta(seconds=5)
    assert watch(notified).delay_seconds == 2


def test_a_subscription_is_prolonged_and_made_anew_when_it_is_gone(notified: World) -> None:
    notified.signed_in()
    notified.side.watcher.tick()
    first = watch(notified)
    notified.clock.advance(timedelta(hours=25))
    notified.side.watcher.tick()
    second = watch(notified)
    assert second.subscription == first.subscription
    assert second.subscription_expires_at == notified.clock.now() + timedelta(days=2)
    notified.control.delete(f"subscriptions/{second.subscription}")
    notified.clock.advance(timedelta(hours=25))
    notified.side.watcher.tick()
    third = watch(notified)
    assert third.subscription not in (None, first.subscription)
    assert third.client_state_digest != first.client_state_digest


def test_what_does_not_prove_where_it_comes_from_sets_nothing_off(notified: World) -> None:
    notified.signed_in()
    notified.side.watcher.tick()
    subscription = watch(notified).subscription
    oid = the_account(notified).subject.identifier
    tenant = the_account(notified).subject.authority

    def send(**changes: Any) -> int:
        item = {
            "subscriptionId": subscription,
            "clientState": "guessed",
            "changeType": "updated",
            "tenantId": tenant,
            "resource": f"Users/{oid}",
            "resourceData": {"id": oid},
            **changes,
        }
        return post(notified, json.dumps({"value": [item]})).status_code

    assert send() == 202
    assert send(subscriptionId=oid) == 202
    assert send(clientState=None) == 202
    assert send(clientState="") == 202
    assert not notified.side.looks.waiting()
    assert notified.events("notification_refused")
    for body in ("", "[]", "{", '{"value": 1}', '{"value": ["x", null, 7]}', '{"value": [{"value": []}]}'):
        assert post(notified, body).status_code in (202, 400)
    assert post(notified, json.dumps({"value": ["x" * 300_000]})).status_code in (400, 413)
    assert not notified.side.looks.waiting()


def test_nobody_has_the_broker_say_back_their_words_as_a_validation_token(world: World) -> None:
    answer = world.browser().post(
        f"{world.broker_url}/upstream/entra/notifications", params={"validationToken": "<script>"}, timeout=30
    )
    assert answer.status_code == 404
    assert "script" not in answer.text


def test_a_flood_of_notifications_is_cut_off_and_does_no_harm(notified: World) -> None:
    notified.signed_in()
    notified.side.watcher.tick()
    browser = notified.browser()
    url = f"{notified.broker_url}/upstream/entra/notifications"
    answers = [browser.post(url, json={"value": []}, timeout=30).status_code for _ in range(310)]
    assert answers[0] == 202
    assert answers[-1] == 429
    notified.clock.advance(timedelta(minutes=1))
    assert post(notified, '{"value": []}').status_code == 202


# -- a worker that dies in the middle ----------------------------------------------------------------------------------


def test_an_ending_that_was_only_noted_is_carried_out_by_whoever_comes_next(world: World) -> None:
    browser, tokens = world.signed_in()
    account = the_account(world)
    world.around.records.standings.end_account(account.id, "disabled", world.clock.now())  # And then it dies.
    assert is_out(world, browser, tokens), "void at once, told or not"
    world.clock.advance(timedelta(seconds=15))
    assert world.side.endings.carry_out() >= 1
    assert world.side.endings.carry_out() == 0
    trail = world.around.records.audit.entries("aegean-foods")
    entries = [each.entry.event for each in trail if each.entry.account == account.id]
    assert entries.count("account_ended") == entries.count("ending_carried_out") == 1


def test_an_ending_that_is_carried_out_late_spares_who_signed_in_since(world: World) -> None:
    world.signed_in()
    account = the_account(world)
    world.around.records.standings.end_account(account.id, "sessions_revoked", world.clock.now())
    browser = world.browser()
    world.code(browser)
    world.side.endings.carry_out()
    assert answered(world.go(browser, world.authorize_url(prompt="none"))).get("code")


# -- words -------------------------------------------------------------------------------------------------------------


def troubles(world: World) -> list[str]:
    return [event["reason"] for event in world.events("federation_trouble") if event["org"] == "aegean-foods"]


def token_requests(world: World) -> list[Any]:
    return [each for each in world.control.get("requests")["requests"] if each["path"].endswith("/token")]


def delta_requests(world: World) -> list[Any]:
    return [each for each in world.control.get("requests")["requests"] if each["path"].endswith("/users/delta")]


def post(world: World, body: str) -> requests.Response:
    return world.browser().post(
        f"{world.broker_url}/upstream/entra/notifications",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
