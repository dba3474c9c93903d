"""What is recorded is sealed, bounded, found again and forgotten; and whatever goes wrong, nobody hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import structlog

from broker.clock import ManualClock
from broker.entropy import SystemEntropy
from broker.explaining.pseudonyms import Pseudonyms
from broker.explaining.recorder import KIND, MOST_BYTES, Asked, Recorder, of_sign_in
from broker.explaining.redaction import Redaction
from broker.explaining.sign_ins import RecordedSignIns
from broker.jose.record_sealing import RecordSealer
from broker.store.state import StateStore, StateUnavailable
from broker.tracing import Outcome, Record, Step
from tests.support.people import NOW

KEEP = timedelta(days=7)
SEALING = RecordSealer(b"s" * 32, MOST_BYTES, SystemEntropy())
REDACTION = Redaction(Pseudonyms(b"k" * 32))
SIGN_IN = "7K2M-Q4XD"


class Place:
    """A store with its recorder and its reader."""

    def __init__(self, store: StateStore, clock: ManualClock, keep: timedelta = KEEP) -> None:
        self.clock = clock
        self.store = store
        self.recorder = Recorder(self.store, SEALING, REDACTION, self.clock, keep)
        self.sign_ins = RecordedSignIns(self.store, SEALING, self.clock, keep)
        self._refs = 0

    def record(self, sign_in: str = SIGN_IN, steps: Sequence[Step] = (), *, what: str = "GET /x", **sample: Any) -> str:
        """One request; its reference."""
        self._refs += 1
        ref = f"AAAA-{self._refs:04d}"
        repeats = what in ("GET /userinfo", "POST /token")
        self.recorder.keep(Record(sign_in, list(steps), sample), Asked(ref, what, self.clock.now(), 200, repeats))
        return ref

    def ids(self, limit: int = 10, organization: str | None = None) -> list[str]:
        found = self.sign_ins
        newest = found.recent(limit) if organization is None else found.of_organization(organization, limit)
        return [each.id for each in newest]


@pytest.fixture
def place(state_store: StateStore, clock: ManualClock) -> Place:
    return Place(state_store, clock)


def step(group: str, outcome: Outcome) -> Step:
    return Step("check", group, "enforcement", outcome)


def test_the_requests_of_a_sign_in_are_found_by_its_id_as_people_write_it_and_by_the_reference_of_each(
    place: Place,
) -> None:
    first = place.record(steps=[step("gate", "passed")], organization="aegean-foods")
    place.clock.advance(timedelta(seconds=1))
    place.record(steps=[step("session", "done")], application="connect")
    place.record("9999-9999")
    for written in (SIGN_IN, "7k2mq4xd", " 7K2M Q4XD ", first):
        found = place.sign_ins.of(written)
        assert found is not None
        assert found.id == SIGN_IN
        assert [each.ref for each in found.requests] == ["AAAA-0001", "AAAA-0002"]
        assert (found.organization, found.applications, found.verdict) == ("aegean-foods", ("connect",), "signed_in")
    for written in ("AAAA-AAAA", "", "no id", "7K2M-Q4XU", "../../etc"):
        assert place.sign_ins.of(written) is None


def test_a_request_that_belongs_to_no_sign_in_is_not_recorded_and_none_is_where_nothing_shall_be_kept(
    place: Place,
) -> None:
    place.record("")
    assert place.ids() == []
    off = Place(place.store, place.clock, timedelta(0))
    off.record()
    assert off.ids() == []
    assert off.sign_ins.of(SIGN_IN) is None


def test_it_expires(place: Place) -> None:
    ref = place.record(organization="aegean-foods")
    place.clock.advance(KEEP - timedelta(seconds=1))
    assert place.ids() == place.ids(organization="aegean-foods") == [SIGN_IN]
    place.clock.advance(timedelta(seconds=1))
    assert place.ids() == place.ids(organization="aegean-foods") == []
    assert place.sign_ins.of(SIGN_IN) is place.sign_ins.of(ref) is None


def test_it_is_sealed_for_the_sign_in_that_it_belongs_to(place: Place) -> None:
    place.record(organization="aegean-foods")
    (key,) = place.store.members(KIND, of_sign_in(SIGN_IN))
    sealed = place.store.get(KIND, key)
    assert sealed is not None
    assert b"aegean-foods" not in sealed
    # Under another id, or with another key, it is nothing.
    place.store.put(KIND, "9999-9999.x", sealed, KEEP, indexes=[of_sign_in("9999-9999")])
    assert place.sign_ins.of("9999-9999") is None
    assert (
        RecordedSignIns(place.store, RecordSealer(b"t" * 32, MOST_BYTES, SystemEntropy()), place.clock, KEEP).of(
            SIGN_IN
        )
        is None
    )
    assert place.sign_ins.of(SIGN_IN) is not None


def test_the_newest_come_first_over_hours_and_days_each_once(place: Place) -> None:
    for number in range(6):
        place.record(f"0000-000{number}", organization="aegean-foods" if number % 2 else "helios-shipping")
        place.clock.advance(timedelta(hours=17))
    place.record("0000-0001", organization="aegean-foods")  # It went on.
    assert place.ids() == ["0000-0001", "0000-0005", "0000-0004", "0000-0003", "0000-0002", "0000-0000"]
    assert place.ids(2) == ["0000-0001", "0000-0005"]
    assert place.ids(organization="aegean-foods") == ["0000-0001", "0000-0005", "0000-0003"]
    assert place.ids(2, organization="helios-shipping") == ["0000-0004", "0000-0002"]
    assert place.ids(organization="aegean") == []


def test_an_organisation_sees_nothing_of_another_in_a_sign_in_of_both(place: Place) -> None:
    place.record()
    refused = place.record(organization="helios-shipping", steps=[step("gate", "refused")])
    own = place.record(organization="aegean-foods", steps=[step("session", "done")])
    tokens = place.record(steps=[Step("hop", "connect", "code_exchanged", "done")])
    (seen,) = place.sign_ins.of_organization("aegean-foods", 5)
    assert [each.ref for each in seen.requests] == ["AAAA-0001", own, tokens]
    assert seen.applications == ("connect",)
    whole = place.sign_ins.of(SIGN_IN)
    assert whole is not None
    other = whole.seen_by("helios-shipping")
    assert other is not None
    assert [each.ref for each in other.requests] == ["AAAA-0001", refused]
    assert other.verdict == "refused"
    assert whole.seen_by("olive-grove") is None


def test_what_an_application_asks_again_and_again_is_kept_once_for_each_application(place: Place) -> None:
    place.record()
    for _ in range(5):
        place.record(what="GET /userinfo", application="connect")
        last = place.record(what="POST /token", application="connect")
        place.record(what="POST /token", application="other")
    found = place.sign_ins.of(SIGN_IN)
    assert found is not None
    assert len(found.requests) == 4
    assert last in [each.ref for each in found.requests]


def test_however_much_there_is_one_record_is_bounded_and_keeps_whose_it_is(place: Place) -> None:
    long = Step("rule", "admit", "staff", "passed", source="x" * 900, inputs={"claims.division": "y" * 900})
    claims = {f"claim{number}": ["z" * 1000] * 50 for number in range(60)}
    place.record(steps=[long] * 1000, organization="aegean-foods", application="connect", facts={"claims": claims})
    found = place.sign_ins.of(SIGN_IN)
    assert found is not None
    (request,) = found.requests
    assert request.is_cut
    assert request.steps
    assert (request.organization, request.application) == ("aegean-foods", "connect")
    assert "facts" not in found.sample
    (key,) = place.store.members(KIND, of_sign_in(SIGN_IN))
    assert len(place.store.get(KIND, key) or b"") < 90_000


class Faulty:
    """A store that does not answer, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def put(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        raise StateUnavailable("down")


def test_a_store_that_does_not_answer_is_logged_and_left_alone_for_a_while() -> None:
    clock, store = ManualClock(NOW), Faulty()
    recorder = Recorder(store, SEALING, REDACTION, clock, KEEP)  # type: ignore[arg-type]  # all that is asked of it
    with structlog.testing.capture_logs() as events:
        for _ in range(3):
            recorder.keep(Record(SIGN_IN), Asked("AAAA-0001", "GET /x", NOW, 200))
        assert store.asked == 1
        clock.advance(timedelta(seconds=10))
        recorder.keep(Record(SIGN_IN), Asked("AAAA-0001", "GET /x", NOW, 200))
    assert store.asked == 2
    assert [(each["event"], each["reason"], each["sign_in"]) for each in events] == [
        ("explanation_not_kept", "store", SIGN_IN)
    ] * 2


def test_a_record_that_cannot_be_written_is_logged_and_nothing_else() -> None:
    class Broken:
        def of(self, _: Record) -> None:
            raise RuntimeError("Eleni Markou")

    clock = ManualClock(NOW)
    recorder = Recorder(Faulty(), SEALING, Broken(), clock, KEEP)  # type: ignore[arg-type]  # all that is asked of them
    with structlog.testing.capture_logs() as events:
        recorder.keep(Record(SIGN_IN), Asked("AAAA-0001", "GET /x", NOW, 200))
    assert [each["reason"] for each in events] == ["error"]
