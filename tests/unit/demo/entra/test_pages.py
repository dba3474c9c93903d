"""What people see beside the sign-in, and the scripted person."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import requests

from broker.demo.entra.browser import SignInStopped, sign_in
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A, RunningSimulator

MARIA = "maria.kosta@aegeanfoods.example"


def test_the_index_tells_tenants_people_applications_and_controls(entra: RunningSimulator) -> None:
    page = requests.get(f"{entra.base}/", timeout=10).text
    for wanted in ("Aegean Foods", "Helios Shipping", "Evil Olives", ELENI, CLIENT_ID, CALLBACK, "/_simulator/reset"):
        assert wanted in page
    assert "<img src=x" not in page


def test_no_page_loads_anything_from_elsewhere(entra: RunningSimulator) -> None:
    for url in (f"{entra.base}/", entra.authorize_url(), entra.authorize_url(login_hint=ELENI)):
        page = requests.get(url, timeout=10)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for target in re.findall(r'<(?:link|img|script)[^>]*(?:href|src)="([^"]+)"', page.text):
            assert urlsplit(target).netloc == ""
            assert requests.get(f"{entra.base}{target}", timeout=10).status_code == 200


def test_the_scripted_person_leaves_a_password_page_that_is_somebody_elses(entra: RunningSimulator) -> None:
    answer = sign_in(requests.Session(), entra.authorize_url(login_hint=ELENI), MARIA)
    body = entra.redeem(answer.fields["code"]).json()
    assert entra.verified(body["id_token"])["preferred_username"] == MARIA


def test_the_scripted_person_stops_at_a_page_that_leads_nowhere(entra: RunningSimulator) -> None:
    with pytest.raises(SignInStopped) as stopped:
        sign_in(requests.Session(), entra.authorize_url(redirect_uri="https://x.example/"), ELENI)
    assert (stopped.value.page, stopped.value.code) == ("error", 50011)


def test_the_scripted_person_tells_a_name_that_nobody_has(entra: RunningSimulator) -> None:
    with pytest.raises(SignInStopped) as stopped:
        sign_in(requests.Session(), entra.authorize_url(), "who@nowhere.example")
    assert (stopped.value.page, stopped.value.code) == ("username", 50034)


# --- Logout


def logout(entra: RunningSimulator, session: requests.Session, **asked: str) -> requests.Response:
    url = f"{entra.base}/{TENANT_A}/oauth2/v2.0/logout"
    return session.get(url, params=asked, allow_redirects=False, timeout=10)


def signed_in(entra: RunningSimulator, session: requests.Session) -> bool:
    return 'data-page="form-post"' in session.get(entra.authorize_url(), timeout=10).text


def test_a_hint_signs_the_account_out_and_leads_back(entra: RunningSimulator) -> None:
    session = requests.Session()
    hint = entra.claims(session=session)["login_hint"]
    answer = logout(entra, session, logout_hint=hint, post_logout_redirect_uri=CALLBACK)
    assert (answer.status_code, answer.headers["Location"]) == (302, CALLBACK)
    assert not signed_in(entra, session)


def test_an_address_that_is_not_registered_is_not_followed(entra: RunningSimulator) -> None:
    session = requests.Session()
    hint = entra.claims(session=session)["login_hint"]
    answer = logout(entra, session, logout_hint=hint, post_logout_redirect_uri="https://evil-olives.example/")
    assert answer.status_code == 200
    assert 'id="signed-out"' in answer.text


def test_without_a_hint_the_person_is_asked_even_with_one_account(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    for hint in ({}, {"logout_hint": ELENI}):
        page = logout(entra, session, post_logout_redirect_uri=CALLBACK, **hint)
        assert 'data-page="sign-out"' in page.text
        assert signed_in(entra, session)
    answer = session.post(
        f"{entra.base}/{TENANT_A}/oauth2/v2.0/logout",
        data={"account": ELENI, "post_logout_redirect_uri": CALLBACK},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.headers["Location"] == CALLBACK
    assert not signed_in(entra, session)
