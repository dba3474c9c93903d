"""The upstream callback under odd answers (issue "Bad input", threats UO-13, UO-23, DO-26)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties import odd
from tests.properties.held import Held, bounded

CALLBACK = "/upstream/entra/callback"
NAMES = odd.CALLBACK_NAMES


@bounded
@given(odd.pairs(NAMES), odd.methods, odd.content_types, odd.separators, odd.header_texts)
def test_an_odd_answer_is_refused_and_changes_nothing(
    held: Held, pairs: list[tuple[bytes, bytes]], method: str, content_type: str, separator: bytes, text: str
) -> None:
    written = odd.joined(pairs, separator)
    headers = {"Cookie": f"__Host-login-{text[:20]}={text}; {text}", "Origin": text, "Referer": text}
    in_body = method in ("POST", "PUT")
    request = odd.sent(b"" if in_body else written, written if in_body else None, method, content_type, headers)
    answer = held.ask(CALLBACK, **request)
    assert answer.status_code in (400, 405, 413, 414, 415) or method == "OPTIONS"
    assert "Location" not in answer.headers


@settings(bounded, max_examples=40)
@given(odd.pairs(NAMES), st.booleans(), st.sampled_from(("GET", "POST")))
def test_an_odd_answer_to_a_login_that_waits_signs_nobody_in(
    held: Held, pairs: list[tuple[bytes, bytes]], twice: bool, method: str
) -> None:
    state, cookie = held.begun()
    right = odd.usual(state=state, code="no-code-of-anybodys", session_state="x")
    written = odd.joined(odd.laid_over(right, pairs, twice=twice))
    if method == "POST":
        request = odd.sent(b"", written, method, "application/x-www-form-urlencoded", dict(cookie))
    else:
        request = odd.sent(written, None, method, "", dict(cookie))
    answer = held.ask(CALLBACK, **request)
    assert 400 <= answer.status_code < 500
    assert "Location" not in answer.headers


@settings(bounded, max_examples=50)
@given(odd.texts, odd.texts, odd.texts)
def test_a_refusal_of_the_upstream_in_any_words_is_a_page(held: Held, error: str, said: str, issuer: str) -> None:
    state, cookie = held.begun()
    fields = {"state": state, "error": error, "error_description": said, "iss": issuer}
    encoded = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    body = odd.joined(odd.usual(**encoded))
    request = odd.sent(b"", body, "POST", "application/x-www-form-urlencoded", dict(cookie))
    if error in ("server_error", "temporarily_unavailable"):
        return  # The upstream says that it is down, which is a 503 with a time to come back.
    answer = held.ask(CALLBACK, **request)
    assert answer.status_code in (400, 403, 413)
    assert 'id="error"' in answer.text
