"""FE-02: grants by which somebody of a federated organisation would come in without the directory."""

from __future__ import annotations

from functools import partial

from tests.attacks.answers import token_refused
from tests.support.offline import offline, post
from tests.support.world import ELENI, World

# RFC 6749 4.3, RFC 7523 2.1, RFC 7522 2.1, RFC 8693 2.1, RFC 8628 3.4, CIBA Core 10.1.
GRANT_TYPES = (
    "password",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
)


def test_fe_02_nobody_is_signed_in_by_a_grant_that_the_directory_does_not_see(keeping: World) -> None:
    tokens = offline(keeping)
    fields = {
        "username": ELENI,
        "password": "Simulated-1",
        "assertion": tokens["id_token"],
        "subject_token": tokens["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "login_hint": ELENI,
        "scope": "openid",
    }
    for client_id in ("keeper", "caller", "server"):
        for grant_type in GRANT_TYPES:
            attack = partial(post, keeping, "/token", client_id, grant_type=grant_type, **fields)
            token_refused(keeping, attack, "unsupported_grant_type", "grant", secrets=["Simulated-1"])


def test_fe_02_an_application_cannot_name_a_person_in_its_own_name(keeping: World) -> None:
    named = {"username": ELENI, "sub": ELENI, "login_hint": ELENI, "requested_subject": ELENI}
    answer = post(keeping, "/token", "caller", grant_type="client_credentials", **named)
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    attack = partial(keeping.userinfo, answer.json()["access_token"])
    token_refused(keeping, attack, "invalid_token", "access_token", status=401, secrets=[answer.json()["access_token"]])
    attack = partial(post, keeping, "/token", "caller", grant_type="client_credentials", scope="openid")
    token_refused(keeping, attack, "invalid_scope", "scope")


def test_fe_02_a_client_made_assertion_proves_nothing(keeping: World) -> None:
    assertion = {
        "client_assertion": offline(keeping)["id_token"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    attack = partial(post, keeping, "/token", "caller", grant_type="client_credentials", **assertion)
    token_refused(keeping, attack, "invalid_client", "client_auth", status=401)
