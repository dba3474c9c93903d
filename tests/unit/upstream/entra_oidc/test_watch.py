"""Reading a directory as an application: what is believed of Graph's answers, and where its links may lead."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker.identity import Secret
from broker.upstream.entra_oidc.client_assertion import ClientSecret
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.entra_oidc.watch import EntraDirectoryReader
from broker.watching.directory import CursorExpired, LookFailed, PersonState
from tests.support.fake_entra import CLIENT_ID, as_json
from tests.support.https import Answer
from tests.support.people import ELENI, NOW, TENANT_A
from tests.unit.upstream.case import Case

OID = ELENI.identifier
OTHER = "6e04f0f5-9b90-441b-91f5-c79656f22cce"


@pytest.fixture
def reader(case: Case) -> EntraDirectoryReader:
    origin = case.entra.server.origin
    settings = EntraOidcSettings(authority_host=origin, graph_host=origin, client_id=CLIENT_ID)
    return EntraDirectoryReader(
        case.http,
        ClientSecret(Secret("s")),
        case.connector.metadata,
        case.clock,
        settings,
        public_url="https://broker.example",
    )


def page(case: Case, *people: Any, **links: str) -> None:
    base = f"{case.entra.server.origin}/v1.0/users/delta"
    given = links or {"deltaLink": f"{base}?$deltatoken=d-1"}
    case.entra.answer("/users/delta", as_json({"value": list(people), **{f"@odata.{k}": v for k, v in given.items()}}))


def test_a_first_reading_tracks_what_decides_who_stays(case: Case, reader: EntraDirectoryReader) -> None:
    page(
        case,
        {"id": OID.upper(), "accountEnabled": False, "signInSessionsValidFromDateTime": "2026-11-21T22:00:00Z"},
        {"id": OTHER, "@removed": {"reason": "changed"}},
        {"id": "no id"},
        7,
    )
    read = reader.changes(TENANT_A, None)
    assert read.is_last
    assert read.people == (
        PersonState(OID, enabled=False, sessions_valid_from=datetime(2026, 11, 21, 22, tzinfo=UTC)),
        PersonState(OTHER, gone=True),
    )
    [asked] = case.entra.received("/users/delta")
    assert asked.query["$select"].split(",") == ["id", "accountEnabled", "signInSessionsValidFromDateTime"]
    [token] = case.entra.received("/token")
    assert b"grant_type=client_credentials" in token.body
    assert b"graph.microsoft.com%2F.default" in token.body
    assert token.path.startswith(f"/{TENANT_A}/")


def test_the_next_page_is_asked_for_at_our_own_address(case: Case, reader: EntraDirectoryReader) -> None:
    base = f"{case.entra.server.origin}/v1.0/users/delta"
    page(case, nextLink=f"{base}?$skiptoken=s%2B1&$select=ignored")
    first = reader.changes(TENANT_A, None)
    assert not first.is_last
    page(case)
    assert reader.changes(TENANT_A, first.cursor).is_last
    assert case.entra.received("/users/delta")[-1].query == {"$skiptoken": "s+1"}
    assert len(case.entra.received("/token")) == 1, "the token is kept"
    case.clock.advance(timedelta(hours=1))
    reader.changes(TENANT_A, first.cursor)
    assert len(case.entra.received("/token")) == 2


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users/delta?$deltatoken=x",
        "http://{host}/v1.0/users/delta?$deltatoken=x",
        "https://{host}@evil.example/v1.0/users/delta?$deltatoken=x",
        "https://{host}/v1.0/groups/delta?$deltatoken=x",
        "https://{host}/v1.0/users/delta",
        "https://{host}/v1.0/users/delta?$deltatoken=x&$deltatoken=y",
        "https://{host}/v1.0/users/delta?$deltatoken=x&$skiptoken=y",
        "https://{host}/v1.0/users/delta?$deltatoken=x%0d%0ay",
        "https://[/v1.0/users/delta?$deltatoken=x",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(case: Case, reader: EntraDirectoryReader, link: str) -> None:
    page(case, deltaLink=link.format(host=case.entra.server.origin.removeprefix("https://")))
    with pytest.raises(LookFailed):
        reader.changes(TENANT_A, None)


def test_a_cursor_that_is_too_old_is_said_to_be(case: Case, reader: EntraDirectoryReader) -> None:
    cursor = json.dumps({"$deltatoken": "old"})
    for answer in (Answer(410), as_json({"error": {"code": "syncStateNotFound"}}, 400)):
        case.entra.answer("/users/delta", answer)
        with pytest.raises(CursorExpired):
            reader.changes(TENANT_A, cursor)


def test_a_permission_that_is_missing_is_trouble_and_the_token_is_not_used_again(
    case: Case, reader: EntraDirectoryReader
) -> None:
    case.entra.answer("/users/delta", as_json({"error": {"code": "Authorization_RequestDenied"}}, 403))
    for _ in range(2):
        with pytest.raises(LookFailed) as failed:
            reader.changes(TENANT_A, None)
        assert failed.value.trouble == "permission_missing"
    assert len(case.entra.received("/token")) == 2


@pytest.mark.parametrize(
    ("said", "trouble"), [("invalid_client", "credential_expired"), ("unauthorized_client", "app_disabled")]
)
def test_a_token_that_is_refused_says_what_the_trouble_is(
    case: Case, reader: EntraDirectoryReader, said: str, trouble: str
) -> None:
    case.entra.answer("/token", as_json({"error": said}, 401))
    with pytest.raises(LookFailed) as failed:
        reader.changes(TENANT_A, None)
    assert failed.value.trouble == trouble


def test_throttling_says_how_long_to_wait(case: Case, reader: EntraDirectoryReader) -> None:
    case.entra.answer("/users/delta", as_json({"error": {"code": "TooManyRequests"}}, 429, **{"Retry-After": "77"}))
    with pytest.raises(LookFailed) as failed:
        reader.changes(TENANT_A, None)
    assert failed.value.trouble is None
    assert failed.value.retry_after_seconds == 77


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"value": 1}', b"{}"])
def test_nonsense_is_a_look_that_failed(case: Case, reader: EntraDirectoryReader, body: bytes) -> None:
    case.entra.answer("/users/delta", Answer(200, body))
    with pytest.raises(LookFailed):
        reader.changes(TENANT_A, None)


def test_one_person_is_read_and_nobody_else_is_taken_for_them(case: Case, reader: EntraDirectoryReader) -> None:
    case.entra.answer(f"/users/{OID}", as_json({"id": OID, "accountEnabled": True}))
    assert reader.person(TENANT_A, OID) == PersonState(OID, enabled=True)
    case.entra.answer(f"/users/{OID}", as_json({"id": OTHER, "accountEnabled": False}))
    with pytest.raises(LookFailed):
        reader.person(TENANT_A, OID)
    case.entra.answer(f"/users/{OID}", as_json({"error": {"code": "Request_ResourceNotFound"}}, 404))
    assert reader.person(TENANT_A, OID) == PersonState(OID, gone=True)
    case.entra.answer(f"/users/{OID}", Answer(404))
    with pytest.raises(LookFailed):  # A proxy's page does not end anybody.
        reader.person(TENANT_A, OID)


def test_a_subscription_is_asked_for_and_prolonged(case: Case, reader: EntraDirectoryReader) -> None:
    case.entra.answer("/subscriptions", as_json({"id": OTHER.upper()}, 201))
    assert reader.subscribe(TENANT_A, Secret("state"), NOW) == OTHER
    [asked] = case.entra.received("/subscriptions")
    assert json.loads(asked.body) == {
        "changeType": "updated,deleted",
        "notificationUrl": "https://broker.example/upstream/entra/notifications",
        "resource": "users",
        "expirationDateTime": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "clientState": "state",
    }
    case.entra.answer(f"/subscriptions/{OTHER}", as_json({"id": OTHER}))
    assert reader.renew(TENANT_A, OTHER, NOW) is True
    assert case.entra.received(f"/subscriptions/{OTHER}")[-1].method == "PATCH"
    case.entra.answer(f"/subscriptions/{OTHER}", Answer(404))
    assert reader.renew(TENANT_A, OTHER, NOW) is False
    case.entra.answer(f"/subscriptions/{OTHER}", Answer(500))
    with pytest.raises(LookFailed):
        reader.renew(TENANT_A, OTHER, NOW)
    case.entra.answer("/subscriptions", as_json({"id": "../../evil"}, 201))
    with pytest.raises(LookFailed):
        reader.subscribe(TENANT_A, Secret("state"), NOW)
