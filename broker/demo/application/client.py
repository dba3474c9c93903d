"""The relying party's side of OpenID Connect, by Authlib from discovery alone.

Authlib makes state, nonce and the PKCE verifier (S256), redeems the code with HTTP Basic, and verifies the ID token
(OpenID Connect Core 3.1.3.7). Beside it we check the issuer of the answer (RFC 9207 section 2.4), which it leaves to
the application, and that userinfo speaks of the same subject (OpenID Connect Core 5.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, Response, g, request
from joserfc.errors import JoseError

from broker.demo.application.errors import SignInFailed
from broker.demo.application.settings import ApplicationSettings
from broker.demo.application.signed_in import Call, SignedIn

# The broker itself waits up to five seconds for the directory, so an application waits longer for the broker.
_TIMEOUT_SECONDS = 20


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # With it, an environment variable such as REQUESTS_CA_BUNDLE would win over the authorities given here.
        self.trust_env = False


class _Client(FlaskOAuth2App):  # type: ignore[misc]  # Authlib has no types
    client_cls = _Session


class PobucaClient:
    """Sends a browser to sign in, and reads what it comes back with."""

    def __init__(self, app: Flask, settings: ApplicationSettings) -> None:
        self._settings = settings
        self._client = OAuth(app).register(
            "pobuca",
            client_cls=_Client,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
                "verify": str(settings.ca_file) if settings.ca_file else True,
                "default_timeout": _TIMEOUT_SECONDS,
                "timeout": _TIMEOUT_SECONDS,
                "hooks": {"response": _remember_call},
            },
        )

    def send_to_sign_in(self, parameters: Mapping[str, str]) -> Response:
        """A redirect to the authorization endpoint, with ``parameters`` beside the usual ones."""
        try:
            self._require_issuer(self._client.load_server_metadata().get("issuer"))
            answer: Response = self._client.authorize_redirect(self._settings.redirect_uri, **parameters)
        except (requests.RequestException, ValueError) as error:
            raise SignInFailed("provider_unavailable") from error
        return answer

    def finish(self) -> SignedIn:
        """The person of the answer in the request at hand; raises ``SignInFailed``."""
        try:
            metadata = self._client.load_server_metadata()
            if metadata.get("authorization_response_iss_parameter_supported") or "iss" in request.args:
                self._require_issuer(request.args.get("iss"))
            token = self._client.authorize_access_token()
            claims = dict(token["userinfo"])  # Authlib's name for the verified ID token's claims.
            userinfo = dict(self._client.userinfo(token=token))
        except MismatchingStateError as error:
            raise SignInFailed("state_unknown") from error
        except OAuthError as error:
            raise SignInFailed(str(error.error or "invalid_answer"), error.description or "") from error
        except JoseError as error:
            raise SignInFailed("id_token_rejected", str(error)) from error
        except (requests.RequestException, ValueError, KeyError) as error:
            raise SignInFailed("provider_unavailable") from error
        if userinfo.get("sub") != claims["sub"]:
            raise SignInFailed("userinfo_of_another")
        return SignedIn(claims, userinfo, str(token.get("scope", "")), tuple(g.get("calls", ())))

    def _require_issuer(self, issuer: str | None) -> None:
        if issuer != self._settings.issuer:
            raise SignInFailed("issuer_mismatch")


def _remember_call(answer: requests.Response, *_: Any, **__: Any) -> None:
    url = (answer.request.url or "").partition("?")[0]
    g.setdefault("calls", []).append(Call(answer.request.method or "", url, answer.status_code))
