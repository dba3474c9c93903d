"""A hostile upstream, or a hostile browser between upstream and broker: what the attacks UO-* share."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from jwcrypto.jwk import JWK

from broker.clock import epoch_seconds
from broker.demo.control import Control
from broker.demo.entra.browser import AuthorizationAnswer
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET
from tests.attacks.refusals import refused
from tests.support.jose import public, rsa_key, token
from tests.support.world import ELENI, World, answered

TENANT_A: Final = "5b5e363c-6ca9-4f41-8070-9565fe497145"
TENANT_B: Final = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
EVIL_TENANT: Final = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
ELENI_OID: Final = "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8"
MALLORY: Final = "mallory@evil-olives.example"
TOMAS: Final = "tomas.weiss@helios-shipping.example"

CALLBACK: Final = "/upstream/entra/callback"
# What stands for a code where the simulator's token endpoint does not look at it.
ANY_CODE: Final = "1.AUEBany-code-at-all-0123456789"


@dataclass(slots=True)
class Attempt:
    """One sign-in under way: the browser stands at the upstream, and whoever answers knows what is in the address."""

    world: World
    browser: requests.Session
    url: str
    query: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.query = dict(parse_qsl(urlsplit(self.url).query))

    @classmethod
    def begin(
        cls, world: World, email: str | None = ELENI, /, browser: requests.Session | None = None, **request: str | None
    ) -> Attempt:
        """With an address, at the tenant of its organisation; with None, at the shared authority."""
        browser = browser or world.browser()
        if email is not None:  # A hint spares the sign-in page.
            request.setdefault("login_hint", email)
        return cls(world, browser, world.to_upstream(browser, email, **request))

    @property
    def state(self) -> str:
        return self.query["state"]

    @property
    def nonce(self) -> str:
        return self.query["nonce"]

    @property
    def control(self) -> Control:
        """The simulator's control API, over the browser's connections."""
        return Control(self.browser, self.world.simulator_url)

    @property
    def secrets(self) -> set[str]:
        return {self.state, self.nonce, ANY_CODE}

    def at_upstream(self, person: str = ELENI, **changes: str) -> AuthorizationAnswer:
        """The person signs in, at the address as it is or with other parameters."""
        base = self.url.partition("?")[0]
        url = f"{base}?{urlencode({**self.query, **changes})}" if changes else self.url
        return self.world.at_upstream(self.browser, url, person)

    def deliver(self, browser: requests.Session | None = None, /, **fields: str) -> requests.Response:
        """Posts an answer to the callback; state and a code unless others are given, and empty ones are left out."""
        form = {"state": self.state, "code": ANY_CODE, **fields}
        return (browser or self.browser).post(
            self.world.broker_url + CALLBACK,
            data={name: value for name, value in form.items() if value},
            allow_redirects=False,
            timeout=30,
        )

    def deliver_token(self, id_token: Any, **fields: str) -> requests.Response:
        """The token endpoint answers with this ID token, whatever it is."""
        body = {"token_type": "Bearer", "expires_in": 3599, "access_token": "opaque-access-token", "id_token": id_token}
        order = {"endpoint": "token", "body": json.dumps(body), "content_type": "application/json"}
        self.control.post("faults", order)
        return self.deliver(**fields)


class OwnKeys:
    """A key set that the test holds the private keys of, published where the broker looks for Entra's."""

    def __init__(self, world: World, *entries: Mapping[str, Any], key: JWK | None = None) -> None:
        self.world = world
        self.key = key or rsa_key("attack-1")
        self.publish(*(entries or [self.entry()]))

    def entry(self, **members: Any) -> dict[str, Any]:
        """The key as Entra publishes one."""
        return public(self.key, **{"issuer": f"{self.world.simulator_url}/{{tenantid}}/v2.0", **members})

    def publish(self, *entries: Mapping[str, Any]) -> None:
        """The next key document."""
        body = json.dumps({"keys": entries})
        self.world.control.post("faults", {"endpoint": "keys", "body": body, "content_type": "application/json"})

    def claims(self, attempt: Attempt, **changes: Any) -> dict[str, Any]:
        """Right claims of Eleni for this attempt; what is changed to None is left out."""
        now = epoch_seconds(self.world.clock.now())
        right: dict[str, Any] = {
            "aud": CLIENT_ID,
            "iss": f"{self.world.simulator_url}/{TENANT_A}/v2.0",
            "iat": now - 300,
            "nbf": now - 300,
            "exp": now + 3600,
            "name": "Eleni Markou",
            "nonce": attempt.nonce,
            "oid": ELENI_OID,
            "preferred_username": ELENI,
            "sub": "the-subject-of-eleni",
            "tid": TENANT_A,
            "ver": "2.0",
        }
        return {name: value for name, value in {**right, **changes}.items() if value is not None}

    def sign(self, attempt: Attempt, header: Mapping[str, Any] | None = None, /, **changes: Any) -> str:
        """A token with a right signature."""
        return token(self.key, self.claims(attempt, **changes), **(header or {}))


def genuine_token(world: World, attempt: Attempt, person: str, tenant: str) -> str:
    """An ID token that the simulator really issued to a person, at any tenant, with the nonce of this attempt.

    Whoever has a tenant gets one: by a sign-in of their own at the same app registration, with a nonce of their choice.
    """
    verifier = "p" * 50
    parameters = {
        **attempt.query,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "login_hint": person,
    }
    browser = world.browser()
    url = f"{world.simulator_url}/{tenant}/oauth2/v2.0/authorize?{urlencode(parameters)}"
    code = world.at_upstream(browser, url, person).fields["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "code": code,
        "redirect_uri": attempt.query["redirect_uri"],
        "code_verifier": verifier,
    }
    answer = browser.post(f"{world.simulator_url}/{tenant}/oauth2/v2.0/token", data=form, timeout=30)
    return str(answer.json()["id_token"])


def refuse_token(
    attempt: Attempt,
    id_token: Any,
    reason: str,
    *,
    status: int = 400,
    page: str = "login_failed",
    event: str = "upstream_oidc_rejected",
) -> None:
    """The token endpoint gives a token of the test's making, which has to be refused."""
    refused(
        attempt.world,
        lambda: attempt.deliver_token(id_token),
        browser=attempt.browser,
        status=status,
        page=page,
        reason=reason,
        event=event,
        secrets=attempt.secrets | ({id_token} if isinstance(id_token, str) else set()),
    )


def refuse_mutation(
    world: World,
    reason: str,
    *,
    person: str = ELENI,
    email: str | None = ELENI,
    status: int = 400,
    page: str = "login_failed",
    event: str = "upstream_oidc_rejected",
    browser: requests.Session | None = None,
    **mutation: Any,
) -> None:
    """One real sign-in in which the simulator's ID token is wrong as ordered, and has to be refused."""
    attempt = Attempt.begin(world, email, browser)
    answer = attempt.at_upstream(person)
    attempt.control.post("token-mutations", mutation)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=status,
        page=page,
        reason=reason,
        event=event,
        secrets=attempt.secrets | {answer.fields["code"]},
    )


def let_in(response: requests.Response) -> str:
    """The code that a finished sign-in gives to the application."""
    return answered(response)["code"]


def path_of(tenant: str, url: str) -> str:
    """An authorization address at another tenant, the rest as it is."""
    parts = urlsplit(url)
    rest = parts.path.strip("/").partition("/")[2]
    return parts._replace(path=f"/{tenant}/{rest}").geturl()
