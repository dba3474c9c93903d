"""An account is created once at a SCIM 2.0 server by other authors, whatever is lost on the way (threats PR-02)."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from broker.clock import ManualClock
from broker.hooks.scim_push import ScimApplication
from broker.http_client import HttpClient
from broker.identity import Secret
from broker.provisioning.hooks import CREATED, Event, HookFailed
from tests.support.hooks import NEVER, client
from tests.support.https import Answer, LocalHttps, certificate
from tests.support.people import NOW

TOKEN = "token-of-the-crm"
ELENI = Event(
    "evt_1",
    CREATED,
    "aegean-foods",
    "0a6f4d57-3f5e-8a3e-9a0e-6d1b8f6f0001",
    NOW,
    {
        "email": "eleni.markou@aegeanfoods.example",
        "first_name": "Ελένη",
        "last_name": "Μάρκου",
        "display_name": "Ελένη Μάρκου",
        "job_title": "Buyer",
        "work_phone": "+30 210 1234567",
        "work_city": "Βόλος",
        "department": "Olives",
        "employee_id": "7",
        "language": "el",
    },
)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class ScimServer:
    """``scim2-server`` over its own memory, served with TLS; ``on_answer`` sees each answer before it leaves."""

    def __init__(self) -> None:
        self.storage = InMemoryStorage()
        application = BearerTokenApplication(self.storage, load_default_provider(), bearer_tokens=[TOKEN])
        self.requests: list[str] = []
        self.on_answer: Callable[[str], None] = lambda _: None

        def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            self.requests.append(environ["REQUEST_METHOD"])
            body = b"".join(application(environ, start))
            self.on_answer(environ["REQUEST_METHOD"])
            return [body]

        self._server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def users(self) -> list[dict[str, Any]]:
        return [each.model_dump() for each in self.storage.resources]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[ScimServer]:
    running = ScimServer()
    yield running
    running.close()


@pytest.fixture
def http() -> Iterator[HttpClient]:
    made = client()
    yield made
    made.close()


def push(server: ScimServer | LocalHttps, http: HttpClient, token: str = TOKEN) -> ScimApplication:
    url = server.url if isinstance(server, ScimServer) else server.origin
    return ScimApplication(http, ManualClock(NOW), url, Secret(token))


def test_the_account_is_created_with_the_fields_that_may_be_known(server: ScimServer, http: HttpClient) -> None:
    push(server, http).tell(ELENI, NEVER)
    [user] = server.users
    enterprise = user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
    assert (user["externalId"], user["userName"], user["active"]) == (
        ELENI.account_id,
        "eleni.markou@aegeanfoods.example",
        True,
    )
    assert user["name"] == {"familyName": "Μάρκου", "givenName": "Ελένη"}
    assert [(each["value"], each["type"], each["primary"]) for each in user["emails"]] == [
        ("eleni.markou@aegeanfoods.example", "work", True)
    ]
    assert [(each["value"], each["type"]) for each in user["phoneNumbers"]] == [("+30 210 1234567", "work")]
    assert user["addresses"][0]["locality"] == "Βόλος"
    assert (user["title"], user["preferredLanguage"]) == ("Buyer", "el")
    assert enterprise == {"department": "Olives", "employeeNumber": "7"}


def test_who_may_know_nothing_gets_the_account_id_and_nothing_else(server: ScimServer, http: HttpClient) -> None:
    push(server, http).tell(Event("e", CREATED, "aegean-foods", "account-1", NOW, {}), NEVER)
    [user] = server.users
    assert (user["userName"], user["externalId"]) == ("account-1", "account-1")
    assert user.keys() <= {"schemas", "id", "externalId", "userName", "active", "meta"}


def test_pr_02_whatever_is_repeated_there_is_one(server: ScimServer, http: HttpClient) -> None:
    push(server, http).tell(ELENI, NEVER)
    push(server, http).tell(ELENI, NEVER)
    assert len(server.users) == 1
    assert server.requests == ["GET", "POST", "GET"]


def test_pr_02_an_answer_that_is_lost_after_the_creation_leaves_one(server: ScimServer, http: HttpClient) -> None:
    def lose(method: str) -> None:
        if method == "POST":
            raise ConnectionResetError

    server.on_answer = lose
    with pytest.raises(HookFailed):
        push(server, http).tell(ELENI, NEVER)
    server.on_answer = lambda _: None
    assert len(server.users) == 1
    push(server, http).tell(ELENI, NEVER)
    assert len(server.users) == 1


def test_one_that_was_made_since_the_look_is_seen(
    server: ScimServer, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = push(server, client())
    real = HttpClient.send

    def send(self: HttpClient, method: str, *args: Any, **named: Any) -> Any:
        if method == "POST" and self is http:
            other.tell(ELENI, NEVER)
        return real(self, method, *args, **named)

    monkeypatch.setattr(HttpClient, "send", send)
    push(server, http).tell(ELENI, NEVER)
    assert server.requests == ["GET", "GET", "POST", "POST", "GET"]
    assert len(server.users) == 1


def test_somebody_elses_user_of_the_same_name_is_not_touched(server: ScimServer, http: HttpClient) -> None:
    stranger = Event("e", CREATED, "aegean-foods", "another", NOW, {"email": ELENI.fields["email"]})
    push(server, http).tell(stranger, NEVER)
    with pytest.raises(HookFailed) as caught:
        push(server, http).tell(ELENI, NEVER)
    assert (caught.value.reason, caught.value.is_final) == ("name_taken", True)
    assert [user["externalId"] for user in server.users] == ["another"]


def test_a_token_that_is_not_theirs_is_a_failure_of_the_hook(server: ScimServer, http: HttpClient) -> None:
    with pytest.raises(HookFailed) as caught:
        push(server, http, "wrong").tell(ELENI, NEVER)
    assert (caught.value.reason, caught.value.is_down) == ("status_401", True)


def test_scim_is_told_and_never_asked(server: ScimServer, http: HttpClient) -> None:
    with pytest.raises(HookFailed):
        push(server, http).ask(ELENI, NEVER)


LIST = b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": %s}'


@pytest.mark.parametrize(
    ("status", "kind", "body", "reason"),
    [
        (200, "application/scim+json", b"[]", "answer"),
        (200, "application/scim+json", b"{", "answer"),
        (200, "application/scim+json", LIST % b'"many"', "answer"),
        (200, "text/html", b"<p>welcome", "answer"),
        (302, "text/html", b"", "status_302"),
        (503, "text/html", b"<p>later", "status_503"),
        (204, "application/scim+json", b"", "answer"),
        (200, "application/scim+json", b" " * (300 * 1024), "too_big"),
        # A count that names nobody is nobody; then the creation is asked for, and its answer is nonsense.
        (200, "application/scim+json", LIST % b"1", "answer"),
    ],
)
def test_nonsense_is_a_failure(http: HttpClient, status: int, kind: str, body: bytes, reason: str) -> None:
    with LocalHttps(lambda _: Answer(status, body, {"Content-Type": kind, "Location": "https://x.example"})) as server:
        with pytest.raises(HookFailed) as caught:
            push(server, http).tell(ELENI, NEVER)
        assert caught.value.reason == reason
        assert {each.headers["authorization"] for each in server.received} == {f"Bearer {TOKEN}"}


def test_pr_03_all_calls_of_one_event_share_its_time(http: HttpClient) -> None:
    with LocalHttps() as server, pytest.raises(HookFailed) as caught:
        push(server, http).tell(ELENI, timedelta(0))
    assert (caught.value.reason, caught.value.is_down) == ("timeout", True)
    assert server.received == []
