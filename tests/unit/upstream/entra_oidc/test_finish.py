"""What comes back is believed only after every check, and who it is follows from the token and the organisation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from broker.errors import BrokerError, Busy
from broker.identity import CONSUMER_TENANT, Subject
from broker.messages import Transaction
from broker.upstream.entra.assurance import DIRECTORY_ACR
from tests.support.fake_entra import CLIENT_ID, as_json
from tests.support.https import Answer
from tests.support.jose import public, rsa_key
from tests.support.people import (
    AEGEAN,
    ELENI,
    HELIOS,
    LOCAL,
    NOW,
    TENANT_A,
    TENANT_B,
    FixedOrganizations,
    login_request,
)
from tests.unit.upstream.case import VERIFIER, Case, through_organizations, transaction

ATTACKER_TENANT = "11111111-2222-4333-8444-555555555555"


def refused(case: Case, of: Transaction | None = None, **answer: Any) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        case.finish(of, **answer)
    return caught.value


def words(error: BrokerError) -> tuple[str, str, str]:
    return error.code, error.reason, error.explanation


def test_a_sign_in_becomes_an_authentication(case: Case) -> None:
    who = case.finish()
    assert (who.subject, who.organization, who.connection) == (ELENI, "aegean-foods", "entra:aegean-foods")
    assert who.issuer == f"{case.entra.server.origin}/{TENANT_A}/v2.0"
    assert (who.issued_at, who.authenticated_at) == (NOW - timedelta(seconds=300), NOW - timedelta(seconds=20))
    assert (who.acr, who.amr, who.is_guest, who.groups) == (DIRECTORY_ACR, (), False, None)
    assert (who.email, who.email_owner_verified) == ("eleni.markou@aegeanfoods.example", True)
    assert who.login_names == ("eleni.markou@aegeanfoods.example",)
    assert (who.upstream_session, who.login_hint) == ("00a1b2c3-7f54-4c2e-9a1d-5d0e6f708192", "O.opaque-hint")
    assert who.access_token is not None
    assert who.access_token.reveal() == "opaque-access-token"
    assert who.refresh_token is None
    assert who.claims["name"] == "Eleni Markou"
    assert not {"nonce", "aio", "uti"} & who.claims.keys()
    assert "opaque-access-token" not in repr(who)


def test_through_the_shared_authority_the_organisation_follows_from_the_tenant(case: Case) -> None:
    case.entra.tenant = TENANT_B
    who = case.finish(through_organizations())
    assert (who.organization, who.connection) == ("helios-shipping", "entra:helios-shipping")
    assert who.subject == Subject("entra", TENANT_B, ELENI.identifier)


@pytest.mark.parametrize(("of", "authority"), [(transaction(), TENANT_A), (through_organizations(), "organizations")])
def test_the_code_is_redeemed_once_where_it_was_asked_for_with_everything_that_proves_us(
    case: Case, of: Transaction, authority: str
) -> None:
    case.finish(of)
    [received] = case.entra.received("/token")
    assert received.path == f"/{authority}/oauth2/v2.0/token"
    assert received.form == {
        "client_id": CLIENT_ID,
        "client_secret": "the-secret",
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://broker.example/upstream/entra/callback",
        "code_verifier": VERIFIER,
    }
    assert {item.path.split("/")[1] for item in case.entra.server.received} == {authority}


def test_a_returning_person_costs_one_call(case: Case) -> None:
    case.finish()
    before = len(case.entra.server.received)
    case.finish()
    assert [received.path for received in case.entra.server.received[before:]] == [f"/{TENANT_A}/oauth2/v2.0/token"]


# -- whose it is ------------------------------------------------------------------------------------------------


def test_the_token_of_another_tenant_is_not_taken_for_the_one_that_was_asked(case: Case) -> None:
    case.entra.tenant = ATTACKER_TENANT
    assert words(refused(case)) == ("login_failed", "issuer", "login_failed")


def test_a_tenant_that_is_bound_to_nobody_lets_nobody_in(case: Case) -> None:
    case.entra.tenant = ATTACKER_TENANT
    case.entra.claims = {"email": "eleni.markou@aegeanfoods.example", "xms_edov": True}
    assert words(refused(case, through_organizations())) == ("not_allowed", "binding", "not_connected")


def test_a_tenant_that_was_unbound_meanwhile_lets_nobody_in(case: Case) -> None:
    case.organizations = FixedOrganizations((HELIOS, LOCAL))
    case.connect()
    assert words(refused(case)) == ("not_allowed", "binding", "not_connected")


def test_a_tenant_that_was_bound_to_another_organisation_meanwhile_lets_nobody_in(case: Case) -> None:
    of = transaction(organization="helios-shipping", connection="entra:helios-shipping")
    assert words(refused(case, of)) == ("not_allowed", "binding", "not_connected")
    assert AEGEAN.connection is not None


def test_a_personal_account_is_refused_however_well_it_is_signed(case: Case) -> None:
    case.entra.tenant, case.entra.key = CONSUMER_TENANT, rsa_key("msa-1")
    assert words(refused(case, through_organizations())) == ("not_allowed", "guest", "personal_account")


def test_the_key_of_personal_accounts_signs_for_no_organisation(case: Case) -> None:
    case.entra.key = rsa_key("msa-1")
    for of in (transaction(), through_organizations()):
        assert refused(case, of).reason == "key_issuer"


@pytest.mark.parametrize(
    "claims",
    [
        {"acct": 1},
        {"idp": f"https://sts.windows.net/{TENANT_B}/"},
        {"idp": "live.com"},
        {"preferred_username": "tomas_helios.example#EXT#@aegeanfoods.onmicrosoft.com"},
    ],
)
def test_a_guest_is_marked_as_one(case: Case, claims: dict[str, Any]) -> None:
    case.entra.claims = claims
    assert case.finish().is_guest


def test_an_address_is_never_who_somebody_is(case: Case) -> None:
    """The same address in two directories, and one person with a new address."""
    first = case.finish()
    case.entra.claims = {"email": "somebody.else@elsewhere.example", "preferred_username": "new@aegeanfoods.example"}
    second = case.finish()
    case.entra.claims = {"oid": "99999999-2222-4333-8444-555555555555"}
    third = case.finish()
    assert first.subject == second.subject != third.subject
    assert first.email == third.email


# -- what the browser brings ------------------------------------------------------------------------------------


def test_a_code_and_an_error_together_are_refused_and_nothing_is_redeemed(case: Case) -> None:
    assert words(refused(case, code="the-code", error="access_denied")) == (
        "login_failed",
        "upstream_error",
        "login_failed",
    )
    assert case.entra.received("/token") == []


@pytest.mark.parametrize("answer", [{"code": ""}, {"session_state": "x"}])
def test_an_answer_without_code_and_error_is_refused(case: Case, answer: dict[str, Any]) -> None:
    assert words(refused(case, **answer)) == ("login_failed", "upstream_error", "login_failed")


@pytest.mark.parametrize(
    "issuer", ["https://other.example", "{origin}/{tenant_b}/v2.0", "{origin}/{{tenantid}}/v2.0", "{origin}", ""]
)
def test_an_answer_of_another_issuer_is_refused_before_the_code_goes_anywhere(case: Case, issuer: str) -> None:
    written = issuer.format(origin=case.entra.server.origin, tenant_b=TENANT_B)
    assert words(refused(case, code="the-code", issuer=written)) == ("login_failed", "mixup", "login_failed")
    assert case.entra.received("/token") == []


@pytest.mark.parametrize("issuer", ["{origin}/{{tenantid}}/v2.0", "{origin}/organizations/v2.0", "{origin}/", "x", ""])
def test_at_the_shared_authority_the_issuer_must_be_that_of_some_tenant(case: Case, issuer: str) -> None:
    written = issuer.format(origin=case.entra.server.origin)
    assert refused(case, through_organizations(), code="the-code", issuer=written).reason == "mixup"
    assert case.entra.received("/token") == []


def test_an_answer_may_name_its_issuer_and_the_token_must_name_the_same(case: Case) -> None:
    of_a, of_b = case.entra.issuer(TENANT_A), case.entra.issuer(TENANT_B)
    assert case.finish(code="the-code", issuer=of_a)
    assert case.finish(through_organizations(), code="the-code", issuer=of_a)
    assert refused(case, through_organizations(), code="the-code", issuer=of_b).reason == "mixup"


@pytest.mark.parametrize(
    ("error", "description", "expected"),
    [
        (
            "access_denied",
            "AADSTS65004: User declined to consent.",
            ("login_failed", "upstream_error", "consent_declined"),
        ),
        ("access_denied", "AADSTS50020: {EmailHidden}", ("login_failed", "upstream_error", "wrong_tenant_account")),
        ("access_denied", "AADSTS90094: approval", ("login_failed", "upstream_error", "admin_approval")),
        ("interaction_required", "AADSTS50105: not assigned", ("login_failed", "upstream_error", "not_assigned")),
        ("interaction_required", "", ("login_failed", "upstream_error", "mfa_needed")),
        ("temporarily_unavailable", "AADSTS90033", ("busy", "upstream_down", "directory_busy")),
        ("server_error", "", ("busy", "upstream_down", "directory_busy")),
        ("unauthorized_client", "AADSTS700016", ("login_failed", "upstream_error", "app_not_installed")),
        ("invalid_request", "AADSTS900144", ("login_failed", "upstream_error", "upstream_misconfigured")),
        ("something_new", "", ("login_failed", "upstream_error", "login_failed")),
        ("<script>\r\nalert(1)", "<script>", ("login_failed", "upstream_error", "login_failed")),
        ("", "", ("login_failed", "upstream_error", "login_failed")),
    ],
)
def test_an_error_from_the_authorize_endpoint_becomes_words_of_ours(
    case: Case, error: str, description: str, expected: tuple[str, str, str]
) -> None:
    assert words(refused(case, error=error, error_description=description)) == expected


def test_what_an_upstream_wrote_is_logged_short_escaped_and_without_addresses(case: Case) -> None:
    text = "AADSTS65004: <script>\r\nwho@aegeanfoods.example Trace ID: 4c0b7a5e-6a51-4b62-9e58-0a2f6d8b1c00" + "x" * 500
    with capture_logs() as logs:
        refused(case, error="access_denied", error_description=text)
    told = next(log for log in logs if log["event"] == "upstream_error")
    assert (told["aadsts"], told["trace_id"]) == ([65004], "4c0b7a5e-6a51-4b62-9e58-0a2f6d8b1c00")
    assert (told["org"], told["conn"]) == ("aegean-foods", "entra:aegean-foods")
    assert len(told["upstream_text"]) <= 200
    everything = json.dumps(logs)
    assert "who@" not in everything
    assert told["upstream_text"].isascii()
    assert told["upstream_text"].isprintable()


# -- the token endpoint -----------------------------------------------------------------------------------------


def token_error(error: str, number: int | None = None, status: int = 400, **more: Any) -> Answer:
    codes = {"error_codes": [number]} if number else {}
    text = f"AADSTS{number}: words.\r\nTrace ID: 4c0b7a5e-6a51-4b62-9e58-0a2f6d8b1c00"
    return as_json({"error": error, "error_description": text, **codes, **more}, status)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (token_error("invalid_grant", 54005), ("login_failed", "code", "start_again")),
        (token_error("invalid_grant", 501481), ("login_failed", "code", "start_again")),
        (token_error("invalid_grant"), ("login_failed", "code", "start_again")),
        (token_error("invalid_grant", 50057), ("login_failed", "upstream_error", "account_disabled_upstream")),
        (token_error("invalid_grant", 50034), ("login_failed", "upstream_error", "account_not_found")),
        (
            token_error("invalid_grant", 50076, suberror="basic_action"),
            ("login_failed", "upstream_error", "mfa_needed"),
        ),
        (token_error("invalid_grant", suberror="basic_action"), ("login_failed", "upstream_error", "mfa_needed")),
        (
            token_error("invalid_grant", 99999, suberror="consent_required"),
            ("login_failed", "upstream_error", "admin_approval"),
        ),
        (token_error("invalid_grant", 53003), ("login_failed", "upstream_error", "blocked_by_policy")),
        (token_error("unauthorized_client", 7000112), ("login_failed", "upstream_error", "app_not_installed")),
        (token_error("invalid_client", 7000222, 401), ("busy", "upstream_down", "upstream_misconfigured")),
        (token_error("invalid_scope", 70011), ("busy", "upstream_down", "upstream_misconfigured")),
        (token_error("temporarily_unavailable", 90033), ("busy", "upstream_down", "directory_busy")),
        (token_error("invalid_grant", 54005, 500), ("busy", "upstream_down", "directory_busy")),
        (Answer(429), ("busy", "upstream_down", "directory_busy")),
        (Answer(503, b"<html>"), ("busy", "upstream_down", "directory_busy")),
        (Answer(400, b"<html>"), ("busy", "upstream_down", "directory_busy")),
        (Answer(302, headers={"Location": "https://attacker.example"}), ("busy", "upstream_down", "directory_busy")),
        (Answer(200, b"<html>"), ("busy", "upstream_down", "upstream_down")),
        (Answer(200, b"[]"), ("busy", "upstream_down", "upstream_down")),
        (Answer(200, b'{"token_type": "Bearer"}'), ("busy", "upstream_down", "upstream_down")),
        (Answer(200, b"x" * 2_000_000), ("busy", "upstream_down", "upstream_down")),
        (Answer(raw=lambda _: None), ("busy", "upstream_down", "upstream_down")),
    ],
)
def test_an_error_of_the_token_endpoint_becomes_words_of_ours_and_the_code_is_not_sent_again(
    case: Case, answer: Answer, expected: tuple[str, str, str]
) -> None:
    case.entra.answer("/token", answer)
    assert words(refused(case)) == expected
    assert len(case.entra.received("/token")) == 1


def test_when_to_come_back_is_passed_on(case: Case) -> None:
    case.entra.answer("/token", Answer(429, headers={"Retry-After": "37"}))
    error = refused(case)
    assert isinstance(error, Busy)
    assert error.retry_after_seconds == 37


def test_the_operator_reads_what_to_do(case: Case) -> None:
    case.entra.answer("/token", token_error("invalid_client", 7000222, 401, correlation_id="1f2d3c4b"))
    with capture_logs() as logs:
        refused(case)
    told = next(log for log in logs if log["event"] == "upstream_error")
    assert (told["log_level"], told["for_operator"], told["aadsts"]) == ("error", True, [7000222])
    assert "client secret" in told["advice"]
    assert (told["correlation_id"], told["status"]) == ("1f2d3c4b", 401)


def test_after_five_failures_in_a_row_the_upstream_is_left_alone_for_a_moment(case: Case) -> None:
    case.connector.start(transaction(), "state")
    case.entra.answer("/token", Answer(503))
    for _ in range(9):
        assert refused(case).code == "busy"
    assert len(case.entra.received("/token")) == 5
    with pytest.raises(Busy):
        case.connector.start(transaction(), "state")
    assert case.connector.start(through_organizations(), "state")
    case.clock.advance(timedelta(seconds=10))
    case.entra.overrides.clear()
    assert case.finish()
    assert case.connector.start(transaction(), "state")


def test_what_strangers_send_never_closes_the_road(case: Case) -> None:
    case.entra.answer("/token", token_error("invalid_grant", 70000))
    for _ in range(20):
        assert refused(case).reason == "code"
        refused(case, error="server_error")
    case.entra.overrides.clear()
    assert case.finish()


# -- the ID token over the wire ---------------------------------------------------------------------------------


def test_a_new_signing_key_works_at_once_and_a_withdrawn_one_stops(case: Case) -> None:
    case.finish()
    template = f"{case.entra.server.origin}/{{tenantid}}/v2.0"
    case.entra.keys = [public(rsa_key("entra-3"), issuer=template)]
    case.entra.key = rsa_key("entra-3")
    assert case.finish()
    case.entra.key = rsa_key("entra-1")
    case.clock.advance(timedelta(hours=1))
    assert refused(case).reason == "kid"


def test_a_key_that_nobody_has_published_is_refused(case: Case) -> None:
    case.entra.key = rsa_key("unpublished-1")
    assert words(refused(case)) == ("login_failed", "kid", "login_failed")


def test_without_keys_nobody_is_believed_and_later_everybody_again(case: Case) -> None:
    case.entra.answer("/keys", as_json({"keys": []}))
    assert words(refused(case)) == ("busy", "jwks", "upstream_down")
    case.entra.overrides.clear()
    assert case.finish()


@pytest.mark.parametrize(
    ("header", "reason"),
    [({"alg": "none"}, "alg"), ({"jku": "https://attacker.example"}, "header"), ({"crit": ["x"]}, "jose")],
)
def test_a_token_with_a_strange_header_is_refused(case: Case, header: dict[str, Any], reason: str) -> None:
    case.entra.header = header
    assert refused(case).reason == reason


# -- how it was proved ------------------------------------------------------------------------------------------


def test_the_context_class_is_stated_only_if_the_token_says_that_it_was_satisfied(case: Case) -> None:
    of = transaction(upstream_acr="urn:example:strong")
    assert case.finish(of).acr == DIRECTORY_ACR
    for acrs, acr in [
        (["c1"], "urn:example:strong"),
        (["c3", "c1"], "urn:example:strong"),
        (["c2"], DIRECTORY_ACR),
        ("c1", DIRECTORY_ACR),
        ([], DIRECTORY_ACR),
        ([["c1"]], DIRECTORY_ACR),
    ]:
        case.entra.claims = {"acrs": acrs}
        assert case.finish(of).acr == acr
    case.entra.claims = {"acrs": ["c1"]}
    assert case.finish().acr == DIRECTORY_ACR


def test_when_the_upstream_does_not_say_when_it_was_nothing_is_made_up(case: Case) -> None:
    case.entra.without = {"auth_time"}
    assert case.finish(transaction(request=login_request(force=True))).authenticated_at is None


@pytest.mark.parametrize(
    ("amr", "expected"), [(["pwd", "mfa"], ("pwd", "mfa")), ("pwd", ()), (["pwd", 1], ()), (["x" * 65], ()), ({}, ())]
)
def test_methods_are_taken_only_as_a_list_of_short_texts(case: Case, amr: object, expected: tuple[str, ...]) -> None:
    case.entra.claims = {"amr": amr}
    assert case.finish().amr == expected


def test_the_session_at_entra_is_known_by_its_claim_or_by_the_answer(case: Case) -> None:
    assert case.finish(code="c", session_state="other").upstream_session == "00a1b2c3-7f54-4c2e-9a1d-5d0e6f708192"
    case.entra.without = {"sid"}
    assert case.finish(code="c", session_state="from-the-answer").upstream_session == "from-the-answer"
    assert case.finish(code="c", session_state="x" * 300).upstream_session is None
    assert case.finish(code="c").upstream_session is None


# -- groups -----------------------------------------------------------------------------------------------------

OVERAGE = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://127.0.0.1:1/users/x/getMemberObjects"}},
}


def test_groups_in_the_token_are_taken_from_it(case: Case) -> None:
    case.entra.claims = {"groups": ["a", "b"]}
    assert case.finish().groups == ("a", "b")
    assert case.entra.received("/getMemberObjects") == []


@pytest.mark.parametrize("overage", [OVERAGE, {"hasgroups": True}, {"hasgroups": "true"}])
def test_groups_that_did_not_fit_are_asked_of_graph_and_never_of_an_address_in_the_token(
    case: Case, overage: dict[str, Any]
) -> None:
    case.entra.claims = overage
    groups = case.finish().groups
    assert groups is not None
    assert len(groups) == 217
    [received] = case.entra.received("/v1.0/me/getMemberObjects")
    assert received.headers["authorization"] == "Bearer opaque-access-token"
    assert json.loads(received.body) == {"securityEnabledOnly": False}


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(200, b"<html>"), as_json({"value": "x"}), as_json({"value": [1]}), Answer(403)]
)
def test_groups_that_cannot_be_had_are_unknown_and_not_none(case: Case, answer: Answer) -> None:
    case.entra.claims = OVERAGE
    case.entra.answer("/getMemberObjects", answer)
    with capture_logs() as logs:
        assert case.finish().groups is None
    assert [log["reason"] for log in logs] == ["overage"]


def test_without_an_access_token_groups_that_did_not_fit_are_unknown(case: Case) -> None:
    case.entra.claims = OVERAGE
    case.entra.tokens = {"access_token": None}
    assert case.finish().groups is None


@pytest.mark.parametrize("groups", ["a", [1], {"a": 1}, None])
def test_groups_of_another_type_are_unknown(case: Case, groups: object) -> None:
    case.entra.claims = {"groups": groups}
    assert case.finish().groups is None
