"""Unfinished flows: one browser, once, ten minutes (threats G2, UO-13, DO-26)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.entropy import Entropy
from broker.errors import LoginFailed
from broker.store.state import StateStore
from broker.transactions import LIFETIME, Demand, LoginCookie, Transactions
from tests.support.people import AEGEAN, NOW, login_request

assert AEGEAN.connection is not None
DEMAND = Demand(AEGEAN.connection, "https://sign-in.example/callback", "eleni@aegeanfoods.example", None, NOW, "sid-0")


@pytest.fixture
def transactions(state_store: StateStore, clock: ManualClock, entropy: Entropy) -> Transactions:
    return Transactions(state_store, clock, entropy)


def jar(*cookies: LoginCookie) -> dict[str, str]:
    return {cookie.suffix: cookie.value for cookie in cookies}


def test_the_browser_that_started_it_finishes_it_once(transactions: Transactions) -> None:
    cookie = transactions.new_cookie()
    state, opened = transactions.open(login_request(), DEMAND, cookie)
    assert transactions.take(state, jar(cookie)) == opened
    assert opened.tenant_id == AEGEAN.connection.tenant_id if AEGEAN.connection else False
    assert (opened.previous_authentication, opened.replaced_sid) == (NOW, "sid-0")
    with pytest.raises(LoginFailed, match="state"):
        transactions.take(state, jar(cookie))


def test_another_browser_finishes_nothing_and_uses_it_up(transactions: Transactions) -> None:
    cookie, stranger = transactions.new_cookie(), transactions.new_cookie()
    for present in ({}, jar(stranger), {cookie.suffix: stranger.value}):
        state, _ = transactions.open(login_request(), DEMAND, cookie)
        with pytest.raises(LoginFailed, match="state"):
            transactions.take(state, present)
        with pytest.raises(LoginFailed, match="state"):
            transactions.take(state, jar(cookie))


def test_a_page_on_the_way_may_look_at_it_in_its_own_browser_and_uses_nothing_up(
    transactions: Transactions, clock: ManualClock
) -> None:
    cookie, stranger = transactions.new_cookie(), transactions.new_cookie()
    state, opened = transactions.open(login_request(), DEMAND, cookie)
    assert transactions.peek(state, jar(cookie)) == transactions.peek(state, jar(cookie)) == opened
    for present in ({}, jar(stranger), {cookie.suffix: stranger.value}):
        with pytest.raises(LoginFailed, match="state"):
            transactions.peek(state, present)
    clock.advance(LIFETIME)
    with pytest.raises(LoginFailed, match="state"):
        transactions.peek(state, jar(cookie))
    taken, _ = transactions.open(login_request(), DEMAND, cookie)
    transactions.take(taken, jar(cookie))
    with pytest.raises(LoginFailed, match="state"):
        transactions.peek(taken, jar(cookie))


def test_parallel_logins_of_one_browser_do_not_disturb_each_other(transactions: Transactions) -> None:
    first, second = transactions.new_cookie(), transactions.new_cookie()
    one, _ = transactions.open(login_request(party="one"), DEMAND, first)
    two, _ = transactions.open(login_request(party="two"), DEMAND, second)
    both = jar(first, second)
    assert transactions.take(two, both).request.party == "two"
    assert transactions.take(one, both).request.party == "one"


@pytest.mark.parametrize("state", ["", "x", "\ud800", "a" * 10_000, "../../x", "\x00"])
def test_a_made_up_state_is_nothing(transactions: Transactions, state: str) -> None:
    with pytest.raises(LoginFailed, match="state"):
        transactions.take(state, {})


def test_it_lives_ten_minutes(transactions: Transactions, clock: ManualClock) -> None:
    cookie = transactions.new_cookie()
    early, _ = transactions.open(login_request(), DEMAND, cookie)
    late, _ = transactions.open(login_request(), DEMAND, cookie)
    clock.advance(LIFETIME - timedelta(milliseconds=1))
    assert transactions.take(early, jar(cookie))
    clock.advance(timedelta(milliseconds=1))
    with pytest.raises(LoginFailed, match="state"):
        transactions.take(late, jar(cookie))


def test_a_pending_login_can_be_read_again_by_its_own_browser_only(transactions: Transactions) -> None:
    cookie = transactions.new_cookie()
    handle = transactions.pend(login_request(), cookie)
    assert transactions.pending(handle, jar(cookie))[0] == transactions.pending(handle, jar(cookie))[0]
    with pytest.raises(LoginFailed, match="state"):
        transactions.pending(handle, jar(transactions.new_cookie()))


def test_a_handle_and_a_state_are_not_each_other(transactions: Transactions) -> None:
    cookie = transactions.new_cookie()
    handle = transactions.pend(login_request(), cookie)
    with pytest.raises(LoginFailed, match="state"):
        transactions.take(handle, jar(cookie))
