"""What an application gets by its own rules: where, for whom, asked how, and what a failing rule does (threats CR-04,
CR-06, CR-09).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker import tracing
from broker.admission import Evidence
from broker.claims.rules import ReleaseRule
from broker.downstream.oidc.claims import PROTOCOL_CLAIMS
from broker.store.state import StateUnavailable
from tests.support.people import account
from tests.support.rules import STAFF, facts, releases
from tests.unit.downstream.oidc.stand import Stand, basic, claims_parameter

ROLES = 'lookup_all("app-roles", identity.groups)'
LONG = "x" * 120


def rules_of(stand: Stand, client_id: str, *rules: ReleaseRule) -> None:
    """The application's file has these rules from now on."""
    party = stand.parties.get(client_id)
    assert party is not None
    stand.parties._parties[client_id] = replace(party, release=rules)


def directory_said(stand: Stand, **changes: Any) -> None:
    """What was said of Eleni at her last sign-in."""
    admission = stand.gate.admit(Evidence.fresh(stand.signs_in, account(), None))
    stand.remembered.remember(admission, account(), facts(**changes))


def test_each_place_gets_what_the_rules_say_of_it(stand: Stand) -> None:
    rules_of(
        stand,
        "keeper",
        releases("roles", ROLES, to=("id_token", "userinfo")),
        releases("team", "account.job_title", to=("access_token",)),
        releases("name", when='account.role == "viewer"', to=("userinfo",)),
        releases("sub", '"somebody else"'),
        releases("exp", "0"),
    )
    directory_said(stand, groups=(STAFF,))
    kept = stand.offline(scope="openid profile offline_access", claims=claims_parameter(id_token={"name": None}))
    claims = stand.claims(kept["id_token"])
    assert claims["roles"] == ["reader", "writer"]
    assert not {"team", "name"} & claims.keys()
    assert claims["sub"] == account().id
    info = stand.userinfo(kept["access_token"]).get_json()
    assert (info["roles"], info["given_name"], info["sub"]) == (["reader", "writer"], "Eleni", account().id)
    assert not {"team", "name", "exp"} & info.keys()
    told = stand.introspected(kept["access_token"])
    assert (told["team"], told["sub"], told["active"]) == ("Buyer", account().id, True)
    assert told["exp"] > 0
    assert "roles" not in told
    assert stand.introspected(kept["refresh_token"]).keys() == told.keys() - {"team", "token_type"}


def test_a_claim_is_given_with_its_scope_or_when_it_is_asked_for_by_name(stand: Stand) -> None:
    rules_of(stand, "sample", releases("team", "account.job_title", to=("userinfo",), scope="organization"))
    asked = claims_parameter(userinfo={"team": None}, id_token={"team": None})
    for parameters, given in (
        ({"scope": "openid profile"}, None),
        ({"scope": "openid organization"}, "Buyer"),
        ({"scope": "openid", "claims": asked}, "Buyer"),
    ):
        tokens = stand.tokens(**parameters)
        assert stand.userinfo(tokens["access_token"]).get_json().get("team") == given
        assert "team" not in stand.claims(tokens["id_token"]), "asked for there, where the rule does not give it"


def test_a_claim_of_a_scope_that_the_client_may_not_have_is_not_given_by_name_either(stand: Stand) -> None:
    rules_of(stand, "narrow", releases("team", "account.job_title", to=("userinfo",), scope="organization"))
    code = stand.code(client_id="narrow", scope="openid", claims=claims_parameter(userinfo={"team": None}))
    tokens = stand.token(code, headers=basic("narrow")).get_json()
    assert stand.userinfo(tokens["access_token"]).get_json() == {"sub": account().id}


def test_what_cannot_be_decided_refuses_and_spends_no_refresh_token(stand: Stand) -> None:
    """Nobody knows the groups of somebody who was not at the directory; the next sign-in there tells."""
    kept = stand.offline()
    rules_of(stand, "keeper", releases("roles", ROLES))
    for _ in range(2):
        answer = stand.refresh(kept["refresh_token"])
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    info = stand.userinfo(kept["access_token"])
    assert (info.status_code, info.get_json()["error"]) == (401, "invalid_token")
    assert stand.introspected(kept["access_token"]) == {"active": False}
    refused = stand.token(stand.code(client_id="keeper"), headers=basic("keeper"))
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")

    directory_said(stand, groups=(STAFF,))
    assert stand.userinfo(kept["access_token"]).get_json()["roles"] == ["reader", "writer"]
    assert stand.claims(stand.refresh(kept["refresh_token"]).get_json()["id_token"])["roles"] == ["reader", "writer"]


def test_an_optional_claim_is_left_out_when_it_cannot_be_decided(stand: Stand) -> None:
    rules_of(stand, "sample", releases("roles", ROLES, optional=True))
    tokens = stand.tokens()
    assert "roles" not in stand.claims(tokens["id_token"])
    assert "roles" not in stand.userinfo(tokens["access_token"]).get_json()


def test_an_id_token_stays_small_and_userinfo_takes_more(stand: Stand) -> None:
    rules_of(stand, "sample", *(releases(f"claim{number}", f'"{LONG}"') for number in range(40)))
    code = stand.code()
    answer = stand.token(code)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    rules_of(stand, "sample", *(releases(f"claim{number}", f'"{LONG}"', to=("userinfo",)) for number in range(40)))
    tokens = stand.tokens()
    assert len(stand.userinfo(tokens["access_token"]).get_json()) > 40
    # What the application itself makes it too long with is not given back either.
    answer = stand.token(stand.code(nonce="\U0001f600" * 700))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


def test_a_memory_that_does_not_answer_takes_nothing_away(stand: Stand) -> None:
    class Down:
        def get(self, *_: str) -> bytes:
            raise StateUnavailable("down")

    rules_of(stand, "keeper", releases("roles", ROLES))
    directory_said(stand, groups=(STAFF,))
    kept = stand.offline()
    stand.remembered._store = Down()  # type: ignore[assignment]  # one of its methods is asked
    for answer in (
        stand.userinfo(kept["access_token"]),
        stand.post("/introspect", "keeper", token=kept["access_token"]),
        stand.refresh(kept["refresh_token"]),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (503, "temporarily_unavailable")
        assert "Retry-After" in answer.headers
    stand.remembered._store = stand.store
    assert stand.refresh(kept["refresh_token"]).status_code == 200


def test_no_claim_of_the_protocol_is_ever_a_rules(stand: Stand) -> None:
    rules_of(stand, "sample", *(releases(name, '"forged"') for name in sorted(PROTOCOL_CLAIMS)))
    tokens = stand.tokens()
    assert "forged" not in stand.claims(tokens["id_token"]).values()
    assert "forged" not in stand.userinfo(tokens["access_token"]).get_json().values()


def test_each_claim_is_noted_for_its_application_with_the_rule_that_made_it(stand: Stand) -> None:
    rules_of(stand, "sample", releases("team", "account.job_title", to=("userinfo",)), releases("email", when="false"))
    token = stand.tokens(scope="openid email")["access_token"]
    record = tracing.begin()
    stand.userinfo(token)
    tracing.end()
    noted = [(step.kind, step.name, step.outcome, step.value) for step in record.steps if step.group == "sample"]
    assert noted == [
        ("hop", "userinfo_asked", "done", None),
        ("claim", "email_verified", "released", True),
        ("claim", "team", "released", "Buyer"),
        ("claim", "email", "withheld", None),
    ]
    made = next(step for step in record.steps if step.name == "team")
    assert str(made.location) == "relying_parties/sample.yaml:12:5"
    assert made.inputs == {"account.job_title": "Buyer"}
