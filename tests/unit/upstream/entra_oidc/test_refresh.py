"""What Entra's answer to a refresh token says of the person, and what it does not say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.identity import Secret
from broker.upstream.entra_oidc.client_assertion import ClientSecret
from broker.upstream.entra_oidc.errors import UpstreamError
from broker.upstream.entra_oidc.refresh import EntraRedemption, judge
from broker.watching.directory import Verdict
from tests.support.fake_entra import CLIENT_ID, as_json
from tests.support.https import Answer
from tests.support.people import TENANT_A
from tests.unit.upstream.case import Case

TOKEN = Secret("0.the-refresh-token")


@pytest.fixture
def redemption(case: Case) -> EntraRedemption:
    secret = ClientSecret(Secret("s"))
    return EntraRedemption(case.http, secret, case.connector.metadata, case.clock, client_id=CLIENT_ID)


def error(name: str, *numbers: int, suberror: str | None = None, status: int = 400) -> UpstreamError:
    return UpstreamError("token", name, suberror=suberror, numbers=numbers, status=status)


@pytest.mark.parametrize(
    ("said", "reason", "trouble"),
    [
        (error("invalid_grant", 50057), "disabled", None),
        (error("invalid_grant", 50034), "deleted", None),
        (error("invalid_grant", 50105), "unassigned", None),
        (error("invalid_grant", 50173, suberror="bad_token"), "sessions_revoked", None),
        (error("invalid_grant", 70043, suberror="token_expired"), "grant_expired", None),
        (error("invalid_grant", 700082), "grant_expired", None),
        (error("invalid_grant", 50076, suberror="basic_action"), "verification_demanded", None),
        (error("interaction_required", 53000), "blocked_by_policy", None),
        (error("invalid_grant", 65001, suberror="consent_required"), "consent_revoked", "consent_revoked"),
        (error("invalid_grant", suberror="consent_required"), "invalid_grant", "consent_revoked"),
        (error("unauthorized_client", 700016), "app_removed", "app_disabled"),
        (error("unauthorized_client", 7000112), "app_disabled", "app_disabled"),
        (error("invalid_grant", 12345678), "invalid_grant", None),
    ],
)
def test_a_no_about_the_person_or_the_trust_ends(said: UpstreamError, reason: str, trouble: str | None) -> None:
    verdict = judge(said)
    assert (verdict.outcome, verdict.reason, verdict.trouble) == ("ended", reason, trouble)


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (error("invalid_client", 7000222, status=401), "credential_expired"),
        (error("invalid_client", 7000215, status=401), "credential_expired"),
        (error("invalid_client", 700027, status=401), "credential_expired"),
        (error("temporarily_unavailable", 90033), None),
        (error("server_error", status=500), None),
        (error("invalid_grant", 90055, status=429), None),
        (error("invalid_grant", 50196), None),
        (error("invalid_scope", 70011), None),
        (error("invalid_request", 90014), None),
    ],
)
def test_a_fault_of_the_road_or_of_ours_says_nothing_of_anybody(said: UpstreamError, trouble: str | None) -> None:
    verdict = judge(said)
    assert (verdict.outcome, verdict.trouble) == ("unknown", trouble)


def test_a_redemption_goes_to_the_tenants_own_path_and_gives_the_next_token(
    case: Case, redemption: EntraRedemption
) -> None:
    case.entra.tokens = {"refresh_token": "0.the-next"}
    verdict = redemption.redeem(TENANT_A, TOKEN)
    assert verdict.outcome == "stays"
    assert verdict.refresh_token is not None
    assert verdict.refresh_token.reveal() == "0.the-next"
    [asked] = case.entra.received("/token")
    assert asked.path == f"/{TENANT_A}/oauth2/v2.0/token"
    assert b"grant_type=refresh_token" in asked.body
    assert b"0.the-refresh-token" in asked.body
    assert "the-next" not in repr(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>", {"Content-Type": "text/html"}),
        as_json([]),
        as_json({}),
        as_json({"token_type": "Bearer", "access_token": 7}),
        as_json({"token_type": "Mac", "access_token": "x"}),
        Answer(502, b"bad gateway"),
        as_json({"error": "invalid_grant"}, 503),
    ],
)
def test_what_is_no_answer_is_none(case: Case, redemption: EntraRedemption, answer: Answer) -> None:
    case.entra.answer("/token", answer)
    assert redemption.redeem(TENANT_A, TOKEN).outcome == "unknown"


def test_an_endpoint_that_does_not_answer_is_left_alone_for_a_moment(case: Case, redemption: EntraRedemption) -> None:
    case.entra.answer("/token", Answer(503))
    verdicts: list[Verdict] = [redemption.redeem(TENANT_A, TOKEN) for _ in range(8)]
    assert {verdict.outcome for verdict in verdicts} == {"unknown"}
    assert len(case.entra.received("/token")) == 5
    case.entra.overrides.clear()
    case.clock.advance(timedelta(seconds=11))
    assert redemption.redeem(TENANT_A, TOKEN).outcome == "stays"
