"""SS-03: cookies that a sibling host or a proxy of the attacker's slips in."""

from __future__ import annotations

import requests

from tests.support.https import certificate
from tests.support.raw import exchange
from tests.support.world import World


def _handle(browser: requests.Session, prefix: str = "__Host-session") -> tuple[str, str]:
    return next((c.name, str(c.value)) for c in browser.cookies if c.name.startswith(prefix))


def _silently(world: World, *cookies: str) -> str:
    """What an application hears of a browser with these Cookie headers."""
    path = world.authorize_url(prompt="none").removeprefix(world.broker_url)
    host = world.broker_url.removeprefix("https://")
    sent = (f"Cookie: {one}" for one in cookies)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *sent, "Connection: close", "", ""]
    answer = exchange(world.broker_url, "\r\n".join(lines).encode("latin-1"), ca_file=str(certificate()[0]))
    assert answer.status == 303, (cookies, answer.head)
    location = answer.header("Location") or ""
    assert location.startswith("https://app.pobuca.example/callback?")
    return "code" if "code=" in location else location.partition("error=")[2].partition("&")[0]


def test_ss_03_a_session_cookie_that_comes_twice_counts_as_none(world: World) -> None:
    attacker, _ = world.signed_in("petra.lang@helios-shipping.example")
    browser, _ = world.signed_in()
    (name, mine), (_, theirs) = _handle(browser), _handle(attacker)
    for one, two in ((mine, theirs), (theirs, mine), (mine, mine), (mine, ""), ("", mine)):
        assert _silently(world, f"{name}={one}; {name}={two}") == "login_required"
        assert _silently(world, f"{name}={one}", f"{name}={two}") == "login_required"
    assert _silently(world, f"{name}={mine}") == "code"
    assert _silently(world, f"a=b; {name}={mine}; c=d") == "code"


def test_ss_03_a_name_that_looks_like_ours_is_not_ours(world: World) -> None:
    attacker, _ = world.signed_in("petra.lang@helios-shipping.example")
    browser, _ = world.signed_in()
    (name, mine), (_, theirs) = _handle(browser), _handle(attacker)
    for other in (
        f"={name}={theirs}", f"=={theirs}", f"{name.lower()}={theirs}", f"__Secure-session={theirs}",
        f"{name} x={theirs}", f"\xa0{name}={theirs}", f"{name}[]={theirs}", f"$Version=1; session={theirs}",
        f"{name}\x00={theirs}", f'x="; {name}={theirs}"', f"{name},={theirs}", f"session={theirs}",
    ):  # fmt: skip
        assert _silently(world, other) in ("login_required",), other
        assert _who(world, f"{other}; {name}={mine}") in ("Eleni Markou", None), other


def test_ss_03_odd_values_and_oversized_jars_are_no_session_and_no_fault(world: World) -> None:
    for value in ("", '"', '"\\', "\xff\xfe", "%00", "A" * 7000, "é", "a b", "\x7f", "{}", "null", "../../x"):
        assert _silently(world, f"__Host-session={value}") == "login_required"
        assert _silently(world, f"__Host-login-{value[:50]}={value[:50]}") == "login_required"
    jar = "; ".join(f"__Host-login-{number:04d}=x" for number in range(250))
    assert _silently(world, jar) == "login_required"
    browser, _ = world.signed_in()
    name, mine = _handle(browser)
    assert _silently(world, f"{jar}; {name}={mine}") == "code"


def test_ss_03_a_login_cookie_that_comes_twice_ties_no_browser(world: World) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    name, value = _handle(browser, "__Host-login-")
    for cookie in (f"{name}={value}; {name}=x", f"{name}=x; {name}={value}"):
        refused = world.browser().post(
            answer.url, data=answer.fields, headers={"Cookie": cookie}, allow_redirects=False, timeout=30
        )
        assert refused.status_code == 400
        assert "__Host-session" not in refused.headers.get("Set-Cookie", "")
    assert world.accounts() == 0


def _who(world: World, cookies: str) -> str | None:
    host = world.broker_url.removeprefix("https://")
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    page = exchange(world.broker_url, request.encode("latin-1"), ca_file=str(certificate()[0])).body.decode()
    return next((name for name in ("Eleni Markou", "Petra Lang") if f"<h1>{name}</h1>" in page), None)
