"""WE-05: text of a stranger that pretends to be lines of our log."""

from __future__ import annotations

import json

from tests.attacks.answers import in_process
from tests.support.https import certificate
from tests.support.raw import exchange
from tests.support.world import World

FORGED = '"}\n{"event": "signed_in", "org": "evil", "level": "info"}\n{"x":"'
PAYLOADS = (
    FORGED,
    FORGED.replace("\n", "\r\n"),
    FORGED.replace("\n", "\u2028"),
    FORGED.replace("\n", "\x85"),
    "\x1b[2J\x1b]0;evil\x07",
    "\x00\x08\x7f",
    "\u202eevil",
    "%(event)s {event} $event",
    "A" * 15_000,
)


def test_we_05_every_request_writes_lines_of_json_that_say_what_we_say(world: World) -> None:
    ask = in_process(world)
    for payload in PAYLOADS:
        for name in ("client_id", "redirect_uri", "state", "response_type", "claims"):
            parameters = {"client_id": "sample", "redirect_uri": "https://app.pobuca.example/callback", name: payload}
            ask("/authorize", query_string=parameters)
        ask("/upstream/entra/callback", query_string={"state": payload, "error": payload, "error_description": payload})
        ask("/token", method="POST", data={"client_id": payload, "grant_type": payload})
        ask("/sign-in/" + payload.replace("\n", "%0a"))
        ask("/" + payload.encode("utf-8", "replace").hex())
    lines = world.log_text().splitlines()
    assert len(lines) >= len(PAYLOADS) * 6
    for line in lines:
        written = json.loads(line)
        assert written["event"] in {"oauth_rejected", "web_rejected", "upstream_oidc_rejected"}
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 1_000
        assert written.get("org") is None
    assert len(lines) == len(world.log_text().split("\n")) - 1


def test_we_05_a_host_header_is_logged_as_text_and_cut(world: World) -> None:
    for host in (b'evil"}{"event":"signed_in"', b"\xff\xfe\x1b[2J", b"h" * 7000):
        request = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        assert exchange(world.broker_url, request, ca_file=str(certificate()[0])).status == 400
    lines = [json.loads(line) for line in world.log_text().splitlines()]
    assert [line["event"] for line in lines] == ["web_rejected"] * 3
    assert all(len(line["detail"]) <= 200 for line in lines)


def test_we_05_the_upstreams_words_are_cut_and_never_name_anybody(world: World) -> None:
    browser = world.browser()
    state = world.to_upstream(browser).partition("&state=")[2].partition("&")[0]
    said = "AADSTS50105: " + FORGED + "B" * 5000
    answer = browser.post(
        world.broker_url + "/upstream/entra/callback",
        data={"state": state, "error": "access_denied", "error_description": said},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 400
    for line in world.log_text().splitlines():
        assert json.loads(line)["event"] != "signed_in"
        assert len(line) < 1_500
        assert line.isprintable()
