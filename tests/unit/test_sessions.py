"""Our own sessions (threats SS-01, SS-04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.admission import Admission, Evidence
from broker.clock import ManualClock
from broker.entropy import Entropy, digest
from broker.errors import NotAllowed
from broker.identity import Subject
from broker.organizations import BREAK_GLASS, BreakGlass
from broker.sessions import Lifetimes, Sessions
from broker.store.state import StateStore
from tests.support.people import AEGEAN, NOW, TENANT_A, FixedOrganizations, account, authentication, fixed_gate

IDLE, ABSOLUTE = timedelta(minutes=60), timedelta(hours=12)
gate = fixed_gate()


@pytest.fixture
def sessions(state_store: StateStore, clock: ManualClock, entropy: Entropy) -> Sessions:
    return Sessions(state_store, clock, entropy, Lifetimes(IDLE, ABSOLUTE))


def admission() -> Admission:
    return gate.admit(Evidence.fresh(authentication(), account(), None))


def opened(sessions: Sessions, replaced: str | None = None) -> str:
    return sessions.open(admission(), account(), authentication(), replaced)[1]


def test_an_opened_session_is_found_by_its_handle_and_live_by_its_sid(sessions: Sessions) -> None:
    session, handle = sessions.open(admission(), account(), authentication(), None)
    dormant = sessions.find(handle)
    assert dormant is not None
    assert dormant.facts == session
    assert session.sid == digest(handle)
    assert sessions.live(session.sid)
    assert sessions.find(session.sid) is None, "the public name is no way in"


def test_ss_01_a_new_session_ends_the_one_it_replaces(sessions: Sessions) -> None:
    first = opened(sessions)
    second = opened(sessions, digest(first))
    assert first != second
    assert sessions.find(first) is None
    assert sessions.find(second) is not None


def test_it_ends_when_idle(sessions: Sessions, clock: ManualClock) -> None:
    handle = opened(sessions)
    clock.advance(IDLE - timedelta(seconds=1))
    assert sessions.find(handle)
    clock.advance(timedelta(seconds=1))
    assert sessions.find(handle) is None


def test_use_keeps_it_awake_but_not_beyond_the_absolute_end(sessions: Sessions, clock: ManualClock) -> None:
    handle = opened(sessions)
    for _ in range(15):
        clock.advance(timedelta(minutes=45))
        dormant = sessions.find(handle)
        assert dormant is not None
        sessions.resume(admission(), dormant)
    clock.advance(timedelta(minutes=44))
    assert sessions.find(handle)
    clock.advance(timedelta(minutes=1))
    assert sessions.find(handle) is None


def test_an_ended_session_is_gone(sessions: Sessions) -> None:
    session, handle = sessions.open(admission(), account(), authentication(), None)
    assert sessions.end(handle)
    assert not sessions.end(handle)
    assert not sessions.live(session.sid)


def test_an_admission_of_somebody_else_opens_and_wakes_nothing(sessions: Sessions) -> None:
    other = account(id="another", subject=Subject.entra(TENANT_A, "91fab1d9-0e5f-4b25-8784-d678371b6f47"))
    elsewhere = gate.admit(Evidence.fresh(authentication(subject=other.subject), other, None))
    with pytest.raises(NotAllowed):
        sessions.open(elsewhere, account(), authentication(), None)
    dormant = sessions.find(opened(sessions))
    assert dormant is not None
    with pytest.raises(NotAllowed):
        sessions.resume(elsewhere, dormant)


def test_a_session_is_opened_for_an_account_that_exists_only(sessions: Sessions) -> None:
    before = gate.admit(Evidence.fresh(authentication(), None, None))
    with pytest.raises(NotAllowed):
        sessions.open(before, account(), authentication(), None)


def test_how_and_when_the_person_proved_themselves_stays_with_the_session(sessions: Sessions) -> None:
    said = replace(authentication(), acr="urn:pobuca:acr:mfa", amr=("mfa",), authenticated_at=None)
    session, _ = sessions.open(admission(), account(), said, None)
    assert (session.acr, session.amr, session.authenticated_at) == ("urn:pobuca:acr:mfa", ("mfa",), None)


def test_a_session_of_an_earlier_epoch_is_not_woken_by_an_admission_of_now(sessions: Sessions) -> None:
    session, handle = sessions.open(admission(), account(), authentication(), None)
    later = fixed_gate(FixedOrganizations([replace(AEGEAN, epoch=1)]))
    now = later.admit(Evidence.fresh(authentication(), account(), None))
    dormant = sessions.find(handle)
    assert dormant is not None
    with pytest.raises(NotAllowed):
        sessions.resume(now, dormant)
    reopened, _ = sessions.open(now, account(), authentication(), session.sid)
    assert (session.stamp.organization, reopened.stamp.organization) == (0, 1)


def test_the_sessions_of_an_account_and_of_an_organisation_can_be_named_and_ended(sessions: Sessions) -> None:
    first, handle = sessions.open(admission(), account(), authentication(), None)
    second, _ = sessions.open(admission(), account(), authentication(), None)
    assert sessions.of_account(account().id) == {first.sid, second.sid}
    assert sessions.of_organization("aegean-foods") == {first.sid, second.sid}
    assert sessions.of_organization("helios-shipping") == frozenset()
    assert sessions.end_named(first.sid)
    assert sessions.find(handle) is None
    assert sessions.live(second.sid)


def test_a_session_through_the_break_glass_ends_with_its_window_however_it_is_used(
    sessions: Sessions, clock: ManualClock
) -> None:
    glass = BreakGlass((account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=20))
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, break_glass=glass)]))
    through = authentication(connection=BREAK_GLASS)
    granted = gate.admit(Evidence.fresh(through, account(), None))
    session, handle = sessions.open(granted, account(), through, None)
    assert session.expires_at == glass.closes_at
    clock.advance(timedelta(minutes=19))
    dormant = sessions.find(handle)
    assert dormant is not None
    sessions.resume(granted, dormant)
    clock.advance(timedelta(minutes=1))
    assert sessions.find(handle) is None
