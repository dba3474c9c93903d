"""DO-12, L6, L11: the claims parameter asks for what is nobody's business."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.attacks.answers import party_refused, reconfigure
from tests.support.world import World

# Members of the account, of the library's user records, and of other people's claims.
INTERNAL = (
    "id", "account_id", "role", "attributes", "attribute_sources", "active", "created_at", "subject", "oid", "tid",
    "authority", "identifier", "employee_id", "job_title", "department", "email_domain", "org_id", "is_admin", "_id",
    "__class__", "*", "", "password", "groups", "amr", "at_hash", "client_id", "scope", "phone_number", "address",
    "organization", "EMAIL",
)  # fmt: skip
MALFORMED = (
    "[]", "null", "1", '"email"', "{", "{'id_token':{}}", '{"id_token":[]}', '{"id_token":"email"}', '{"userinfo":1}',
    '{"id_token":{"email":1}}', '{"id_token":{"email":[]}}', '{"id_token":{"email":{"essential":"true"}}}',
    '{"id_token":{"acr":{"values":"urn:x"}}}', '{"id_token":{"acr":{"values":[]}}}',
    '{"id_token":{"acr":{"value":1}}}',
    '{"id_token":{"sub":{"value":""}}}', '{"id_token":{"sub":{"values":[{}]}}}',
    '{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}',
    '{"id_token":{"email":null},"id_token":{}}', '{"id_token":NaN}', '{"a":' + "[" * 100 + "]" * 100 + "}",
    '{"id_token":{"email":null}}x', "\ufeff{}", '{"x":"' + "y" * 9000 + '"}', '{"id_token":{"email":null}\x00}',
    '{"a":"\\ud800"}x',
)  # fmt: skip


def _claims(**members: Any) -> str:
    return json.dumps(members)


def test_do_12_l6_only_declared_claims_of_the_clients_own_scopes_are_released(world: World, tmp_path: Path) -> None:
    reconfigure(world, tmp_path / "world", "relying_parties/sample.yaml", {"scopes": ["openid", "profile", "email"]})
    wish = {name: {"essential": True} for name in INTERNAL}
    _, plain = world.signed_in(scope="openid")
    _, tokens = world.signed_in(scope="openid", claims=_claims(id_token=wish, userinfo=wish))
    assert tokens.claims.keys() == plain.claims.keys()
    assert set(world.userinfo(tokens.access_token).json()) == {"sub"}


def test_do_12_l11_a_declared_claim_is_released_where_it_was_asked_for_and_nowhere_else(world: World) -> None:
    claims = _claims(id_token={"email": None, "phone_number": {"essential": True}}, userinfo={"name": None})
    _, tokens = world.signed_in(scope="openid", claims=claims)
    assert tokens.claims["email"] == "eleni.markou@aegeanfoods.example"
    assert tokens.claims["phone_number"] == "+30 2810 555 0101"
    assert world.userinfo(tokens.access_token).json() == {"sub": tokens.claims["sub"], "name": "Eleni Markou"}


def test_do_12_a_wish_for_protocol_claims_changes_nothing_of_them(world: World) -> None:
    wish = {name: {"value": "forged"} for name in ("iss", "aud", "nonce", "sid", "exp", "iat", "at_hash")}
    _, tokens = world.signed_in(claims=_claims(id_token=wish))
    assert tokens.claims["iss"] == world.broker_url
    assert tokens.claims["aud"] == "sample"
    assert "forged" not in tokens.claims.values()


def test_do_12_a_malformed_parameter_is_refused(world: World) -> None:
    browser, _ = world.signed_in()
    for text in MALFORMED:
        url = world.authorize_url(claims=text, prompt="none")
        party_refused(world, partial(world.go, browser, url), "invalid_request", "claims_param", browser=browser)


def test_do_12_another_persons_subject_is_not_answered_from_this_session(world: World) -> None:
    browser, tokens = world.signed_in()
    _, somebody = world.signed_in("petra.lang@helios-shipping.example")
    for subject in (somebody.claims["sub"], tokens.claims["sub"].upper(), "nobody"):
        claims = _claims(id_token={"sub": {"value": subject}})
        url = world.authorize_url(claims=claims, prompt="none")
        answer = world.go(browser, url)
        assert "error=login_required" in answer.headers["Location"]
    url = world.authorize_url(claims=_claims(id_token={"sub": {"value": tokens.claims["sub"]}}), prompt="none")
    assert "code=" in world.go(browser, url).headers["Location"]
