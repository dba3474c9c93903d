"""What the directory said at the last sign-in, remembered: of whom, for how long, and what unknown is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.admission import Admission, Evidence
from broker.clock import ManualClock
from broker.errors import Busy, NotAllowed
from broker.identity import Account
from broker.organizations import BREAK_GLASS, BreakGlass
from broker.remembered import RememberedFacts
from broker.store.state import StateStore, StateUnavailable
from tests.support.people import AEGEAN, HELIOS, NOW, FixedOrganizations, account, authentication, fixed_gate
from tests.support.rules import STAFF, facts

OWN = "entra:aegean-foods"
LIFETIME = timedelta(days=31)


@pytest.fixture
def remembered(state_store: StateStore) -> RememberedFacts:
    return RememberedFacts(state_store, LIFETIME)


def admitted(known: Account | None = None) -> Admission:
    return fixed_gate().admit(Evidence.fresh(authentication(), known or account(), None))


def test_it_is_what_was_said_last_word_for_word(remembered: RememberedFacts) -> None:
    assert remembered.of(account(), OWN) is None
    first = facts(groups=(STAFF,), claims={"acct": 0, "roles": ("x",), "ratio": 0.5, "named": "Μαρία"})
    remembered.remember(admitted(), account(), first)
    assert remembered.of(account(), OWN) == first
    unknown = facts(groups=None)
    remembered.remember(admitted(), account(), unknown)
    assert remembered.of(account(), OWN) == unknown, "unknown groups stay unknown, and are not none"


def test_it_counts_for_the_same_way_in_and_the_same_epoch(remembered: RememberedFacts) -> None:
    remembered.remember(admitted(), account(), facts())
    assert remembered.of(account(), "entra:elsewhere") is None
    assert remembered.of(account(epoch=1), OWN) is None
    assert remembered.of(account(id="0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0002"), OWN) is None


def test_it_ends_by_itself(remembered: RememberedFacts, clock: ManualClock) -> None:
    remembered.remember(admitted(), account(), facts())
    clock.advance(LIFETIME - timedelta(seconds=1))
    assert remembered.of(account(), OWN) is not None
    clock.advance(timedelta(seconds=1))
    assert remembered.of(account(), OWN) is None


def test_only_what_an_admitted_person_said_is_kept(remembered: RememberedFacts) -> None:
    with pytest.raises(NotAllowed):
        remembered.remember(admitted(), account(id="0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0002"), facts())
    with pytest.raises(NotAllowed):
        remembered.remember(admitted(), account(), facts(connection="entra:helios-shipping"))


def test_the_break_glass_leaves_what_the_directory_said(remembered: RememberedFacts) -> None:
    remembered.remember(admitted(), account(), facts(groups=(STAFF,)))
    glass = BreakGlass((account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=1))
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, break_glass=glass), HELIOS]))
    through = authentication(connection=BREAK_GLASS)
    admission = gate.admit(Evidence.fresh(through, account(), None))
    remembered.remember(admission, account(), facts(connection=BREAK_GLASS))
    assert remembered.of(account(), OWN) == facts(groups=(STAFF,))
    assert remembered.of(account(), BREAK_GLASS) is None


def test_an_ending_forgets_what_was_said_before_it(remembered: RememberedFacts) -> None:
    remembered.remember(admitted(), account(), facts())
    remembered.forget(account().id, 0)
    assert remembered.of(account(), OWN) is not None, "said in this very epoch"
    remembered.forget(account().id, 1)
    assert remembered.of(account(), OWN) is None
    remembered.forget(account().id, None)
    after = account(epoch=1)
    remembered.remember(admitted(after), after, facts())
    remembered.forget(after.id, 1)
    assert remembered.of(after, OWN) is not None


def test_what_another_version_wrote_is_unknown(remembered: RememberedFacts, state_store: StateStore) -> None:
    state_store.put("facts", account().id, b'{"epoch": 0, "facts": {"groups": "all"}}', LIFETIME)
    assert remembered.of(account(), OWN) is None
    remembered.forget(account().id, 0)
    assert remembered.of(account(), OWN) is None


def test_a_store_that_does_not_answer_is_no_answer() -> None:
    class Down:
        def get(self, *_: str) -> bytes:
            raise StateUnavailable("down")

    with pytest.raises(Busy):
        RememberedFacts(Down(), LIFETIME).of(account(), OWN)  # type: ignore[arg-type]  # one of its methods is asked

