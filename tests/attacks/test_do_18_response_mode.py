"""DO-18: response modes nobody registered, and script in the page that posts an answer."""

from __future__ import annotations

import re
from functools import partial
from html.parser import HTMLParser

from tests.attacks.answers import page_refused, party_refused, require_headers
from tests.support.world import REDIRECT, World

MODES = (
    "fragment", "jwt", "query.jwt", "form_post.jwt", "fragment.jwt", "web_message", "okta_post_message", "QUERY",
    "Form_Post", "form_post ", " query", "query,form_post", "query form_post", "form_post\x00", "javascript", "é",
)  # fmt: skip
STATES = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus="alert(1)',
    "</form></script><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&quot;&#34;&lt;script&gt;",
    "<!--",
    "Καλημέρα ☃ \u2028",
)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, str] = {}
        self.actions: list[str] = []
        self.scripts: list[str | None] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.handlers += [name for name in said if name.startswith("on")]
        if tag == "input":
            self.fields[said["name"] or ""] = said["value"] or ""
        elif tag == "form":
            self.actions.append(said["action"] or "")
        elif tag == "script":
            self.scripts.append(said.get("nonce"))


def test_do_18_any_other_response_mode_is_refused_by_query(world: World) -> None:
    browser, _ = world.signed_in()
    for mode in MODES:
        url = world.authorize_url(response_mode=mode, prompt="none")
        attack = partial(world.go, browser, url)
        answer = party_refused(world, attack, "invalid_request", "response_mode", browser=browser)
        assert "#" not in answer.headers["Location"]
    assert "code=" in world.go(browser, world.authorize_url(response_mode="query", prompt="none")).headers["Location"]


def test_do_18_whatever_stands_in_the_state_is_text_on_the_page_that_posts_it(world: World) -> None:
    browser, _ = world.signed_in()
    nonces = set()
    for state in (*STATES[:-1], "Καλημέρα ☃"):
        answer = world.go(browser, world.authorize_url(response_mode="form_post", prompt="none", state=state))
        page = _Page(answer.text)
        assert page.fields["state"] == state
        assert page.fields["iss"] == world.broker_url
        assert page.fields["code"]
        assert page.actions == [REDIRECT]
        assert not page.handlers
        policy = answer.headers["Content-Security-Policy"]
        assert policy.split("form-action ")[1] == REDIRECT
        script = re.search(r"script-src 'nonce-([^']+)'", policy)
        assert script
        assert page.scripts == [script[1]]
        nonces.add(script[1])
        require_headers(answer)
        assert answer.headers["Cache-Control"] == "no-store"
    assert len(nonces) == len(STATES)  # Never the same twice.


def test_do_18_a_refusal_is_posted_as_safely_as_a_code(world: World) -> None:
    browser = world.browser()
    for state in STATES[:-1]:
        answer = world.go(browser, world.authorize_url(response_mode="form_post", prompt="none", state=state))
        page = _Page(answer.text)
        assert (page.fields["error"], page.fields["state"], page.actions) == ("login_required", state, [REDIRECT])
        assert len(page.scripts) == 1
        assert not page.handlers


def test_do_18_no_mode_makes_another_target_good(world: World) -> None:
    browser = world.browser()
    targets = ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "https://app.pobuca.example/callback;x", "")
    for mode in ("form_post", "query"):
        for target in targets:
            url = world.authorize_url(response_mode=mode, redirect_uri=target, prompt="none")
            page_refused(world, partial(world.go, browser, url), "redirect_uri", browser=browser)
