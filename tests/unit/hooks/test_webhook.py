"""A webhook is signed so that the library of Standard Webhooks believes it, and what comes back is read narrowly
(threats PR-04, PR-05).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from broker.clock import Clock, ManualClock, SystemClock
from broker.hooks.webhook import WebhookApplication
from broker.http_client import HttpClient
from broker.provisioning.hooks import CREATED, CREATING, Answer, Event, HookFailed
from tests.support.hooks import NEVER, OLD_SECRET, SECRET, client, secrets
from tests.support.https import Answer as HttpAnswer
from tests.support.https import LocalHttps, Received
from tests.support.people import NOW

EVENT = Event("evt_1", CREATED, "aegean-foods", "account-1", NOW, {"display_name": "Ελένη Μάρκου"})


@pytest.fixture
def server() -> Iterator[LocalHttps]:
    with LocalHttps() as running:
        yield running


@pytest.fixture
def http() -> Iterator[HttpClient]:
    made = client()
    yield made
    made.close()


def webhook(server: LocalHttps, http: HttpClient, *values: str, clock: Clock | None = None) -> WebhookApplication:
    return WebhookApplication(http, clock or ManualClock(NOW), f"{server.origin}/hooks", secrets(*values))


def failure(call: object) -> HookFailed:
    with pytest.raises(HookFailed) as caught:
        call()  # type: ignore[operator]  # a lambda of the test's own
    return caught.value


def test_what_is_sent_is_verified_by_the_library_of_the_standard(server: LocalHttps, http: HttpClient) -> None:
    webhook(server, http, clock=SystemClock()).tell(EVENT, NEVER)
    [received] = server.received
    assert Webhook(SECRET).verify(received.body, received.headers) == {
        "type": "account.created",
        "timestamp": "2026-11-21T22:26:40Z",
        "data": {
            "organization": "aegean-foods",
            "account_id": "account-1",
            "account": {"display_name": "Ελένη Μάρκου"},
        },
    }
    assert received.headers["webhook-id"] == "evt_1"
    assert received.headers["content-type"] == "application/json"


def test_pr_04_another_key_a_changed_body_and_another_time_are_noticed(server: LocalHttps, http: HttpClient) -> None:
    webhook(server, http, clock=SystemClock()).tell(EVENT, NEVER)
    [received] = server.received
    changed = received.body.replace(b"account-1", b"account-2")
    later = {**received.headers, "webhook-timestamp": str(int(received.headers["webhook-timestamp"]) + 1)}
    renamed = {**received.headers, "webhook-id": "evt_2"}
    for key, headers, body in (
        (OLD_SECRET, received.headers, received.body),
        (SECRET, received.headers, changed),
        (SECRET, later, received.body),
        (SECRET, renamed, received.body),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, headers)


def test_pr_04_a_replay_is_too_old(server: LocalHttps, http: HttpClient) -> None:
    webhook(server, http, clock=ManualClock(datetime.now(UTC) - timedelta(minutes=6))).tell(EVENT, NEVER)
    [received] = server.received
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(received.body, received.headers)


def test_while_a_secret_changes_both_sign(server: LocalHttps, http: HttpClient) -> None:
    webhook(server, http, SECRET, OLD_SECRET, clock=SystemClock()).tell(EVENT, NEVER)
    [received] = server.received
    for key in (SECRET, OLD_SECRET):
        assert Webhook(key).verify(received.body, received.headers)["type"] == "account.created"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", Answer()),
        (b" \n", Answer()),
        (b"{}", Answer()),
        (b'{"decision": "accept"}', Answer()),
        (b'{"account": {"employee_id": "7"}, "more": [1]}', Answer(changes={"employee_id": "7"})),
        (b'{"decision": "refuse"}', Answer(refused="unnamed")),
        (
            b'{"decision": "refuse", "reason": "seats", "explanation": "no_place_left"}',
            Answer(refused="seats", explanation="no_place_left"),
        ),
    ],
)
def test_an_answer_is_read(server: LocalHttps, http: HttpClient, body: bytes, wanted: Answer) -> None:
    server.respond_with(lambda _: HttpAnswer(200, body))
    asked = Event("evt_1", CREATING, "aegean-foods", "account-1", NOW, {})
    assert webhook(server, http).ask(asked, NEVER) == wanted
    assert json.loads(server.received[0].body)["type"] == "account.creating"


@pytest.mark.parametrize(
    "body",
    [
        b"yes",
        b"[]",
        b'"accept"',
        b'{"decision": "maybe"}',
        b'{"decision": null}',
        b'{"account": []}',
        b'{"decision": "refuse", "reason": 7}',
        b'{"decision": "accept", "decision": "refuse"}',
        b"\xff\xfe{}",
        b'{"account": ' + b"[" * 100_000,
    ],
)
def test_nonsense_is_no_answer(server: LocalHttps, http: HttpClient, body: bytes) -> None:
    server.respond_with(lambda _: HttpAnswer(200, body))
    assert failure(lambda: webhook(server, http).ask(EVENT, NEVER)).reason in ("answer", "too_big")


def test_more_than_an_answer_has_is_not_read(server: LocalHttps, http: HttpClient) -> None:
    server.respond_with(lambda _: HttpAnswer(200, b" " * (64 * 1024 + 1)))
    assert failure(lambda: webhook(server, http).ask(EVENT, NEVER)).reason == "too_big"


@pytest.mark.parametrize(
    ("status", "is_down", "is_final"),
    [
        (302, True, False),
        (307, True, False),
        (400, False, False),
        (401, True, False),
        (404, True, False),
        (409, False, False),
        (410, False, True),
        (422, False, False),
        (429, True, False),
        (500, True, False),
        (503, True, False),
    ],
)
def test_a_status_that_is_no_success_says_what_kind_of_failure_it_is(
    server: LocalHttps, http: HttpClient, status: int, is_down: bool, is_final: bool
) -> None:
    server.respond_with(lambda _: HttpAnswer(status, b"{}", {"Location": f"{server.origin}/elsewhere"}))
    found = failure(lambda: webhook(server, http).tell(EVENT, NEVER))
    assert (found.reason, found.is_down, found.is_final) == (f"status_{status}", is_down, is_final)
    assert [each.path for each in server.received] == ["/hooks"], "a redirect is never followed"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), timedelta(0)),
        ("9" * 5, timedelta(days=1)),
        ("9" * 400, timedelta(days=1)),
        ("-5", None),
        ("١٢", None),
        ("soon", None),
        ("Sat, 21 Nov 2026 23:26:40", None),
        ("Sat, 99 Nov 99999 23:26:40 GMT", None),
    ],
)
def test_how_long_it_wants_to_be_left_alone_is_believed_up_to_a_day(
    server: LocalHttps, http: HttpClient, header: str, wanted: timedelta | None
) -> None:
    def respond(_: Received) -> HttpAnswer:
        return HttpAnswer(503, b"", {"Retry-After": header.encode().decode("latin-1")})

    server.respond_with(respond)
    assert failure(lambda: webhook(server, http).tell(EVENT, NEVER)).retry_after == wanted


def test_pr_03_one_that_hangs_costs_no_more_than_was_said(server: LocalHttps, http: HttpClient) -> None:
    def say_nothing(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(1)

    server.respond_with(lambda _: HttpAnswer(raw=say_nothing))
    found = failure(lambda: webhook(server, http).ask(EVENT, timedelta(milliseconds=200)))
    assert (found.reason, found.is_down) == ("timeout", True)


def test_pr_05_a_private_address_is_not_called(server: LocalHttps) -> None:
    guarded = HttpClient()
    for url in (f"https://127.0.0.1:{server.port}/", "https://169.254.169.254/", "https://[::1]/", "http://x.example/"):
        application = WebhookApplication(guarded, ManualClock(NOW), url, secrets())
        assert failure(lambda hook=application: hook.tell(EVENT, NEVER)).reason in ("address", "url", "connect")
    assert server.received == []
    guarded.close()


def test_a_secret_that_is_none_makes_no_webhook(http: HttpClient) -> None:
    for value in ("whsec_", "whsec_%%%", "whsec_a"):
        with pytest.raises(ValueError):
            WebhookApplication(http, ManualClock(NOW), "https://hooks.example/", secrets(value))
