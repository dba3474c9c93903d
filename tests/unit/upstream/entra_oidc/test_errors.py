"""Entra's errors are read without trust in their form, and lead to the page and the advice of the reference's table."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Busy, LoginFailed
from broker.http_client import HttpAnswer
from broker.messages import UpstreamAnswer
from broker.upstream.entra_oidc.errors import from_redirect, from_token_answer
from tests.support.properties import steady

# The error of entra-id reference, section 2.1.
REAL = {
    "error": "invalid_grant",
    "error_description": "AADSTS50173: The grant was revoked.\r\nTrace ID: 4c0b7a5e-6a51-4b62-9e58-0a2f6d8b1c00\r\n"
    "Correlation ID: 1f2d3c4b-5a69-4788-9c7b-6d5e4f3a2b1c\r\nTimestamp: 2026-11-21 22:26:40Z",
    "error_codes": [50173],
    "timestamp": "2026-11-21 22:26:40Z",
    "trace_id": "4c0b7a5e-6a51-4b62-9e58-0a2f6d8b1c00",
    "correlation_id": "1f2d3c4b-5a69-4788-9c7b-6d5e4f3a2b1c",
    "error_uri": "https://login.microsoftonline.com/error?code=50173",
    "suberror": "bad_token",
}


def of_token_endpoint(body: Any, status: int = 400) -> HttpAnswer:
    return HttpAnswer(status, {}, json.dumps(body).encode())


def test_a_real_error_is_read_in_all_its_parts() -> None:
    error = from_token_answer(of_token_endpoint(REAL))
    assert (error.error, error.suberror, error.numbers, error.status) == ("invalid_grant", "bad_token", (50173,), 400)
    assert (error.trace_id, error.correlation_id) == (REAL["trace_id"], REAL["correlation_id"])
    refusal = error.refusal()
    assert isinstance(refusal, LoginFailed)
    assert (refusal.reason, refusal.explanation) == ("code", "start_again")


def test_the_numbers_of_a_redirect_stand_in_its_text() -> None:
    answer = UpstreamAnswer("s", error="access_denied", error_description=str(REAL["error_description"]))
    error = from_redirect(answer)
    assert (error.numbers, error.trace_id, error.correlation_id) == (
        (50173,),
        REAL["trace_id"],
        REAL["correlation_id"],
    )


def test_a_number_chooses_the_words_and_the_error_word_chooses_what_happens() -> None:
    """Microsoft warns that numbers and texts may change (section 2.1)."""
    transient = from_token_answer(of_token_endpoint({"error": "temporarily_unavailable", "error_codes": [50057]}))
    assert isinstance(transient.refusal(), Busy)
    refused = from_token_answer(of_token_endpoint({"error": "invalid_grant", "error_codes": [90033]}))
    assert isinstance(refused.refusal(), LoginFailed)
    assert refused.refusal().explanation == "directory_busy"


def test_a_known_number_counts_before_an_unknown_one() -> None:
    error = from_token_answer(of_token_endpoint({"error": "invalid_grant", "error_codes": [12345, "50057", 50057]}))
    assert error.refusal().explanation == "account_disabled_upstream"


values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.lists(st.integers() | st.text(max_size=3))
)


@steady
@given(
    st.dictionaries(st.sampled_from(sorted(REAL)), values | st.sampled_from(sorted(map(str, REAL.values())))),
    st.integers(100, 599),
)
def test_whatever_the_token_endpoint_says_there_is_one_refusal_without_its_words(body: Any, status: int) -> None:
    error = from_token_answer(of_token_endpoint(body, status))
    refusal = error.refusal()
    assert isinstance(refusal, Busy | LoginFailed)
    assert len(error.description) <= 200
    assert refusal.detail.isascii()
    assert refusal.detail.isprintable()


@steady
@given(st.binary(max_size=100), st.integers(100, 599))
def test_a_body_that_is_no_json_is_a_broken_server(body: bytes, status: int) -> None:
    assert from_token_answer(HttpAnswer(status, {}, b"<" + body)).error == "server_error"


@steady
@given(st.text(max_size=60), st.text(max_size=300))
def test_whatever_a_browser_says_there_is_one_refusal_without_its_words(error: str, description: str) -> None:
    read = from_redirect(UpstreamAnswer("s", error=error, error_description=description))
    refusal = read.refusal()
    assert isinstance(refusal, Busy | LoginFailed)
    assert refusal.detail.isascii()
    assert refusal.detail.isprintable()
    assert read.description.isascii()
    assert read.description.isprintable()
