"""A small OpenID Provider over a real socket, whose answers a test can bend; and the application that trusts it."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, Response, jsonify, make_response, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from werkzeug.serving import make_server

from broker.demo.application.app import create_application
from broker.demo.application.settings import ApplicationSettings

CLIENT_ID, CLIENT_SECRET = "pobuca-contacts", "a secret: with/colons%"


@dataclass
class Provider:
    """What it knows of the one sign-in that a test makes, and how it bends the answers."""

    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    sent: dict[str, str] = field(default_factory=dict)
    """The parameters of the authorization request."""
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": "account-1", "name": "Eleni Markou"})
    token_status: int = 200
    requests: list[str] = field(default_factory=list)

    def id_token(self) -> str:
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "sub": "account-1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": self.sent.get("nonce"),
        }
        return jwt.encode({"alg": "ES256", "kid": "one"}, {**usual, **self.claims}, self.key)


def _serve(provider: Provider) -> Flask:
    app = Flask("provider")

    @app.before_request
    def remember() -> None:
        provider.requests.append(f"{request.method} {request.path}")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        base = provider.issuer
        return jsonify(
            issuer=base,
            authorization_endpoint=f"{base}/authorize",
            token_endpoint=f"{base}/token",
            userinfo_endpoint=f"{base}/userinfo",
            jwks_uri=f"{base}/jwks",
            id_token_signing_alg_values_supported=["ES256"],
            authorization_response_iss_parameter_supported=True,
        )

    @app.get("/jwks")
    def keys() -> Response:
        return jsonify(KeySet([provider.key]).as_dict(private=False))

    @app.post("/token")
    def token() -> Response:
        if provider.token_status != 200:
            return make_response(jsonify(error="invalid_grant"), provider.token_status)
        credentials = request.authorization
        verifier = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        proved = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() == provider.sent["code_challenge"]
        if not proved or credentials is None or not credentials.password or credentials.username != CLIENT_ID:
            return make_response(jsonify(error="invalid_client"), 401)
        return jsonify(
            access_token="opaque", token_type="Bearer", expires_in=300, scope="openid", id_token=provider.id_token()
        )

    @app.get("/userinfo")
    def userinfo() -> Response:
        return jsonify(provider.userinfo)

    return app


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, _serve(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(provider: Provider) -> ApplicationSettings:
    return ApplicationSettings(
        public_url="https://localhost",
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        session_key=b"k" * 32,
    )


@pytest.fixture
def browser(settings: ApplicationSettings) -> FlaskClient:
    """A browser at the application."""
    app = create_application(settings)
    app.config["PREFERRED_URL_SCHEME"] = "https"
    return app.test_client()


@pytest.fixture
def depart(browser: FlaskClient, provider: Provider) -> Callable[..., dict[str, str]]:
    """Presses the button: the parameters with which the browser arrives at the provider."""

    def press(address: str = "/sign-in") -> dict[str, str]:
        answer = browser.get(address, base_url="https://localhost")
        assert answer.status_code == 302
        parts = urlsplit(answer.headers["Location"])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.issuer}/authorize"
        provider.sent = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return provider.sent

    return press
