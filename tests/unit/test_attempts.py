"""An attempt is under one state at a time, is taken once, and ends in time; a ticket names one organisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.attempts import (
    LIFETIME,
    OPERATOR,
    TICKET_LIFETIME,
    Attempt,
    Attempts,
    Found,
    Starter,
    same_starter,
    ticket_in,
)
from broker.clock import ManualClock
from broker.errors import LoginFailed, NotAllowed
from broker.store.state import StateStore
from tests.support.entropy import SeededEntropy

DESPINA = Starter("cyclades-ferries", "account-1", "sid-1")


@pytest.fixture
def attempts(state_store: StateStore, clock: ManualClock, entropy: SeededEntropy) -> Attempts:
    return Attempts(state_store, clock, entropy)


def begun(attempts: Attempts) -> Attempt:
    leg = attempts.new_leg("entra:cyclades-ferries", "cyclades-ferries", None, "https://broker.example/back")
    return Attempt(DESPINA, "sign_in", attempts.expires_at(), leg)


def test_it_comes_back_whole_and_once(attempts: Attempts) -> None:
    attempt = begun(attempts)
    state = attempts.put(attempt)
    assert attempts.take(state) == attempt
    with pytest.raises(LoginFailed) as caught:
        attempts.take(state)
    assert (caught.value.reason, caught.value.explanation) == ("state", "connecting_expired")


def test_each_leg_has_secrets_and_a_state_of_its_own(attempts: Attempts) -> None:
    first, second = begun(attempts), begun(attempts)
    assert first.leg is not None
    assert second.leg is not None
    values = {first.leg.nonce, first.leg.code_verifier, second.leg.nonce, second.leg.code_verifier}
    assert len(values) == 4
    assert all(len(value) >= 43 for value in values), "RFC 7636 section 4.1"
    assert attempts.put(first) != attempts.put(second)


def test_no_step_prolongs_it(attempts: Attempts, clock: ManualClock) -> None:
    attempt = begun(attempts)
    clock.advance(LIFETIME - timedelta(seconds=1))
    state = attempts.put(replace(attempt, step="consent"))
    clock.advance(timedelta(seconds=1))
    with pytest.raises(LoginFailed):
        attempts.take(state)
    with pytest.raises(LoginFailed):
        attempts.put(attempt)


def test_whoever_comes_back_is_compared_in_every_part() -> None:
    assert same_starter(DESPINA, replace(DESPINA))
    for change in ({"organization": "x"}, {"started_by": "x"}, {"bound_to": "x"}, {"bound_to": "Δ"}):
        assert not same_starter(replace(DESPINA, **change), DESPINA)


def test_a_ticket_is_for_one_organization_and_a_day(attempts: Attempts, clock: ManualClock) -> None:
    ticket = attempts.new_ticket("cyclades-ferries")
    cookie = attempts.ticket_cookie(ticket)
    assert ticket_in(cookie) == ticket
    holder = attempts.holder(cookie)
    assert (holder.organization, holder.started_by, holder.by_ticket) == ("cyclades-ferries", OPERATOR, True)
    assert holder.bound_to != attempts.holder(attempts.ticket_cookie(ticket)).bound_to
    for wrong in ("", ".", ticket, f"x.{ticket}x", f"x.y.{ticket}"):
        with pytest.raises(NotAllowed):
            attempts.holder(wrong)
    clock.advance(TICKET_LIFETIME)
    with pytest.raises(NotAllowed) as caught:
        attempts.ticket_organization(ticket)
    assert caught.value.explanation == "ticket_ended"


def test_what_a_test_showed_is_for_the_browser_that_tested(attempts: Attempts) -> None:
    found = Found("oid", "Nefeli Drakou", "nefeli@cyclades-ferries.example", {"job_title": "Captain"})
    attempts.keep_found(DESPINA, found)
    assert attempts.found(DESPINA) == found
    assert attempts.found(replace(DESPINA, bound_to="sid-2")) is None
