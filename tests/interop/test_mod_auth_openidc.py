"""Debian's mod_auth_openidc protects a page of Apache, and knows the broker by its metadata address alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from broker.demo.pages import read_page
from broker.demo.stage import Stage
from tests.interop.apache import apache
from tests.interop.conftest import SECRET
from tests.support.person import ELENI, go_through

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def server(stage: Stage, apache_port: int) -> Iterator[str]:
    with apache(stage, apache_port, "apache", SECRET) as url:
        yield url


def _sent_to_sign_in(browser: requests.Session, server: str) -> str:
    answer = browser.get(f"{server}/protected/", allow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_a_protected_page_shows_the_person_and_the_claims(stage: Stage, server: str) -> None:
    browser = stage.session()
    address = _sent_to_sign_in(browser, server)
    assert address.startswith(stage.broker_url)
    assert parse_qs(urlsplit(address).query)["code_challenge_method"] == ["S256"]
    page = browser.get(go_through(stage, browser, address))
    assert page.url == f"{server}/protected/"
    texts = read_page(page.text, page.url).texts
    assert texts["email"] == ELENI
    assert texts["name"] == "Eleni Markou"
    assert texts["iss"] == stage.broker_url
    subject, _, issuer = texts["user"].partition("@")
    assert subject
    assert issuer in stage.broker_url
    again = browser.get(f"{server}/protected/")
    assert again.history == []
    assert read_page(again.text, again.url).texts["user"] == texts["user"]


def test_a_browser_with_a_session_at_the_broker_is_asked_nothing(stage: Stage, server: str) -> None:
    browser = stage.session()
    browser.get(go_through(stage, browser, _sent_to_sign_in(browser, server)))
    for cookie in [cookie for cookie in browser.cookies if cookie.name.startswith("mod_auth_openidc")]:
        browser.cookies.clear(cookie.domain, cookie.path, cookie.name)
    page = browser.get(f"{server}/protected/")
    assert [urlsplit(answer.url).path for answer in page.history] == [
        "/protected/",
        "/authorize",
        "/protected/redirect_uri",
    ]
    assert read_page(page.text, page.url).texts["email"] == ELENI


def test_an_answer_in_another_browser_opens_nothing(stage: Stage, server: str) -> None:
    browser, thief = stage.session(), stage.session()
    address = go_through(stage, browser, _sent_to_sign_in(browser, server))
    stolen = thief.get(address, allow_redirects=False)
    assert ELENI not in stolen.text
    assert thief.get(f"{server}/protected/", allow_redirects=False).status_code == 302
