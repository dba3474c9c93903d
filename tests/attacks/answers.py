"""What a refusal of the OpenID Provider and of our own pages looks like, beside what every refusal has in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
from flask import Flask
from werkzeug.test import TestResponse

from broker.app import create_app
from broker.demo.entra.seed import CLIENT_SECRET
from broker.federation.load import load
from tests.attacks.refusals import refused
from tests.support.world import ENVIRON, REDIRECT, VERIFIER, World, answered

Attack = Callable[[], requests.Response]

STATE: Final = "state-that-nobody-else-has"
NONCE: Final = "nonce-that-nobody-else-has"

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
# Never in a log, whatever the test (threats G9). "eyJ" is how every JWT begins.
ALWAYS_SECRET: Final = (*ENVIRON.values(), CLIENT_SECRET, VERIFIER, STATE, NONCE, "eyJ0", "eyJh")


def page_refused(
    world: World,
    attack: Attack,
    reason: str,
    *,
    page: str = "bad_request",
    status: int = 400,
    event: str = "oauth_rejected",
    browser: requests.Session | None = None,
    secrets: Iterable[str] = (),
) -> requests.Response:
    """A page of ours with a reference that the log has too, and no way out of here."""
    answer = refused(
        world,
        attack,
        status=status,
        reason=reason,
        page=page,
        event=event,
        browser=browser,
        secrets=(*secrets, *ALWAYS_SECRET),
    )
    require_headers(answer)
    assert "Location" not in answer.headers
    reference = re.search(r'id="reference">([0-9A-Z]{4}-[0-9A-Z]{4})<', answer.text)
    assert reference, answer.text
    said = world.events(event)[-1]
    assert reference[1] == said.get("sign_in", said["ref"])
    return answer


def party_refused(
    world: World,
    attack: Attack,
    error: str,
    reason: str,
    *,
    redirect_uri: str = REDIRECT,
    event: str = "oauth_rejected",
    browser: requests.Session | None = None,
    secrets: Iterable[str] = (),
) -> requests.Response:
    """The error at the application's own address, with our issuer and without a code (RFC 9207)."""
    answer = refused(
        world,
        attack,
        status=303,
        reason=reason,
        error=error,
        event=event,
        browser=browser,
        secrets=(*secrets, *ALWAYS_SECRET),
    )
    require_headers(answer)
    assert answer.headers["Location"].startswith(redirect_uri + "?")
    fields = answered(answer)
    assert fields["iss"] == world.broker_url
    assert "code" not in fields
    return answer


def token_refused(
    world: World,
    attack: Attack,
    error: str,
    reason: str,
    *,
    status: int = 400,
    event: str = "oauth_rejected",
    secrets: Iterable[str] = (),
) -> requests.Response:
    """An error of the token or the UserInfo endpoint: JSON that nobody keeps (RFC 6749 section 5.2)."""
    answer = refused(
        world, attack, status=status, reason=reason, error=error, event=event, secrets=(*secrets, *ALWAYS_SECRET)
    )
    require_token_error(answer, error)
    return answer


def require_token_error(answer: requests.Response, error: str) -> None:
    """The form of such an answer."""
    assert answer.json()["error"] == error
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.status_code != 401 or "WWW-Authenticate" in answer.headers
    require_headers(answer)


def require_headers(answer: Any) -> None:
    """The headers of every answer (threats WE-01), of ``requests`` or of the test client."""
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get(name) == value, (name, answer.status_code)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def next_code(world: World, browser: requests.Session, **request: str | None) -> str:
    """The code of another request that this browser's session answers."""
    return answered(world.go(browser, world.authorize_url(prompt="none", **request)))["code"]


def application_of(world: World) -> Flask:
    """The broker as it is served now, for many requests at little cost."""
    application = world.foundation.broker._server.app
    assert isinstance(application, Flask)
    return application


def in_process(world: World) -> Callable[..., TestResponse]:
    """Asks the broker without sockets and without cookies, as ``FlaskClient.open`` does: for many requests."""
    client = application_of(world).test_client(use_cookies=False)
    return partial(client.open, base_url=world.broker_url, buffered=True)


def reconfigure(world: World, folder: Path, file: str, changes: Mapping[str, Any]) -> None:
    """The same broker, restarted over the same stores with members of one file changed. ``folder``: the world's."""
    path = folder / "config" / file
    kept, member = [], ""
    for line in path.read_text().splitlines():
        member = line.partition(":")[0] if line[:1].strip() else member  # What is indented belongs to it.
        kept += [line] if member not in changes else []
    added = [f"{name}: {json.dumps(value)}" for name, value in changes.items()]
    path.write_text("\n".join([*kept, *added]) + "\n")
    configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
    world.foundation.broker.serve(create_app(configuration, world.around))


