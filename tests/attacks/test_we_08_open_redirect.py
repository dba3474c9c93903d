"""WE-08: addresses in a request that we might send the person on to."""

from __future__ import annotations

import itertools
import re

from tests.attacks.answers import in_process
from tests.support.https import certificate
from tests.support.raw import exchange
from tests.support.world import World

TARGETS = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/%2f%2fevil.example/",
    "https:evil.example",
    "/%09/evil.example",
    "/co-workers@evil.example",
    "javascript:location='//evil.example'",
    "https%3A%2F%2Fevil.example",
)
NAMES = ("next", "return_to", "return", "redirect", "redirect_uri", "url", "continue", "target", "RelayState", "reply")


def test_we_08_no_parameter_leads_a_person_away(world: World) -> None:
    ask = in_process(world)
    for name, target in itertools.product(NAMES, TARGETS):
        for path in ("/", "/sign-in", "/co-workers", "/sign-in/x", "/health/live"):
            answer = ask(path, query_string={name: target})
            location = answer.headers.get("Location", "")
            assert "evil" not in location, (path, name, target)
            assert re.fullmatch(r"(/sign-in/[A-Za-z0-9_-]{43})?", location), location
            assert b"evil" not in answer.data
        answer = ask("/sign-out", method="POST", data={name: target, "token": "x"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_we_08_after_signing_in_a_person_stands_on_the_page_that_was_asked_for(world: World) -> None:
    for path in ("/sign-in", "/co-workers"):
        browser = world.browser()
        choice = world.go(browser, f"{path}?next=https://evil.example/").headers["Location"]
        form = {"action": "microsoft", "next": "https://evil.example/", "reply": "https://evil.example/"}
        upstream = browser.post(world.broker_url + choice, data=form, allow_redirects=False, timeout=30)
        answer = world.at_upstream(browser, upstream.headers["Location"])
        answer.fields["next"] = answer.fields["RelayState"] = "https://evil.example/"
        location = answer.deliver(browser).headers["Location"]
        assert location == ("/co-workers" if path == "/co-workers" else "/")


def test_we_08_no_path_becomes_an_address_of_somebody_else(world: World) -> None:
    host = world.broker_url.removeprefix("https://").encode()
    paths = (
        b"//evil.example", b"//evil.example/", b"//evil.example/%2e%2e", b"/\\evil.example", b"/.//evil.example",
        b"//sign-in", b"/sign-in//", b"//evil.example//sign-in", b"/%2f%2fevil.example", b"/%5cevil.example",
        b"/co-workers//evil.example", b"/static//evil.example", b"/static/../sign-in", b"/;//evil.example",
        b"/%0d%0aLocation:x",
    )  # fmt: skip
    for path in paths:
        request = b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        answer = exchange(world.broker_url, request, ca_file=str(certificate()[0]))
        # The test's own server reads "//sign-in" as "/sign-in", which is a page of ours.
        assert answer.status in ((303,) if path == b"//sign-in" else (400, 404)), (path, answer.status)
        assert re.fullmatch(r"(/sign-in/[A-Za-z0-9_-]{43})?", answer.header("Location") or "")
        assert b"evil" not in answer.body
