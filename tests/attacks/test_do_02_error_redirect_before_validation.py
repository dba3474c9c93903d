"""DO-02, L3: the broker as an open redirector, by errors of requests whose client or redirect URI is not proved."""

from __future__ import annotations

from functools import partial

from tests.attacks.answers import STATE, page_refused, party_refused
from tests.support.world import REDIRECT, World

EVIL = "https://evil.example/collect"
# Each of these alone would be answered at the redirect URI.
ERRORS: tuple[dict[str, str | None], ...] = (
    {"response_type": "token"},
    {"response_type": None},
    {"prompt": "none"},
    {"prompt": "none login"},
    {"scope": "email"},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"request": "eyJhbGciOiJub25lIn0.e30."},
    {"request_uri": "https://evil.example/request"},
    {"registration": "{}"},
    {"response_mode": "fragment"},
    {"response_mode": "form_post", "prompt": "none"},
    {"claims": "["},
    {"id_token_hint": "a.b.c"},
    {"max_age": "-1"},
    {"nonce": "\x01"},
    {"state": "s" * 5000},
)


def test_do_02_l3_no_error_is_answered_at_an_address_that_is_not_registered(world: World) -> None:
    browser = world.browser()
    for changes in ERRORS:
        url = world.authorize_url(**{"redirect_uri": EVIL, "state": STATE, **changes})
        answer = page_refused(world, partial(world.go, browser, url), "redirect_uri", browser=browser)
        assert "evil.example" not in answer.text
        assert "Refresh" not in answer.headers


def test_do_02_the_same_errors_are_answered_at_the_registered_address(world: World) -> None:
    for changes in ERRORS:
        answer = world.go(world.browser(), world.authorize_url(**{"state": STATE, **changes}))
        if changes.get("response_mode") == "form_post":
            assert f'action="{REDIRECT}"' in answer.text
        else:
            assert answer.headers["Location"].startswith(REDIRECT + "?error="), changes


def test_do_02_an_unproved_client_makes_no_address_good(world: World) -> None:
    browser = world.browser()
    unknown = ("nobody", "SAMPLE", "sample ", "sample\x00", "sample,other", "../sample", "é" * 200, "'", "", None)
    for client_id in unknown:
        url = world.authorize_url(client_id, redirect_uri=REDIRECT, prompt="none")
        page_refused(world, partial(world.go, browser, url), "client", browser=browser)


def test_do_02_a_client_gets_no_answer_at_another_clients_address(world: World) -> None:
    browser = world.browser()
    for client_id, address in (("sample", "https://other.pobuca.example/callback"), ("other", REDIRECT)):
        url = world.authorize_url(client_id, redirect_uri=address, prompt="none")
        page_refused(world, partial(world.go, browser, url), "redirect_uri", browser=browser)


MORE = (
    (f"&redirect_uri={EVIL}", "redirect_uri"),
    (f"&redirect_uri={REDIRECT}", "redirect_uri"),
    ("&redirect_uri=", "redirect_uri"),
    ("&client_id=other", "client"),
    ("&client_id=sample", "client"),
    ("&client%5Fid=other", "client"),
)


def test_do_02_a_repeated_client_or_address_is_no_proof(world: World) -> None:
    browser = world.browser()
    for more, reason in MORE:
        url = world.authorize_url(prompt="none") + more
        page_refused(world, partial(world.go, browser, url), reason, browser=browser)


def test_do_02_an_address_in_the_body_does_not_help_one_in_the_query(world: World) -> None:
    browser = world.browser()
    url = world.authorize_url(prompt="none", redirect_uri=None)
    for body in ({"redirect_uri": EVIL}, {"redirect_uri": [REDIRECT, EVIL]}):
        page_refused(
            world, partial(browser.post, url, data=body, allow_redirects=False), "redirect_uri", browser=browser
        )
    party_refused(
        world,
        partial(browser.post, url, data={"redirect_uri": REDIRECT}, allow_redirects=False),
        "invalid_request",
        "params",
        browser=browser,
    )
