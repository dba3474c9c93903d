"""Configuration and records read together, and every change seen at the next question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from broker.federation.live import LiveOrganizations
from broker.organizations import Organization
from broker.store.federations import (
    BreakGlassWindow,
    Changes,
    DomainRecord,
    Federation,
    OrganizationRecord,
    Recorded,
)
from tests.support.people import AEGEAN, LOCAL, NOW, TENANT_A, TENANT_B


@dataclass
class Records:
    """The part of the port that is read here: what was recorded, each with the number of its last change."""

    numbered: dict[str, tuple[int, Recorded]] = field(default_factory=dict)
    number: int = 0
    questions: list[int] = field(default_factory=list)

    def note(self, recorded: Recorded) -> None:
        self.number += 1
        self.numbered[recorded.name] = (self.number, recorded)

    def generation(self) -> int:
        return self.number

    def changes(self, after: int) -> Changes:
        self.questions.append(after)
        return Changes(self.number, tuple(r for n, r in self.numbered.values() if n > after))


def live(records: Records, declared: Sequence[Organization] = (AEGEAN, LOCAL)) -> LiveOrganizations:
    return LiveOrganizations(declared, records)  # type: ignore[arg-type]  # the writing part of the port is not asked


def shop(stage: str = "enforced", **changes: object) -> Recorded:
    federation = Federation(LOCAL.name, stage, 1, TENANT_B)  # type: ignore[arg-type]  # a word of the test's table
    return replace(Recorded(LOCAL.name, None, (), federation, None), **changes)  # type: ignore[arg-type]  # the same


def test_what_was_switched_is_seen_by_the_next_question_and_costs_one_reading() -> None:
    records = Records()
    organizations = live(records)
    assert organizations.current().owning_domain("cornershop.example").connection is None  # type: ignore[union-attr]
    records.note(shop())
    owner = organizations.current().owning_domain("cornershop.example")
    assert owner is not None
    assert owner.connection is not None
    assert (owner.connection.tenant_id, owner.epoch) == (TENANT_B, 1)
    assert organizations.bound_to_tenant(TENANT_B) == owner
    for _ in range(5):
        organizations.current()
    assert records.questions == [0]


def test_only_an_enforced_federation_closes_the_other_ways() -> None:
    for stage in ("connected", "tested", "disconnected"):
        records = Records()
        records.note(shop(stage))
        found = live(records).current().get(LOCAL.name)
        assert found is not None
        assert (found.connection, found.epoch) == (None, 1)


def test_a_connection_that_a_file_names_beats_a_recorded_one() -> None:
    records = Records()
    records.note(Recorded(AEGEAN.name, None, (), Federation(AEGEAN.name, "enforced", 4, TENANT_B), None))
    found = live(records).current().get(AEGEAN.name)
    assert found is not None
    assert found.connection is not None
    assert (found.connection.tenant_id, found.epoch) == (TENANT_A, 4)


def test_what_was_enforced_stays_enforced_when_its_file_no_longer_says_so() -> None:
    records = Records()
    records.note(Recorded(AEGEAN.name, None, (), Federation(AEGEAN.name, "enforced", 1, TENANT_A, declared=True), None))
    found = live(records, [replace(AEGEAN, connection=None, is_declared=False)]).current().get(AEGEAN.name)
    assert found is not None
    assert found.connection == AEGEAN.connection


def test_an_organisation_may_be_recorded_alone_with_the_domains_that_were_proved() -> None:
    records = Records()
    record = OrganizationRecord("cyclades-ferries", "Cyclades Ferries", "enterprise", "el", NOW)
    proved = DomainRecord("cyclades.example", "cyclades-ferries", "dns", NOW, NOW)
    taken = DomainRecord("aegeanfoods.example", "cyclades-ferries", "dns", NOW, NOW)
    records.note(Recorded("cyclades-ferries", record, (proved, taken), None, None))
    organizations = live(records).current()
    found = organizations.owning_domain("mail.cyclades.example")
    assert found is not None
    assert (found.name, found.plan, found.default_language) == ("cyclades-ferries", "enterprise", "el")
    owner = organizations.owning_domain("aegeanfoods.example")
    assert owner is not None
    assert owner.name == "aegean-foods", "a domain that a file gives to one organisation is no other's"


def test_a_break_glass_is_there_only_where_people_are_named() -> None:
    window = BreakGlassWindow(AEGEAN.name, NOW, NOW + timedelta(minutes=60), "operator", "drill")
    records = Records()
    records.note(Recorded(AEGEAN.name, None, (), None, window))
    organizations = live(records)
    found = organizations.current().get(AEGEAN.name)
    assert found is not None
    assert found.break_glass is None
    records.note(Recorded(AEGEAN.name, None, (), None, window, ("an-account",)))
    found = organizations.current().get(AEGEAN.name)
    assert found is not None
    assert found.break_glass is not None
    assert found.break_glass.is_open(NOW)
    assert not found.break_glass.is_open(NOW + timedelta(minutes=60))


def test_an_open_break_glass_is_for_those_alone_who_were_named_then_and_are_named_still() -> None:
    window = BreakGlassWindow(
        AEGEAN.name, NOW, NOW + timedelta(minutes=60), "operator", "drill", ("stays", "was-unnamed")
    )
    records = Records()
    records.note(Recorded(AEGEAN.name, None, (), None, window, ("stays", "named-later")))
    found = live(records).current().get(AEGEAN.name)
    assert found is not None
    assert found.break_glass is not None
    assert found.break_glass.people == ("stays",)


def test_a_database_that_was_put_back_while_we_ran_is_read_whole() -> None:
    records = Records()
    records.note(shop("connected"))
    records.note(shop())
    organizations = live(records)
    assert organizations.current().bound_to_tenant(TENANT_B) is not None
    records.number = 1
    records.numbered = {LOCAL.name: (1, shop("connected"))}
    assert organizations.current().bound_to_tenant(TENANT_B) is None
    assert records.questions == [0, 0]
