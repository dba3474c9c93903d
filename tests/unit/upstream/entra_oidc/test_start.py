"""The request with which a person is sent to Entra."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.errors import Busy, LoginFailed
from broker.messages import Transaction
from tests.support.fake_entra import CLIENT_ID
from tests.support.https import Answer
from tests.support.people import TENANT_A, login_request
from tests.unit.upstream.case import Case, through_organizations, transaction


def asked(case: Case, of: Transaction) -> dict[str, str]:
    query = parse_qs(urlsplit(case.connector.start(of, "the-state")).query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def test_everything_that_must_come_back_or_be_proved_is_in_it(case: Case) -> None:
    assert asked(case, transaction()) == {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": case.connector.callback_uri("entra:aegean-foods"),
        "response_mode": "form_post",
        "scope": "openid profile email offline_access User.Read",
        "state": "the-state",
        "nonce": "the-nonce",
        # RFC 7636 appendix B.
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }


def test_the_redirect_uri_is_one_for_the_registration(case: Case) -> None:
    assert {case.connector.callback_uri(name) for name in ("entra", "entra:aegean-foods")} == {
        "https://broker.example/upstream/entra/callback"
    }


@pytest.mark.parametrize(("of", "authority"), [(transaction(), TENANT_A), (through_organizations(), "organizations")])
def test_a_known_tenant_is_asked_itself_and_an_unknown_one_through_the_shared_authority(
    case: Case, of: Transaction, authority: str
) -> None:
    url = case.connector.start(of, "state")
    assert url.startswith(f"{case.entra.server.origin}/{authority}/oauth2/v2.0/authorize?")


def test_the_answer_can_be_asked_for_in_the_address(case: Case) -> None:
    case.connect(response_mode="query")
    assert asked(case, transaction())["response_mode"] == "query"


@pytest.mark.parametrize(
    ("force", "choose", "expected"),
    [
        (False, False, {"login_hint": "eleni"}),
        (True, False, {"prompt": "login", "login_hint": "eleni"}),
        (False, True, {"prompt": "select_account"}),
        (True, True, {"prompt": "login"}),
    ],
)
def test_a_hint_is_never_sent_beside_the_account_picker(
    case: Case, force: bool, choose: bool, expected: dict[str, str]
) -> None:
    request = login_request(force=force, choose_account=choose)
    sent = asked(case, transaction(request=request, login_hint="eleni"))
    assert {name: sent[name] for name in ("prompt", "login_hint") if name in sent} == expected


def test_a_silent_request_is_not_passed_on_as_one(case: Case) -> None:
    assert "prompt" not in asked(case, transaction(request=login_request(silent=True)))


def test_an_authentication_context_is_demanded_of_the_id_token(case: Case) -> None:
    sent = asked(case, transaction(upstream_acr="urn:example:stronger"))
    assert json.loads(sent["claims"]) == {"id_token": {"acrs": {"essential": True, "value": "c2"}}}


def test_a_context_that_is_not_configured_any_more_is_not_asked_for(case: Case) -> None:
    with pytest.raises(LoginFailed) as caught:
        case.connector.start(transaction(upstream_acr="urn:example:gone"), "state")
    assert caught.value.reason == "assurance"


def test_metadata_is_fetched_once_for_each_authority(case: Case) -> None:
    for _ in range(3):
        case.connector.start(transaction(), "state")
        case.connector.start(through_organizations(), "state")
    assert len(case.entra.received("/openid-configuration")) == 2


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(200, b"<html>"), Answer(302, headers={"Location": "/"}), Answer(raw=lambda _: None)]
)
def test_when_entra_cannot_be_asked_nobody_is_sent_there(case: Case, answer: Answer) -> None:
    case.entra.answer("/openid-configuration", answer)
    with pytest.raises(Busy) as caught:
        case.connector.start(transaction(), "state")
    assert (caught.value.reason, caught.value.explanation) == ("metadata", "upstream_down")
    case.entra.overrides.clear()
    assert case.connector.start(transaction(), "state")


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "issuer"])
def test_metadata_that_points_elsewhere_is_refused(case: Case, name: str) -> None:
    case.entra.metadata = {name: f"https://attacker.example/{TENANT_A}/v2.0"}
    with pytest.raises(Busy) as caught:
        case.connector.start(transaction(), "state")
    assert caught.value.reason == "metadata"
