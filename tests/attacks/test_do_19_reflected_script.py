"""DO-19: script that is sent to us so that a page of ours shows it."""

from __future__ import annotations

from html.parser import HTMLParser

import requests

from tests.support.world import World

MARK = "xq7"
PAYLOADS = (
    f"<script>{MARK}()</script>",
    f'"><img src=x onerror={MARK}()>',
    f"'><svg/onload={MARK}()>",
    f"</title><script>{MARK}()</script>",
    f"javascript:{MARK}()",
    f"{{{{ {MARK} }}}}",
    f"\uff1cscript\uff1e{MARK}",
    f"%3Cscript%3E{MARK}()",
    f"<a href=//{MARK}.example>",
)


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "input":  # What a person wrote stands in the value of a field, as text.
            self.found += [tag, *(f"{name}={value}" for name, value in attrs if MARK in f"{name}{value}")]
        self.found += [name for name, _ in attrs if name.startswith("on")]


def _require_harmless(answer: requests.Response, usual: requests.Response | None = None) -> None:
    assert answer.status_code < 500
    tags = _Tags(answer.text).found
    assert not [tag for tag in tags if MARK in tag or tag.startswith("on")], answer.text
    if usual is not None:
        assert tags == _Tags(usual.text).found


def test_do_19_nothing_of_a_request_stands_on_an_error_page(world: World) -> None:
    browser = world.browser()
    usual = world.go(browser, world.authorize_url("nobody"))
    for payload in PAYLOADS:
        asked = dict.fromkeys(("state", "nonce", "login_hint", "ui_locales", "prompt", "scope", "acr_values"), payload)
        for changes in ({"client_id": payload}, {"client_id": "nobody"}, {"redirect_uri": payload}):
            answer = world.go(browser, world.authorize_url(**{"client_id": "sample", **asked, **changes}))
            assert answer.status_code == 400
            assert MARK not in answer.text
            _require_harmless(answer, usual)


def test_do_19_nothing_of_an_upstream_answer_stands_on_a_page(world: World) -> None:
    for payload in PAYLOADS:
        browser = world.browser()
        state = world.to_upstream(browser).partition("state=")[2].partition("&")[0]
        fields = {"state": state, "error": payload, "error_description": payload, "error_uri": payload}
        answer = browser.post(
            world.broker_url + "/upstream/entra/callback", data=fields, allow_redirects=False, timeout=30
        )
        assert answer.status_code == 400
        assert MARK not in answer.text
        _require_harmless(answer)
        unknown = world.go(browser, f"/upstream/entra/callback?error={payload}&state={payload}")
        assert MARK not in unknown.text
        _require_harmless(unknown)


def test_do_19_what_a_person_is_shown_again_is_text(world: World) -> None:
    browser = world.browser()
    usual = world.go(browser, world.go(browser, world.authorize_url()).headers["Location"])
    for payload in PAYLOADS:
        hint = f"{payload}@nowhere.example"
        choice = world.go(browser, world.authorize_url(login_hint=hint, ui_locales=payload))
        if choice.headers["Location"].startswith("/sign-in/"):
            page = world.go(browser, choice.headers["Location"])
            _require_harmless(page, usual)
        wrong = browser.post(
            world.broker_url + world.go(browser, world.authorize_url()).headers["Location"],
            data={"action": "email", "email": payload},
            timeout=30,
        )
        assert wrong.status_code == 400
        _require_harmless(wrong)


def test_do_19_paths_cookies_and_languages_are_no_way_in(world: World) -> None:
    for payload in PAYLOADS:
        browser = world.browser()
        headers = {"Accept-Language": payload, "Cookie": f"__Host-session={payload}", "User-Agent": payload}
        ascii_headers = {name: value.encode("ascii", "ignore").decode() for name, value in headers.items()}
        for path in (f"/{payload}", f"/sign-in/{payload}", f"/co-workers/{payload}/photo", f"/static/{payload}"):
            answer = browser.get(world.broker_url + path, headers=ascii_headers, allow_redirects=False, timeout=30)
            assert 300 < answer.status_code < 500
            assert MARK not in answer.text
            _require_harmless(answer)


def test_do_19_names_from_the_directory_and_the_configuration_are_escaped(world: World) -> None:
    sofia = "sofia.alexiou@aegeanfoods.example"
    world.control.patch(f"users/{sofia}", {"displayName": PAYLOADS[0], "givenName": PAYLOADS[1]})
    browser, _ = world.signed_in(sofia)
    for path in ("/", "/co-workers"):
        page = world.go(browser, path)
        assert MARK in page.text  # It is shown,
        _require_harmless(page)  # and does nothing.
        assert f"<script>{MARK}" not in page.text
