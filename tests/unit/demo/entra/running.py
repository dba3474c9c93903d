"""A simulator on a socket of its own, and the few things every test does with it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import requests
from jwcrypto import jwk, jws
from jwcrypto.jws import InvalidJWSSignature
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.clock import ManualClock
from broker.demo.entra.app import create_simulator
from broker.demo.entra.browser import AuthorizationAnswer, sign_in
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET, seeded_directory

TENANT_A = "5b5e363c-6ca9-4f41-8070-9565fe497145"
TENANT_B = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
CALLBACK = "https://broker.example/upstream/entra/callback"
ELENI = "eleni.markou@aegeanfoods.example"
TOMAS = "tomas.weiss@helios-shipping.example"
SCOPE = "openid profile email offline_access User.Read"
VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-4.1"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
# The moment "T" of the reference's samples.
START = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


@dataclass(slots=True)
class RunningSimulator:
    base: str
    directory: SimulatedDirectory
    clock: ManualClock

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Calls the control API, which must agree."""
        answer = requests.request(method, f"{self.base}/_simulator/{path}".rstrip("/"), json=body or None, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def authorize_url(self, tenant: str = TENANT_A, **changed: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": "the-state",
            "nonce": "the-nonce",
            "response_mode": "form_post",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        asked |= changed
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return f"{self.base}/{tenant}/oauth2/v2.0/authorize?{query}"

    def sign_in(
        self, username: str = ELENI, tenant: str = TENANT_A, *, session: requests.Session | None = None, **asked: Any
    ) -> AuthorizationAnswer:
        return sign_in(session or requests.Session(), self.authorize_url(tenant, **asked), username)

    def token(self, tenant: str = TENANT_A, **form: str | None) -> requests.Response:
        sent = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
        return requests.post(
            f"{self.base}/{tenant}/oauth2/v2.0/token",
            data={name: value for name, value in sent.items() if value is not None},
            timeout=10,
        )

    def redeem(self, code: str, tenant: str = TENANT_A, **form: str | None) -> requests.Response:
        said = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **form}
        return self.token(tenant, code=code, **said)

    def tokens(self, username: str = ELENI, tenant: str = TENANT_A, **asked: Any) -> dict[str, Any]:
        """A whole sign-in: the body of the token endpoint."""
        answer = self.redeem(self.sign_in(username, tenant, **asked).fields["code"], tenant)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def claims(self, username: str = ELENI, tenant: str = TENANT_A, **asked: Any) -> dict[str, Any]:
        """The claims of the ID token of a whole sign-in, verified by jwcrypto with the published keys."""
        return self.verified(self.tokens(username, tenant, **asked)["id_token"])

    def verified(self, token: str) -> dict[str, Any]:
        keys = jwk.JWKSet.from_json(requests.get(f"{self.base}/common/discovery/v2.0/keys", timeout=10).text)
        key = keys.get_key(header(token)["kid"])
        if key is None:
            raise InvalidJWSSignature("the key is not published")
        read = jws.JWS()
        read.allowed_algs = ["RS256"]
        read.deserialize(token, key)
        claims: dict[str, Any] = json.loads(read.payload)
        return claims

    def graph(self, path: str, access_token: str, method: str = "GET", **sent: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}", **sent.pop("headers", {})}
        return requests.request(method, f"{self.base}{path}", headers=headers, timeout=10, **sent)


def payload(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    part = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


def header(token: str) -> dict[str, Any]:
    part = token.split(".")[0]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


@contextmanager
def running_simulator() -> Iterator[RunningSimulator]:
    """Serves on a free port until left."""
    clock = ManualClock(START)
    directory = seeded_directory(redirect_uris=[CALLBACK])

    def later(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, later, threaded=True, request_handler=_Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    app = create_simulator(directory, clock=clock, base_url=base)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield RunningSimulator(base, directory, clock)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
