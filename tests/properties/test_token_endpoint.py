"""The token and the UserInfo endpoint under odd requests (issue "Bad input", threats DO-08, DO-24, DO-27)."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.attacks.answers import in_process, next_code
from tests.attacks.refusals import rows_of
from tests.properties import odd
from tests.properties.held import Held, bounded
from tests.support.world import REDIRECT, SECRET

FORM = "application/x-www-form-urlencoded"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"sample:{SECRET}".encode()).decode()}
NAMES = odd.TOKEN_NAMES
# Everything is right but the verifier: no example can redeem anything.
RIGHT = {"grant_type": "authorization_code", "code": "c" * 43, "redirect_uri": REDIRECT, "code_verifier": "x" * 43}

_OWN = odd.header_texts.map(lambda text: {"Authorization": text})
HEADERS = st.one_of(st.just(BASIC), _OWN, odd.header_texts.map(lambda text: {"Authorization": f"Bearer {text}"}))


def _require_error(answer: TestResponse) -> None:
    assert answer.status_code in (400, 401, 405, 413, 414, 415)
    if answer.status_code in (400, 401) and answer.mimetype == "application/json":
        assert set(answer.get_json()) == {"error", "error_description"}
        assert answer.headers["Cache-Control"] == "no-store"


@bounded
@given(odd.pairs(NAMES), st.booleans(), odd.content_types, odd.separators, HEADERS)
def test_an_odd_token_request_is_an_error_of_the_specification(
    held: Held,
    pairs: list[tuple[bytes, bytes]],
    twice: bool,
    content_type: str,
    separator: bytes,
    headers: dict[str, str],
) -> None:
    written = odd.joined(odd.laid_over(odd.usual(**RIGHT), pairs, twice=twice), separator)
    _require_error(held.ask("/token", **odd.sent(b"", written, "POST", content_type, headers)))


@bounded
@given(odd.pairs(NAMES), odd.pairs(NAMES), odd.methods)
def test_parameters_in_the_address_give_nothing(
    held: Held, in_query: list[tuple[bytes, bytes]], in_body: list[tuple[bytes, bytes]], method: str
) -> None:
    body = odd.joined(odd.laid_over(odd.usual(**RIGHT), in_body, twice=False))
    answer = held.ask("/token", **odd.sent(odd.joined(in_query), body, method, FORM, BASIC))
    if method != "OPTIONS":
        _require_error(answer)


@bounded
@given(st.sampled_from(("redirect_uri", "code_verifier", "client_id")), odd.texts)
def test_a_real_code_is_not_redeemed_by_a_request_with_one_odd_value(held: Held, name: str, text: str) -> None:
    code = next_code(held.world, held.browser)
    issued = rows_of(held.world)["access_token"]
    written = odd.joined(odd.usual(**{**RIGHT, "code": code, name: text.encode("utf-8", "replace").decode()}))
    answer = in_process(held.world)("/token", **odd.sent(b"", written, "POST", FORM, BASIC))
    _require_error(answer)
    assert answer.get_json()["error"] in ("invalid_grant", "invalid_request", "invalid_client")
    assert rows_of(held.world)["access_token"] == issued
    held.recount()  # The code may be spent or not; both are right.


@bounded
@given(HEADERS, odd.pairs(("access_token", "x")), st.sampled_from(("GET", "POST")), odd.content_types)
def test_userinfo_tells_nothing_to_an_odd_request(
    held: Held, headers: dict[str, str], pairs: list[tuple[bytes, bytes]], method: str, content_type: str
) -> None:
    written = odd.joined(pairs)
    in_body = method == "POST"
    request = odd.sent(b"" if in_body else written, written if in_body else None, method, content_type, headers)
    assert held.ask("/userinfo", **request).status_code in (400, 401, 413, 414, 415)
