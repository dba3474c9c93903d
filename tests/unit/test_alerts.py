"""Trouble is told once for each change, to the operator and to the administrators, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from structlog.testing import capture_logs

from broker.alert_letters import SENTENCES, letter
from broker.alerts import Alerts
from broker.clock import ManualClock
from broker.identity import Subject
from broker.mail import Letter, NotSent
from broker.notices import AdministratorNotices
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state import StateStore
from broker.watching.directory import Trouble
from tests.support.directory import draft
from tests.support.people import AEGEAN, HELIOS, TENANT_A

PAGE = "https://broker.example/settings/security"


class Post:
    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refuses = False

    def send(self, letter: Letter) -> None:
        if self.refuses:
            raise NotSent("no server")
        self.letters.append(letter)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    location = tmp_path / "directory.sqlite"
    prepare_directory(location)
    with closing(open_records(location)) as opened:
        people = (("a", "administrator", "el"), ("b", "administrator", "en-GB"), ("c", "editor", "en"))
        for number, (name, role, language) in enumerate(people):
            subject = Subject.entra(TENANT_A, f"6e04f0f5-9b90-441b-91f5-c79656f22cc{number}")
            address = f"{name}@aegeanfoods.example"
            spoken = {"attributes": {"language": language}, "attribute_sources": {}}
            made = draft(id=name, subject=subject, email=address, role=role, **spoken)
            opened.directory.create_account(made)
        yield opened


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def alerts(records: Records, state_store: StateStore, clock: ManualClock, post: Post) -> Alerts:
    return Alerts(
        notices=AdministratorNotices(records.directory, post, link=PAGE, default_language="en"),
        audit=records.audit,
        state=state_store,
        mailer=post,
        clock=clock,
        page=PAGE,
    )


def test_administrators_read_of_trouble_in_their_language_and_nobody_else_does(alerts: Alerts, post: Post) -> None:
    with capture_logs() as log:
        alerts.trust_changed(AEGEAN, None, "consent_revoked")
    by_address = {letter.to: letter for letter in post.letters}
    assert by_address.keys() == {"a@aegeanfoods.example", "b@aegeanfoods.example"}
    assert SENTENCES["el"]["consent_revoked"] in by_address["a@aegeanfoods.example"].text
    assert SENTENCES["en"]["consent_revoked"] in by_address["b@aegeanfoods.example"].text
    assert PAGE in by_address["b@aegeanfoods.example"].text
    (event,) = log
    assert (event["event"], event["org"], event["reason"]) == ("federation_trouble", "aegean-foods", "consent_revoked")
    assert event["log_level"] == "error"
    assert "@" not in str(log)


def test_what_has_not_changed_is_not_told_again_and_its_end_is(alerts: Alerts, post: Post, records: Records) -> None:
    alerts.trust_changed(AEGEAN, "unreachable", "unreachable")
    alerts.trust_changed(AEGEAN, None, None)
    assert post.letters == []
    alerts.trust_changed(AEGEAN, "unreachable", None)
    assert len(post.letters) == 2
    assert [each.entry.event for each in records.audit.entries("aegean-foods")] == ["federation_recovered"]


def test_a_letter_that_cannot_be_sent_stops_nothing(alerts: Alerts, post: Post, records: Records) -> None:
    post.refuses = True
    alerts.trust_changed(AEGEAN, None, "app_disabled")
    assert [each.entry.event for each in records.audit.entries("aegean-foods")] == ["federation_trouble"]


def test_the_end_of_the_credential_is_told_30_14_7_and_1_days_before_once_each(
    alerts: Alerts, post: Post, clock: ManualClock
) -> None:
    ends_at = clock.now() + timedelta(days=40)
    told: list[tuple[int, int]] = []
    for day in range(42):
        for _ in range(3):
            with capture_logs() as log:
                alerts.credential_ends(ends_at, iter([AEGEAN, HELIOS]))
            told += [(day, len(post.letters)) for each in log if each["event"] == "upstream_credential_expires"]
        clock.advance(timedelta(days=1))
    assert told == [(10, 0), (26, 0), (33, 2), (39, 4)]


@pytest.mark.parametrize("language", SENTENCES)
def test_every_trouble_has_a_letter_in_every_language(language: str) -> None:
    for what in (*get_args(Trouble), "recovered", "credential_ends"):
        subject, text = letter(language, what, "Aegean Foods", PAGE, day="2027-06-30")
        assert subject.isprintable()
        assert PAGE in text
        assert "{" not in text
