"""What is ended is ended everywhere, once, and whoever dies in the middle is followed by another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.admission import Evidence
from broker.clock import ManualClock
from broker.downstream.responder import Responder
from broker.endings import Endings, EndingsSweep
from broker.entropy import Entropy
from broker.errors import PartyError
from broker.identity import Account
from broker.messages import LoginRequest, LoginResult, Redirect, Reply
from broker.sessions import Lifetimes, Sessions
from broker.store.directory import Directory
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state import StateStore, StateUnavailable
from tests.support.directory import draft
from tests.support.people import AEGEAN, FixedOrganizations, authentication, fixed_gate


class Hearing:
    """A responder that notes what it is told, and may be out of order for a while."""

    name = "hearing"

    def __init__(self) -> None:
        self.told: list[str] = []
        self.faults = 0
        self.poison: str | None = None

    def reply(self, result: LoginResult) -> Reply:  # noqa: ARG002 - the port's signature
        return Redirect("https://app.example")

    def refuse(self, request: LoginRequest, error: PartyError) -> Reply:  # noqa: ARG002 - the port's signature
        return Redirect("https://app.example")

    def session_ended(self, sid: str) -> None:
        self.told.append(f"session {sid}")

    def person_ended(self, account_id: str) -> None:
        if account_id == self.poison:
            raise RuntimeError("a bug")
        if self.faults:
            self.faults -= 1
            raise StateUnavailable("gone")
        self.told.append(f"person {account_id}")

    def organization_ended(self, organization: str) -> None:
        self.told.append(f"organization {organization}")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    location = tmp_path / "directory.sqlite"
    prepare_directory(location)
    with closing(open_records(location)) as opened:
        yield opened


@pytest.fixture
def account(records: Records) -> Account:
    return records.directory.create_account(draft())[0]


@pytest.fixture
def sessions(state_store: StateStore, clock: ManualClock, entropy: Entropy) -> Sessions:
    return Sessions(state_store, clock, entropy, Lifetimes(timedelta(hours=1), timedelta(hours=12)))


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


@pytest.fixture
def endings(
    records: Records, state_store: StateStore, sessions: Sessions, clock: ManualClock, hearing: Hearing
) -> Endings:
    return made(records, state_store, sessions, clock, hearing)


def made(
    records: Records,
    state: StateStore,
    sessions: Sessions,
    clock: ManualClock,
    hearing: Responder,
    epoch: int = 0,
) -> Endings:
    endings = Endings(
        standings=records.standings,
        audit=records.audit,
        directory=records.directory,
        organizations=FixedOrganizations([replace(AEGEAN, epoch=epoch)]),
        sessions=sessions,
        state=state,
        clock=clock,
    )
    endings.register(hearing)
    return endings


def opened(sessions: Sessions, directory: Directory, account_id: str) -> str:
    account = directory.account(account_id)
    assert account is not None
    admission = fixed_gate().admit(Evidence.fresh(authentication(), account, None))
    return sessions.open(admission, account, authentication(), None)[0].sid


def events(records: Records) -> list[str]:
    return [each.entry.event for each in records.audit.entries()]


def test_an_account_is_ended_with_its_sessions_and_everybody_hears_once(
    endings: Endings, records: Records, sessions: Sessions, account: Account, hearing: Hearing, clock: ManualClock
) -> None:
    sid = opened(sessions, records.directory, account.id)
    noticed = clock.now() - timedelta(seconds=3)
    ending = endings.end_account(account.id, "disabled", noticed)
    assert ending is not None
    assert not sessions.live(sid)
    assert hearing.told == [f"person {account.id}"]
    assert events(records) == ["account_ended", "ending_carried_out"]
    assert records.standings.endings() == []
    detail = records.audit.entries()[0].entry.detail
    assert detail is not None
    assert detail["noticed_at"] == noticed.isoformat(timespec="milliseconds")
    assert endings.carry_out() == 0
    assert hearing.told == [f"person {account.id}"]


def test_nobody_is_ended_who_is_not_there(endings: Endings, records: Records, clock: ManualClock) -> None:
    assert endings.end_account("nobody", "disabled", clock.now()) is None
    assert events(records) == []


def test_one_that_was_cut_short_is_done_again_by_the_next(
    endings: Endings, records: Records, sessions: Sessions, account: Account, hearing: Hearing, clock: ManualClock
) -> None:
    sid = opened(sessions, records.directory, account.id)
    hearing.faults = 1
    endings.end_account(account.id, "disabled", clock.now())
    assert sessions.live(sid), "the store failed before"
    assert endings.carry_out() == 0, "its worker may still be at it"
    clock.advance(timedelta(minutes=1))
    assert endings.carry_out() == 1
    assert not sessions.live(sid)
    assert hearing.told == [f"person {account.id}"]
    assert events(records) == ["account_ended", "ending_carried_out"]


def test_one_that_cannot_be_carried_out_does_not_hold_up_the_others(
    endings: Endings, records: Records, account: Account, hearing: Hearing, clock: ManualClock
) -> None:
    subject = replace(account.subject, identifier="6e04f0f5-9b90-441b-91f5-c79656f22cce")
    other, _ = records.directory.create_account(draft(id="another", subject=subject))
    hearing.poison = account.id
    records.standings.end_account(account.id, "disabled", clock.now())
    clock.advance(timedelta(seconds=1))
    records.standings.end_account(other.id, "disabled", clock.now())
    assert endings.carry_out() == 1
    assert hearing.told == [f"person {other.id}"]
    assert [ending.name for ending in records.standings.endings()] == [account.id]


def test_of_two_workers_one_carries_it_out(
    records: Records,
    state_store: StateStore,
    sessions: Sessions,
    clock: ManualClock,
    account: Account,
    hearing: Hearing,
) -> None:
    records.standings.end_account(account.id, "disabled", clock.now())
    workers = [made(records, state_store, sessions, clock, hearing) for _ in range(4)]
    counts: list[int] = []
    together = threading.Barrier(len(workers))

    def work(endings: Endings) -> None:
        together.wait()
        counts.append(endings.carry_out())

    threads = [threading.Thread(target=work, args=(each,)) for each in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 1
    assert hearing.told == [f"person {account.id}"]


def test_a_session_that_was_opened_since_stays(
    endings: Endings, records: Records, sessions: Sessions, account: Account, clock: ManualClock
) -> None:
    before = opened(sessions, records.directory, account.id)
    records.standings.end_account(account.id, "sessions_revoked", clock.now())
    after = opened(sessions, records.directory, account.id)
    endings.carry_out()
    assert not sessions.live(before)
    assert sessions.live(after)


def test_an_organisation_is_ended_with_the_sessions_of_its_people(
    records: Records,
    state_store: StateStore,
    sessions: Sessions,
    account: Account,
    hearing: Hearing,
    clock: ManualClock,
) -> None:
    before = opened(sessions, records.directory, account.id)
    spared = made(records, state_store, sessions, clock, hearing)
    records.federations.declare("aegean-foods", "5b5e363c-6ca9-4f41-8070-9565fe497145", clock.now())
    (noted,) = records.standings.endings()
    assert noted.kind == "organization"
    endings = made(records, state_store, sessions, clock, hearing, epoch=1)
    assert endings.carry_out() == 1
    assert spared.carry_out() == 0
    assert hearing.told == ["organization aegean-foods"]
    assert not sessions.live(before)


def test_the_background_carries_out_what_is_left_and_survives_a_fault(
    endings: Endings, records: Records, account: Account, clock: ManualClock
) -> None:
    done = threading.Semaphore(0)
    carry_out, faults = endings.carry_out, [StateUnavailable("busy")]

    class Watched(Endings):
        def __init__(self) -> None:
            """Only what the sweep asks for."""

        def carry_out(self) -> int:
            if faults:
                raise faults.pop()
            count = carry_out()
            if count:
                done.release()
            return count

    records.standings.end_account(account.id, "disabled", clock.now())
    sweep = EndingsSweep(Watched(), timedelta(milliseconds=1))
    sweep.start()
    assert done.acquire(timeout=30)
    sweep.stop()
    assert records.standings.endings() == []
