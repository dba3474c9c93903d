"""entra-id reference 5: signing out tells every application of the browser's session."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from broker.demo.entra.browser import SignedOut, SignInStopped, sign_out
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A, TENANT_B, TOMAS, RunningSimulator

TOLD = "https://broker.example/upstream/entra/signed-out"
OTHER = "0a4e63f5-52e7-4f0e-8c4a-11d6a9e5ab10"
OTHER_CALLBACK = "https://other.example/callback"


@pytest.fixture
def registered(entra: RunningSimulator) -> RunningSimulator:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", frontChannelLogoutUrl=TOLD)
    return entra


def leave(entra: RunningSimulator, session: requests.Session, username: str = "", **asked: str) -> SignedOut:
    return sign_out(session, f"{entra.base}/{TENANT_A}/oauth2/v2.0/logout?{urlencode(asked)}", username)


def signed_in(entra: RunningSimulator, session: requests.Session) -> bool:
    return 'data-page="form-post"' in session.get(entra.authorize_url(), timeout=10).text


def test_the_application_is_told_the_session_and_nothing_else(registered: RunningSimulator) -> None:
    session = requests.Session()
    answer = registered.sign_in(session=session)
    ended = leave(registered, session, ELENI, post_logout_redirect_uri=CALLBACK)
    assert ended == SignedOut((f"{TOLD}?sid={answer.fields['session_state']}",), CALLBACK)
    assert not signed_in(registered, session)


def test_a_switch_adds_the_issuer(registered: RunningSimulator) -> None:
    registered.control("PATCH", "settings", frontChannelIss=True)
    session = requests.Session()
    sid = registered.sign_in(session=session).fields["session_state"]
    (frame,) = leave(registered, session, ELENI).frames
    assert parse_qs(urlsplit(frame).query) == {"iss": [f"{registered.base}/{TENANT_A}/v2.0"], "sid": [sid]}


def test_every_application_of_the_account_is_told_and_those_without_an_address_are_not(
    registered: RunningSimulator,
) -> None:
    registered.control(
        "POST",
        "registrations",
        clientId=OTHER,
        redirectUris=[OTHER_CALLBACK],
        frontChannelLogoutUrl="https://other.example/out?from=entra",
    )
    session = requests.Session()
    sid = registered.sign_in(session=session).fields["session_state"]
    registered.sign_in(session=session)
    registered.sign_in(session=session, client_id=OTHER, redirect_uri=OTHER_CALLBACK)
    assert leave(registered, session, ELENI).frames == (
        f"{TOLD}?sid={sid}",
        f"https://other.example/out?from=entra&sid={sid}",
    )
    registered.control("PATCH", f"registrations/{CLIENT_ID}", frontChannelLogoutUrl=None)
    registered.sign_in(session=session)
    assert leave(registered, session, ELENI).frames == ()


def test_another_account_of_the_browser_stays_signed_in_and_its_session_is_not_told(
    registered: RunningSimulator,
) -> None:
    session = requests.Session()
    registered.sign_in(TOMAS, TENANT_B, session=session)
    sid = registered.sign_in(session=session, prompt="select_account").fields["session_state"]
    assert leave(registered, session, ELENI).frames == (f"{TOLD}?sid={sid}",)
    (other,) = leave(registered, session, TOMAS).frames
    assert sid not in other


def test_a_hint_spares_the_question_and_a_stranger_ends_nothing(registered: RunningSimulator) -> None:
    session = requests.Session()
    claims = registered.claims(session=session)
    assert leave(registered, requests.Session(), logout_hint=claims["login_hint"]).frames == ()
    assert signed_in(registered, session)
    assert leave(registered, session, logout_hint=claims["login_hint"]).frames == (f"{TOLD}?sid={claims['sid']}",)
    registered.sign_in(session=session)
    with pytest.raises(SignInStopped):
        leave(registered, session)


def test_the_page_may_frame_the_applications_and_goes_on_by_itself(registered: RunningSimulator) -> None:
    session = requests.Session()
    hint = registered.claims(session=session)["login_hint"]
    url = f"{registered.base}/{TENANT_A}/oauth2/v2.0/logout"
    asked = {"logout_hint": hint, "post_logout_redirect_uri": CALLBACK}
    page = session.get(url, params=asked, allow_redirects=False, timeout=10)
    assert 'data-page="signing-out"' in page.text
    assert f'<meta http-equiv="refresh" content="5;url={CALLBACK}">' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src https://broker.example;" in policy
    assert "frame-ancestors 'none'" in policy


def test_an_address_that_is_not_registered_is_not_gone_to(registered: RunningSimulator) -> None:
    session = requests.Session()
    registered.sign_in(session=session)
    ended = leave(registered, session, ELENI, post_logout_redirect_uri="https://evil-olives.example/")
    assert (len(ended.frames), ended.url) == (1, "")


def test_refresh_tokens_outlive_the_sign_out(registered: RunningSimulator) -> None:
    session = requests.Session()
    token = registered.tokens(session=session)["refresh_token"]
    leave(registered, session, ELENI)
    assert registered.token(grant_type="refresh_token", refresh_token=token).status_code == 200


def test_the_address_stays_registered_when_the_world_starts_again(registered: RunningSimulator) -> None:
    registered.control("POST", "reset")
    session = requests.Session()
    registered.sign_in(session=session)
    assert len(leave(registered, session, ELENI).frames) == 1
