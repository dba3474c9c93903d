"""The authorization endpoint under odd requests (issue "Bad input", threats DO-01, DO-02, DO-27)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.properties import odd
from tests.properties.held import Held, bounded

NAMES = odd.AUTHORIZATION_NAMES


@bounded
@given(odd.pairs(NAMES), st.booleans(), odd.methods, odd.content_types, odd.separators)
def test_an_odd_authorization_request_gets_an_answer_in_order_and_changes_nothing(
    held: Held, pairs: list[tuple[bytes, bytes]], twice: bool, method: str, content_type: str, separator: bytes
) -> None:
    written = odd.joined(odd.laid_over(odd.usual(**odd.USUAL), pairs, twice=twice), separator)
    if method == "POST":
        held.ask("/authorize", **odd.sent(b"", written, method, content_type, {}))
    else:
        held.ask("/authorize", **odd.sent(written, None, method, content_type, {}))


@bounded
@given(odd.pairs(NAMES), odd.pairs(NAMES), odd.header_texts, odd.content_types)
def test_a_request_in_two_places_at_once_gets_an_answer_in_order(
    held: Held,
    in_query: list[tuple[bytes, bytes]],
    in_body: list[tuple[bytes, bytes]],
    text: str,
    content_type: str,
) -> None:
    cookies = f"__Host-session={text}; __Host-login-x={text}"
    headers = {"Authorization": text, "Cookie": cookies, "Accept-Language": text}
    request = odd.sent(odd.joined(in_query), odd.joined(in_body), "POST", content_type, headers)
    held.ask("/authorize", **request)


NAMES_OF_ADDRESSES = st.sampled_from(("redirect_uri", "client_id", "response_mode", "state"))


@bounded
@given(NAMES_OF_ADDRESSES, odd.texts, st.sampled_from(("none", "login")))
def test_one_odd_value_among_right_ones_never_leads_elsewhere(held: Held, name: str, text: str, prompt: str) -> None:
    value = text.encode("utf-8", "replace").decode()
    written = odd.joined(odd.usual(**{**odd.USUAL, "prompt": prompt, name: value}))
    answer = held.ask("/authorize", **odd.sent(written, None, "GET", "", {}))
    if name == "redirect_uri" and value != odd.USUAL[name]:
        assert answer.status_code in (400, 414)


@bounded
@given(st.integers(0, 400), st.integers(0, 70_000), st.sampled_from(("GET", "POST")))
def test_a_request_of_any_size_is_read_or_refused(held: Held, fields: int, size: int, method: str) -> None:
    more = b"&".join(b"p%d=%s" % (number, b"x" * (size // (fields or 1))) for number in range(fields))
    written = odd.joined(odd.usual(**odd.USUAL)) + b"&" + (more or b"x" * size)
    in_query = method == "GET"
    request = odd.sent(
        written if in_query else b"", None if in_query else written, method, "application/x-www-form-urlencoded", {}
    )
    assert held.ask("/authorize", **request).status_code in (303, 400, 413, 414)
