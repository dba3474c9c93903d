"""What happens to the break-glass when something that it stands on does not work: it stays shut, or it stays loud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.glass.alarm import Alarm
from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.mail import Letter, NotSent
from broker.store.audit import ChainedEntry, Entry
from broker.store.credentials import Passkey
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state import StateStore
from tests.support.directory import draft
from tests.support.opening import state_store
from tests.support.people import AEGEAN, NOW, FixedOrganizations

ELENI = draft().id


@dataclass(slots=True)
class Post:
    """A mailer that may be broken."""

    broken: bool = False
    sent: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        if self.broken:
            raise NotSent("no server")
        self.sent.append(letter)


class Silent:
    """An audit trail that takes nothing in."""

    def __init__(self, records: Records) -> None:
        self.entries = records.audit.entries

    def add(self, entry: Entry) -> ChainedEntry:
        raise DirectoryUnavailable(entry.event)


@dataclass(slots=True)
class Stand:
    """One administrator, named and rehearsed a moment ago."""

    records: Records
    state: StateStore
    post: Post
    clock: ManualClock

    @property
    def alarm(self) -> Alarm:
        return Alarm(
            mailer=self.post,
            directory=self.records.directory,
            organizations=FixedOrganizations(),
            public_url="https://sign-in.pobuca.example",
        )

    def windows(self, *, recorded: bool = True) -> Windows:
        records = self.records
        return Windows(
            organizations=FixedOrganizations(),
            federations=records.federations,
            credentials=records.credentials,
            directory=records.directory,
            audit=records.audit if recorded else Silent(records),  # type: ignore[arg-type]  # what is asked of it
            alarm=self.alarm,
            clock=self.clock,
        )


@pytest.fixture
def stand(tmp_path: Path, clock: ManualClock) -> Iterator[Stand]:
    prepare_directory(tmp_path / "d.sqlite")
    with (
        closing(open_records(tmp_path / "d.sqlite")) as records,
        closing(state_store(tmp_path / "s.sqlite", clock)) as state,
    ):
        records.directory.create_account(draft(role="administrator"))
        made = Stand(records, state, Post(), clock)
        made.windows().name(AEGEAN.name, ELENI, "operator")
        records.credentials.add_passkey(Passkey("Y3JlZA", ELENI, "Blue key", "a2V5", 3, NOW, NOW))
        made.post.sent.clear()
        yield made


def test_an_opening_that_the_trail_does_not_tell_of_is_none(stand: Stand) -> None:
    with pytest.raises(DirectoryUnavailable):
        stand.windows(recorded=False).open(AEGEAN.name, timedelta(minutes=60), "drill", "operator")
    assert stand.windows().window(AEGEAN.name) is None
    assert stand.post.sent == []
    assert stand.windows().open(AEGEAN.name, timedelta(minutes=60), "drill", "operator").people == (ELENI,)
    assert [letter.to for letter in stand.post.sent] == [draft().email]


def test_letters_that_cannot_be_sent_keep_nobody_from_opening(stand: Stand) -> None:
    stand.post.broken = True
    assert stand.windows().open(AEGEAN.name, timedelta(minutes=60), "drill", "operator").people == (ELENI,)
    assert stand.windows().window(AEGEAN.name) is not None


def test_a_named_person_is_told_where_to_register(stand: Stand) -> None:
    account = stand.records.directory.account(ELENI)
    assert account is not None
    stand.alarm.named(account)
    assert len(stand.post.sent) == 1
    assert "https://sign-in.pobuca.example/break-glass/passkeys" in stand.post.sent[0].text


def test_a_deactivated_person_is_not_ready_and_not_named(stand: Stand) -> None:
    (person,) = stand.windows().named(AEGEAN.name)
    assert person.ready
    stand.records.directory.set_active(ELENI, False)
    (person,) = stand.windows().named(AEGEAN.name)
    assert not person.ready


def test_reminders_are_for_organisations_that_have_a_break_glass(stand: Stand) -> None:
    reminders = Reminders(
        windows=stand.windows(),
        organizations=FixedOrganizations(),  # None of them has one, as these values stand.
        audit=stand.records.audit,
        alarm=stand.alarm,
        state=stand.state,
        clock=stand.clock,
    )
    stand.clock.advance(timedelta(days=80))
    assert reminders.remind() == 0
