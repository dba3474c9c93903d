"""entra-id reference 4.7: subscriptions with their handshake, and notifications that are really posted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.clock import SystemClock
from broker.demo.certificates import local_certificates
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.receiver import Answer, Receiver, receiving
from tests.unit.demo.entra.running import ELENI, START, TENANT_A, TENANT_B, TOMAS, RunningSimulator

ELENI_ID = "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8"
LATER = "2026-11-22T22:26:40Z"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def application(entra: RunningSimulator, *permissions: str, tenant: str = TENANT_A, **form: str) -> str:
    entra.control(
        "PATCH", f"service-principals/{tenant}", applicationPermissions=list(permissions or ["User.Read.All"])
    )
    answer = entra.token(tenant, grant_type="client_credentials", scope="https://graph.microsoft.com/.default", **form)
    return str(answer.json()["access_token"])


def asked(receiver: Receiver, **changed: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "changeType": "updated,deleted",
        "notificationUrl": receiver.url,
        "resource": "users",
        "expirationDateTime": LATER,
        "clientState": "a-secret",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def subscribe(entra: RunningSimulator, receiver: Receiver, **changed: Any) -> dict[str, Any]:
    answer = entra.graph("/v1.0/subscriptions", application(entra), "POST", json=asked(receiver, **changed))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def deliveries(entra: RunningSimulator) -> list[dict[str, Any]]:
    found = entra.control("GET", "notifications")["deliveries"]
    return [one for one in found if not one["handshake"]]


# --- Subscribing


def test_an_address_that_gives_the_token_back_is_subscribed(entra: RunningSimulator, receiver: Receiver) -> None:
    said = subscribe(entra, receiver)
    assert (said["resource"], said["changeType"], said["clientState"]) == ("users", "updated,deleted", "a-secret")
    assert (said["applicationId"], said["expirationDateTime"]) == (CLIENT_ID, LATER)
    (handshake,) = receiver.handshakes
    assert handshake["type"].startswith("text/plain")
    assert "validationToken=Validation%3A%20Testing" in handshake["path"]
    assert entra.control("GET", "subscriptions")["subscriptions"][0]["subscriptionId"] == said["id"]
    assert entra.control("GET", "notifications")["deliveries"][0]["handshake"] is True


@pytest.mark.parametrize(
    "answer",
    [
        lambda token, _: (202, "text/plain", token),
        lambda token, _: (404, "text/plain", token),
        lambda token, _: (200, "text/html", token),
        lambda _, __: (200, "text/plain", "something else"),
        lambda token, _: (200, "text/plain", token.replace(" ", "%20").replace(":", "%3A")),
    ],
)
def test_an_address_that_does_not_is_refused(entra: RunningSimulator, receiver: Receiver, answer: Answer) -> None:
    receiver.answer = answer
    token = application(entra)
    refused(entra.graph("/v1.0/subscriptions", token, "POST", json=asked(receiver)), 400, "ValidationError")
    assert entra.control("GET", "subscriptions")["subscriptions"] == []


def test_an_address_where_nobody_is_is_refused(entra: RunningSimulator, receiver: Receiver) -> None:
    with receiving() as gone:
        url = gone.url
    body = asked(receiver, notificationUrl=url)
    refused(entra.graph("/v1.0/subscriptions", application(entra), "POST", json=body), 400, "ValidationError")


def test_the_authority_that_is_trusted_when_subscribers_are_called_can_be_set_and_stays(
    entra: RunningSimulator, tmp_path: Path
) -> None:
    tls = local_certificates(tmp_path, SystemClock())
    with receiving(tls) as receiver:
        body = asked(receiver)
        refused(entra.graph("/v1.0/subscriptions", application(entra), "POST", json=body), 400, "ValidationError")
        entra.control("PATCH", "settings", caFile=str(tls.authority))
        entra.control("POST", "reset")
        subscribe(entra, receiver)
        entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
        assert receiver.next()["resource"] == f"Users/{ELENI_ID}"


@pytest.mark.parametrize(
    "changed",
    [
        {"changeType": None},
        {"changeType": "created"},
        {"changeType": "updated,moved"},
        {"resource": None},
        {"resource": "groups"},
        {"resource": "users/someone"},
        {"notificationUrl": None},
        {"notificationUrl": "ftp://127.0.0.1/"},
        {"notificationUrl": "https://"},
        {"notificationUrl": "https://[/"},
        {"notificationUrl": 7},
        {"expirationDateTime": None},
        {"expirationDateTime": "tomorrow"},
        {"expirationDateTime": "2026-11-21T22:26:40Z"},
        {"expirationDateTime": "2026-11-22T22:26:40"},
        {"clientState": "x" * 129},
        {"clientState": 7},
        {"includeResourceData": True},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused_before_anybody_is_called(
    entra: RunningSimulator, receiver: Receiver, changed: dict[str, Any]
) -> None:
    answer = entra.graph("/v1.0/subscriptions", application(entra), "POST", json=asked(receiver, **changed))
    refused(answer, 400, "InvalidRequest")
    assert receiver.calls == 0


def test_forty_one_thousand_seven_hundred_and_sixty_minutes_are_the_most(
    entra: RunningSimulator, receiver: Receiver
) -> None:
    longest = START + timedelta(minutes=41_760)
    said = subscribe(entra, receiver, expirationDateTime=longest.isoformat(), clientState="x" * 128)
    beyond = (longest + timedelta(seconds=1)).isoformat()
    body = asked(receiver, expirationDateTime=beyond)
    token = application(entra)
    refused(entra.graph("/v1.0/subscriptions", token, "POST", json=body), 400, "InvalidRequest")
    path = f"/v1.0/subscriptions/{said['id']}"
    refused(entra.graph(path, token, "PATCH", json={"expirationDateTime": beyond}), 400, "InvalidRequest")


def test_a_body_that_is_no_object_is_refused(entra: RunningSimulator) -> None:
    token = application(entra)
    for body in (b"", b"[]", b"{", b"[" * 5000):
        refused(entra.graph("/v1.0/subscriptions", token, "POST", data=body), 400, "BadRequest")


def test_a_subscription_is_renewed_read_and_ended_by_its_own_application(
    entra: RunningSimulator, receiver: Receiver
) -> None:
    said = subscribe(entra, receiver)
    token = application(entra)
    path = f"/v1.0/subscriptions/{said['id']}"
    renewed = entra.graph(path, token, "PATCH", json={"expirationDateTime": "2026-11-25T00:00:00.0000000Z"}).json()
    assert renewed["expirationDateTime"] == "2026-11-25T00:00:00Z"
    assert entra.graph(path, token).json()["expirationDateTime"] == "2026-11-25T00:00:00Z"
    (listed,) = entra.graph("/v1.0/subscriptions", token).json()["value"]
    assert listed["id"] == said["id"]
    other = application(entra, tenant=TENANT_B)
    refused(entra.graph(path, other), 404, "ResourceNotFound")
    assert entra.graph(path, token, "DELETE").status_code == 204
    refused(entra.graph(path, token, "DELETE"), 404, "ResourceNotFound")


def test_a_subscription_that_has_run_out_is_gone(entra: RunningSimulator, receiver: Receiver) -> None:
    said = subscribe(entra, receiver)
    entra.clock.advance(timedelta(days=1))
    refused(entra.graph(f"/v1.0/subscriptions/{said['id']}", application(entra)), 404, "ResourceNotFound")
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert entra.control("GET", "notifications")["waiting"] == 0


# --- Being told


def test_a_disabled_person_is_told_of_with_everything_that_a_subscriber_checks(
    entra: RunningSimulator, receiver: Receiver
) -> None:
    said = subscribe(entra, receiver)
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    told = receiver.next()
    assert (
        told.pop("resourceData").items()
        >= {
            "@odata.type": "#Microsoft.Graph.User",
            "id": ELENI_ID,
            "organizationId": TENANT_A,
        }.items()
    )
    assert told == {
        "changeType": "updated",
        "clientState": "a-secret",
        "resource": f"Users/{ELENI_ID}",
        "subscriptionExpirationDateTime": LATER,
        "subscriptionId": said["id"],
        "tenantId": TENANT_A,
    }


def test_every_kind_of_change_has_its_word(entra: RunningSimulator, receiver: Receiver) -> None:
    subscribe(entra, receiver)
    heard: list[tuple[str, str]] = []
    for method, path in (
        ("DELETE", f"users/{ELENI}"),
        ("POST", f"users/{ELENI}/restore"),
        ("POST", f"users/{ELENI}/revoke-sessions"),
        ("DELETE", f"users/{ELENI}?permanently=true"),
    ):
        entra.control(method, path)
        told = receiver.next()
        heard.append((told["changeType"], told["resource"]))
    resource = f"Users/{ELENI_ID}"
    assert heard == [(word, resource) for word in ("updated", "updated", "updated", "deleted")]


def test_going_to_the_recycle_bin_can_be_called_deleted(entra: RunningSimulator, receiver: Receiver) -> None:
    entra.control("PATCH", "settings", softDeleteNotifies="deleted")
    subscribe(entra, receiver)
    entra.control("DELETE", f"users/{ELENI}")
    assert receiver.next()["changeType"] == "deleted"


def test_a_subscriber_hears_only_what_it_asked_for(entra: RunningSimulator, receiver: Receiver) -> None:
    subscribe(entra, receiver, resource=f"/users/{ELENI_ID}", changeType="deleted")
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    entra.control("DELETE", "users/maria.kosta@aegeanfoods.example?permanently=true")
    entra.control("PATCH", f"users/{TOMAS}", jobTitle="None of theirs")
    entra.control("PATCH", f"users/{ELENI}", assigned=False)
    entra.control("DELETE", f"users/{ELENI}?permanently=true")
    told = receiver.next()
    assert (told["changeType"], told["resource"]) == ("deleted", f"Users/{ELENI_ID}")
    assert receiver.got.empty()


def test_what_graph_does_not_know_nobody_is_told_of(entra: RunningSimulator, receiver: Receiver) -> None:
    subscribe(entra, receiver)
    entra.control("PATCH", f"users/{ELENI}", assigned=False, directoryRoles=["Global Administrator"], mfaRequired=True)
    entra.control("PATCH", f"users/{ELENI}", jobTitle="Told of")
    receiver.next()
    assert receiver.got.empty()


@pytest.mark.parametrize(
    "change", [{"state": "disabled"}, {"state": "removed"}, {"applicationPermissions": []}], ids=str
)
def test_a_tenant_tells_nothing_to_an_application_that_may_not_watch_any_more(
    entra: RunningSimulator, receiver: Receiver, change: dict[str, Any]
) -> None:
    subscribe(entra, receiver)
    entra.control("PATCH", f"service-principals/{TENANT_A}", **change)
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert entra.control("GET", "notifications")["waiting"] == 0
    assert receiver.got.empty()


def test_a_subscriber_that_does_not_take_it_is_tried_again(entra: RunningSimulator, receiver: Receiver) -> None:
    entra.control("PATCH", "settings", notificationRetrySeconds=0.05)
    subscribe(entra, receiver)
    receiver.answer = lambda _, calls: (503 if calls < 4 else 202, "text/plain", "")
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert [receiver.next()["changeType"] for _ in range(3)] == ["updated"] * 3
    while len(deliveries(entra)) < 3:
        pass
    assert [(one["attempt"], one["status"], one["delivered"]) for one in deliveries(entra)] == [
        (1, 503, False),
        (2, 503, False),
        (3, 202, True),
    ]
    assert entra.control("GET", "notifications")["waiting"] == 0


def test_a_subscriber_that_is_gone_is_noted_and_forgotten_with_its_subscription(
    entra: RunningSimulator, receiver: Receiver
) -> None:
    with receiving() as gone:
        said = subscribe(entra, receiver, notificationUrl=gone.url)
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    while not deliveries(entra):
        pass
    assert deliveries(entra)[0]["status"] is None
    assert "ConnectionError" in deliveries(entra)[0]["problem"]
    entra.control("DELETE", f"subscriptions/{said['id']}")
    assert entra.control("GET", "subscriptions")["subscriptions"] == []
    assert requests.delete(f"{entra.base}/_simulator/subscriptions/{said['id']}", timeout=10).status_code == 404


def test_a_notification_can_be_forged(entra: RunningSimulator, receiver: Receiver) -> None:
    said = subscribe(entra, receiver)
    entra.control("POST", "notifications", subscriptionId=said["id"], user=ELENI, clientState="a-guess", count=2)
    entra.control("POST", "notifications", subscriptionId=said["id"], user=ELENI, changeType="deleted")
    told = [receiver.next() for _ in range(3)]
    assert [one["clientState"] for one in told] == ["a-guess", "a-guess", "a-secret"]
    assert told[2]["changeType"] == "deleted"
    entra.control("DELETE", "notifications")


def test_a_reset_ends_subscriptions_and_what_is_waiting(entra: RunningSimulator, receiver: Receiver) -> None:
    entra.control("PATCH", "settings", notificationDelaySeconds=600)
    subscribe(entra, receiver)
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert entra.control("GET", "notifications")["waiting"] == 1
    entra.control("POST", "reset")
    assert entra.control("GET", "notifications") == {"deliveries": [], "waiting": 0}
    assert entra.control("GET", "subscriptions")["subscriptions"] == []
    assert entra.control("GET", "settings")["notificationDelaySeconds"] == 0
