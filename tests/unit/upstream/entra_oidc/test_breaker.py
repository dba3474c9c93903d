"""An upstream that does not answer is left alone for a moment, each connection for itself (threats UO-24)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.errors import Busy
from broker.upstream.entra_oidc.breaker import CircuitBreaker
from tests.support.people import NOW

PAUSE = timedelta(seconds=10)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    made = CircuitBreaker(clock)
    for _ in range(5):
        made.enter("a")
        made.failed("a")
    return made


def rests(breaker: CircuitBreaker, connection: str = "a") -> bool:
    try:
        breaker.check(connection)
    except Busy as error:
        return (error.reason, error.explanation) == ("upstream_down", "upstream_down")
    return False


def test_five_failures_in_a_row_make_a_connection_rest_and_no_other(breaker: CircuitBreaker) -> None:
    assert rests(breaker)
    assert not rests(breaker, "b")
    with pytest.raises(Busy) as caught:
        breaker.enter("a")
    assert caught.value.retry_after_seconds == 10
    breaker.enter("b")


def test_a_success_in_between_starts_the_count_anew(clock: ManualClock) -> None:
    breaker = CircuitBreaker(clock)
    for _ in range(3):
        for _ in range(4):
            breaker.failed("a")
        breaker.succeeded("a")
    assert not rests(breaker)


def test_after_the_rest_one_goes_first_and_the_others_wait_for_what_it_finds(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    clock.advance(PAUSE)
    assert not rests(breaker)
    breaker.enter("a")
    with pytest.raises(Busy):
        breaker.enter("a")
    breaker.succeeded("a")
    breaker.enter("a")
    assert not rests(breaker)


def test_if_the_first_one_fails_it_rests_again(breaker: CircuitBreaker, clock: ManualClock) -> None:
    clock.advance(PAUSE)
    breaker.enter("a")
    breaker.failed("a")
    assert rests(breaker)


def test_a_clock_that_jumps_back_keeps_nobody_out(breaker: CircuitBreaker, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=-1))
    assert not rests(breaker)
    breaker.enter("a")
