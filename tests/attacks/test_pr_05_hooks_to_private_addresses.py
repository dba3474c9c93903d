"""PR-05: a hook leads to no address of ours: not by its URL, not by a redirect, not by a name that changes its mind."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from broker.clock import ManualClock
from broker.hooks.scim_push import ScimApplication
from broker.hooks.webhook import WebhookApplication
from broker.http_client import HttpClient
from broker.identity import Secret
from broker.provisioning.hooks import CREATED, Application, Event, HookFailed
from tests.support.hooks import NEVER, secrets
from tests.support.https import Answer, LocalHttps, certificate
from tests.support.people import NOW

EVENT = Event("evt_1", CREATED, "aegean-foods", "account-1", NOW, {})
Make = Callable[[HttpClient, str], Application]


def make_webhook(http: HttpClient, url: str) -> Application:
    return WebhookApplication(http, ManualClock(NOW), url, secrets())


def make_scim(http: HttpClient, url: str) -> Application:
    return ScimApplication(http, ManualClock(NOW), url, Secret("token"))


@pytest.fixture(params=[make_webhook, make_scim])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


@pytest.fixture
def strict() -> Iterator[HttpClient]:
    """The client of a broker whose operator allows no private network."""
    with closing(HttpClient(ca_bundle=str(certificate()[0]))) as made:
        yield made


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(HookFailed) as caught:
        call()
    return caught.value.reason


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[::ffff:10.0.0.1]",
        "0.0.0.0",  # noqa: S104 - an address to be refused, nothing binds it
    ],
)
def test_pr_05_a_private_address_is_refused_before_anything_is_sent(make: Make, strict: HttpClient, host: str) -> None:
    with LocalHttps() as server:
        application = make(strict, f"https://{host}:{server.port}/hooks")
        assert reason(lambda: application.tell(EVENT, NEVER)) == "address"
        assert server.received == []


def test_pr_05_a_name_is_judged_by_where_it_leads_now(
    make: Make, strict: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was public when the configuration was checked, and is ours when it is called."""
    with LocalHttps() as server:

        def resolve(*_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        application = make(strict, f"https://hooks.rebound.example:{server.port}/hooks")
        assert reason(lambda: application.tell(EVENT, NEVER)) == "address"
        assert server.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_pr_05_a_redirect_is_never_followed(make: Make, status: int) -> None:
    only_this = HttpClient(allowed_private_addresses=("127.0.0.1/32", "::1/128"), ca_bundle=str(certificate()[0]))
    with closing(only_this), LocalHttps() as inside, LocalHttps() as server:
        for target in (f"{inside.origin}/admin", "https://169.254.169.254/latest", "http://localhost/", "//10.0.0.1/"):
            server.respond_with(lambda _, to=target: Answer(status, b"", {"Location": to}))  # type: ignore[misc]  # mypy has no type for defaults
            application = make(only_this, f"{server.origin}/hooks")
            assert reason(lambda hook=application: hook.tell(EVENT, NEVER)) == f"status_{status}"  # type: ignore[misc]  # mypy has no type for defaults
        assert inside.received == []
        assert len(server.received) == 4
