"""Applications that keep refresh tokens, call the API, ask about tokens, and hear of logouts; for tests of a world."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from broker.downstream.oidc.back_channel import BackChannel
from tests.support.https import certificate
from tests.support.serving import KeepingHandler
from tests.support.world import ELENI, PARTIES, REDIRECT, SECRET, World

_KEEPER: Final[Mapping[str, Any]] = {
    "client_id": "keeper",
    "display_name": "Keeper",
    "redirect_uris": [REDIRECT],
    "client_secret": "env:SAMPLE_SECRET",
    "scopes": ["openid", "profile", "email", "offline_access"],
}
_CALLER: Final = {**_KEEPER, "client_id": "caller", "redirect_uris": [], "scopes": ["openid"]}

KEEPING: Final[Sequence[Mapping[str, Any]]] = (
    *PARTIES,
    _KEEPER,
    {**_KEEPER, "client_id": "keeper-too"},
    {**_CALLER, "api_scopes": ["co_workers.read", "federation.read"]},
    {**_CALLER, "client_id": "server", "introspect": True},
    {**_CALLER, "client_id": "server-of-helios", "introspect": True, "organizations": ["helios-shipping"]},
)


def hearing(uri: str, **changes: Any) -> Mapping[str, Any]:
    """An application that hears of logouts there."""
    return {**_KEEPER, "client_id": "hearing", "backchannel_logout_uri": uri, **changes}


def post(world: World, path: str, client_id: str, **fields: str) -> requests.Response:
    """A form of a confidential application with its credentials."""
    return world.browser().post(f"{world.broker_url}{path}", data=fields, auth=(client_id, SECRET), timeout=30)


def offline(
    world: World, browser: requests.Session | None = None, client_id: str = "keeper", person: str = ELENI
) -> dict[str, Any]:
    """What an application gets after a sign-in with ``offline_access``."""
    scope = "openid email offline_access"
    code = world.code(browser or world.browser(), person, person, client_id=client_id, scope=scope)
    answer = world.redeem(code, client_id)
    if answer.status_code != 200 or "refresh_token" not in answer.json():
        raise AssertionError(f"no refresh token: {answer.status_code} {answer.text}")
    return dict(answer.json())


def refresh(world: World, token: str, client_id: str = "keeper", **fields: str) -> requests.Response:
    """A refresh request."""
    return post(world, "/token", client_id, grant_type="refresh_token", refresh_token=token, **fields)


def introspected(world: World, token: str, client_id: str = "keeper") -> dict[str, Any]:
    """The answer of the introspection endpoint."""
    answer = post(world, "/introspect", client_id, token=token)
    if answer.status_code != 200:
        raise AssertionError(f"no answer: {answer.status_code} {answer.text}")
    return dict(answer.json())


@dataclass(slots=True)
class Receiver:
    """An application's back channel on a socket with TLS: ``heard`` are the forms that came, ``status`` the answer."""

    url: str = ""
    heard: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        request = Request(environ)
        self.heard.append(request.form.to_dict() | {"": json.dumps([request.method, request.mimetype])})
        return Response("", self.status, self.headers)(environ, start_response)

    def tokens(self, world: World) -> list[Mapping[str, Any]]:
        """The claims of the logout tokens that came, verified, once everything has been sent."""
        channel: BackChannel = world.foundation.broker.application.extensions[BackChannel.NAME]
        channel.finish()
        return [world.verified(form["logout_token"]) for form in self.heard]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One on a free port, which the broker's authorities vouch for."""
    made = Receiver()
    files = certificate()
    tls = (str(files[0]), str(files[1]))
    server = make_server("127.0.0.1", 0, made, threaded=True, request_handler=KeepingHandler, ssl_context=tls)
    made.url = f"https://localhost:{server.server_port}/backchannel-logout"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
