"""DO-24, L10: handles that are guessed, cut, padded, or read from the store."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.attacks.answers import next_code, token_refused
from tests.support.offline import introspected, offline, post, refresh
from tests.support.world import World, answered


def _changes(handle: str) -> tuple[str, ...]:
    return (
        handle[:-1],
        handle[1:],
        handle[:20],
        handle[0],
        handle + "=",
        handle + "A",
        handle * 2,
        handle + ".",
        "." + handle,
        handle.swapcase(),
        handle[:-1] + ("A" if handle[-1] != "A" else "B"),
        handle[::-1],
        handle + "~" * 300,
    )


def test_do_24_an_access_token_is_found_by_all_of_it_or_not_at_all(world: World) -> None:
    _, tokens = world.signed_in()
    for token in _changes(tokens.access_token):
        attack = partial(world.userinfo, token)
        token_refused(world, attack, "invalid_token", "access_token", status=401, secrets=[token])
    for token in (tokens.access_token + " x", tokens.access_token + "\t", "*", "%", tokens.access_token + "\u00e9"):
        headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
        answer = world.browser().get(f"{world.broker_url}/userinfo", headers=headers, timeout=30)
        assert answer.status_code in (200, 401)
        assert (answer.status_code == 200) == (token.strip() == tokens.access_token)
    assert world.userinfo(tokens.access_token).status_code == 200


def test_do_24_a_code_is_found_by_all_of_it_or_not_at_all(world: World) -> None:
    code = world.code(world.browser())
    for changed in (*_changes(code), code + " ", code + "\x00", "*", code + "é"):
        token_refused(world, partial(world.redeem, changed), "invalid_grant", "code", secrets=[code])
    assert world.redeem(code).status_code == 200


def test_do_24_a_session_is_found_by_all_of_it_or_not_at_all(world: World) -> None:
    browser, _ = world.signed_in()
    handle = next(str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session")
    for changed in (*_changes(handle), "*", "", "\x7f"):
        thief = world.browser()
        answer = thief.get(
            world.authorize_url(prompt="none"),
            headers={"Cookie": f"__Host-session={changed}"},
            allow_redirects=False,
            timeout=30,
        )
        assert answered(answer)["error"] == "login_required", changed
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none")))


def test_do_24_handles_have_256_bits_and_none_stands_in_the_stores(world: World, tmp_path: Path) -> None:
    browser = world.browser()
    url = world.to_upstream(browser)
    waiting = {str(cookie.value) for cookie in browser.cookies if cookie.name.startswith("__Host-login-")}
    answer = world.at_upstream(browser, url).deliver(browser)
    code = answered(answer)["code"]
    tokens = world.tokens(code)
    session = {str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session"}
    unredeemed = next_code(world, browser)
    another = world.browser()
    state = world.to_upstream(another).partition("&state=")[2].partition("&")[0]
    handles = {code, unredeemed, tokens.access_token, state, *waiting, *session}
    assert len(handles) == 6
    assert all(len(handle) == 43 for handle in handles)
    files = [path for path in (tmp_path / "world").glob("*.sqlite*") if path.is_file()]
    assert len(files) >= 2
    stored = b"".join(path.read_bytes() for path in files)
    assert tokens.claims["sid"].encode() in stored  # A digest is there: the records are.
    for handle in handles:
        assert handle.encode() not in stored


def test_do_24_a_refresh_token_is_found_by_all_of_it_or_not_at_all(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    for change in {*_changes(token), "A" * 43 + token[43:]} - {token[:-1] + "A", token[:-1] + "B"}:
        token_refused(keeping, partial(refresh, keeping, change), "invalid_grant", "refresh_token", secrets=[change])
        assert introspected(keeping, change) == {"active": False}
    token = refresh(keeping, token).json()["refresh_token"]
    guessed = token[:43] + "A" * 43
    token_refused(keeping, partial(refresh, keeping, guessed), "invalid_grant", "refresh_reuse", secrets=[token])


def test_do_24_nothing_in_the_store_opens_anything(keeping: World) -> None:
    tokens = offline(keeping)
    following = refresh(keeping, tokens["refresh_token"]).json()
    api = post(keeping, "/token", "caller", grant_type="client_credentials").json()["access_token"]
    state = keeping.around.state
    (account,) = keeping.around.directory.accounts("aegean-foods")
    kept: dict[str, bytes] = {}
    for kind, index in (
        ("refresh_family", f"account:{account.id}"),
        ("access_token", f"account:{account.id}"),
        ("api_token", "client:caller"),
    ):
        kept |= {key: state.get(kind, key) or b"" for key in state.members(kind, index)}
    assert len(kept) == 4
    text = repr(kept)
    for token in (*tokens.values(), *following.values(), api):
        if isinstance(token, str) and len(token) >= 43:
            for half in (token, token[:43], token[-43:]):
                assert half not in text
    for key in kept:
        for handle in (key, key + key, (key + key)[:86]):
            attack = partial(refresh, keeping, handle)
            token_refused(keeping, attack, "invalid_grant", "refresh_token", secrets=[handle])
            attack = partial(keeping.userinfo, handle)
            token_refused(keeping, attack, "invalid_token", "access_token", status=401, secrets=[handle])
