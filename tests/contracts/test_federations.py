"""The contract of ``Federations``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.identity import Subject
from broker.store.federations import (
    BreakGlassWindow,
    Changes,
    Disconnection,
    DomainClaim,
    DomainRecord,
    DomainTaken,
    Federation,
    Federations,
    OrganizationRecord,
    OutOfStep,
    Recorded,
    TenantTaken,
)
from broker.store.records import Records
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import consent, draft, make_tested, order, own_draft, password_record, tenant, tried
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B

LATER = NOW + timedelta(days=30, microseconds=3)
AEGEAN = "aegean-foods"
HELIOS = "helios-shipping"


@pytest.fixture
def federations(records: Records) -> Federations:
    return records.federations


def a_record(name: str = AEGEAN, **changes: object) -> OrganizationRecord:
    base = OrganizationRecord(name, "Aegean Foods Α.Ε.", "enterprise", "el", LATER)
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields of the test's own table


def a_domain(domain: str = "aegeanfoods.example", organization: str = AEGEAN, **changes: object) -> DomainRecord:
    base = DomainRecord(domain, organization, "dns", NOW, NOW)
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields of the test's own table


def a_window(organization: str = AEGEAN, **changes: object) -> BreakGlassWindow:
    base = BreakGlassWindow(organization, NOW, LATER, "operator", "Microsoft is down", ("anna", "eleni"))
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields of the test's own table


# --- generations ------------------------------------------------------------------------------------------------------


def test_nothing_recorded_is_generation_0(federations: Federations) -> None:
    assert federations.generation() == 0
    assert federations.changes(0) == Changes(0, ())
    assert federations.recorded(AEGEAN) == Recorded(AEGEAN, None, (), None, None, ())


CHANGES: dict[str, tuple[Callable[[Federations], object], Callable[[Federations], object]]] = {
    "create_organization": (lambda _: None, lambda f: f.create_organization(a_record())),
    "update_organization": (
        lambda f: f.create_organization(a_record()),
        lambda f: f.update_organization(AEGEAN, plan="standard"),
    ),
    "verify_domain": (lambda _: None, lambda f: f.verify_domain(a_domain())),
    "confirm a domain": (
        lambda f: f.verify_domain(a_domain()),
        lambda f: f.verify_domain(a_domain(confirmed_at=LATER)),
    ),
    "drop_domain": (lambda f: f.verify_domain(a_domain()), lambda f: f.drop_domain(AEGEAN, "aegeanfoods.example")),
    "connect": (lambda _: None, lambda f: f.connect(AEGEAN, consent())),
    "record_test": (
        lambda f: f.connect(AEGEAN, consent()),
        lambda f: f.record_test(AEGEAN, TENANT_A, tried()),
    ),
    "enforce": (make_tested, lambda f: f.enforce(order())),
    "declare": (lambda _: None, lambda f: f.declare(AEGEAN, TENANT_A, NOW)),
    "schedule_disconnection": (
        lambda f: f.declare(AEGEAN, TENANT_A, NOW),
        lambda f: f.schedule_disconnection(AEGEAN, Disconnection("anna", NOW, LATER)),
    ),
    "call_off_disconnection": (
        lambda f: (
            f.declare(AEGEAN, TENANT_A, NOW),
            f.schedule_disconnection(AEGEAN, Disconnection("anna", NOW, LATER)),
        ),
        lambda f: f.call_off_disconnection(AEGEAN),
    ),
    "disconnect": (lambda f: f.declare(AEGEAN, TENANT_A, NOW), lambda f: f.disconnect(AEGEAN, "anna", NOW)),
    "name_glass_person": (lambda _: None, lambda f: f.name_glass_person(AEGEAN, "anna")),
    "unname_glass_person": (
        lambda f: f.name_glass_person(AEGEAN, "anna"),
        lambda f: f.unname_glass_person(AEGEAN, "anna"),
    ),
    "open_window": (lambda _: None, lambda f: f.open_window(a_window())),
    "close_window": (lambda f: f.open_window(a_window()), lambda f: f.close_window(AEGEAN)),
}


@pytest.mark.parametrize(("before", "change"), CHANGES.values(), ids=CHANGES)
def test_fe_17_a_change_counts_the_generation_up_by_one_and_shows_its_organisation_whole(
    records: Records, before: Callable[[Federations], object], change: Callable[[Federations], object]
) -> None:
    federations = records.federations
    records.directory.create_account(own_draft("anna"))
    federations.create_organization(a_record(HELIOS))
    before(federations)
    generation = federations.generation()
    known = federations.recorded(AEGEAN)
    change(federations)
    assert federations.generation() == generation + 1
    now = federations.recorded(AEGEAN)
    assert now != known
    assert federations.changes(generation) == Changes(generation + 1, (now,))
    assert federations.changes(generation + 1) == Changes(generation + 1, ())
    assert federations.changes(0).organizations == (now, federations.recorded(HELIOS))


UNCHANGED: dict[str, Callable[[Federations], object]] = {
    "create_organization again": lambda f: f.create_organization(a_record()),
    "update_organization of nobody": lambda f: f.update_organization(HELIOS, plan="standard"),
    "update_organization with nothing": lambda f: f.update_organization(AEGEAN),
    "claim_domain": lambda f: f.claim_domain(DomainClaim("other.example", AEGEAN, "t", NOW)),
    "verify_domain of another": lambda f: f.verify_domain(a_domain(organization=HELIOS)),
    "drop_domain of another": lambda f: f.drop_domain(HELIOS, "aegeanfoods.example"),
    "connect when it is enforced": lambda f: f.connect(AEGEAN, consent()),
    "connect with a taken tenant": lambda f: f.connect(HELIOS, consent()),
    "record_test when it is enforced": lambda f: f.record_test(AEGEAN, TENANT_A, tried()),
    "enforce again": lambda f: f.enforce(order(epoch=1)),
    "enforce what is not connected": lambda f: f.enforce(order(HELIOS, TENANT_B)),
    "declare again": lambda f: f.declare(AEGEAN, TENANT_A, LATER),
    "declare a taken tenant": lambda f: f.declare(HELIOS, TENANT_A, NOW),
    "call_off_disconnection of none": lambda f: f.call_off_disconnection(AEGEAN),
    "disconnect what is not connected": lambda f: f.disconnect(HELIOS, "anna", NOW),
    "name_glass_person again": lambda f: f.name_glass_person(AEGEAN, "anna"),
    "name_glass_person of another": lambda f: f.name_glass_person(HELIOS, "anna"),
    "unname_glass_person of nobody": lambda f: f.unname_glass_person(AEGEAN, "eleni"),
    "close_window of none": lambda f: f.close_window(AEGEAN),
}


@pytest.mark.parametrize("attempt", UNCHANGED.values(), ids=UNCHANGED)
def test_what_is_refused_or_true_already_changes_nothing(
    records: Records, attempt: Callable[[Federations], object]
) -> None:
    federations = records.federations
    records.directory.create_account(own_draft("anna"))
    federations.create_organization(a_record())
    federations.verify_domain(a_domain())
    federations.declare(AEGEAN, TENANT_A, NOW)
    federations.name_glass_person(AEGEAN, "anna")
    before = federations.changes(0)
    endings = records.standings.endings()
    with suppress(ValueError, DomainTaken, TenantTaken, OutOfStep):
        attempt(federations)
    assert federations.changes(0) == before
    assert records.standings.endings() == endings


def test_only_what_changed_after_a_generation_is_read(federations: Federations) -> None:
    for name in ("a", "b", "c"):
        federations.create_organization(a_record(name))
    federations.verify_domain(a_domain(organization="a"))
    changes = federations.changes(2)
    assert (changes.generation, [each.name for each in changes.organizations]) == (4, ["a", "c"])
    assert federations.changes(0).generation == 4
    assert federations.changes(99) == Changes(4, ())


@pytest.mark.parametrize("_again", range(3))
def test_fe_17_who_follows_the_changes_while_others_make_them_misses_none(
    directory_location: Path | str, race: Race, _again: int
) -> None:
    assert all(race(racing.change_or_follow, 8, directory_location))


# --- organisations and domains ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [a_record(), a_record(language=None), a_record(display_name="'; -- \\ \n 👩🏽‍🚀")])
def test_an_organisation_is_read_as_it_was_recorded(federations: Federations, record: OrganizationRecord) -> None:
    federations.create_organization(record)
    assert federations.recorded(AEGEAN) == Recorded(AEGEAN, record, (), None, None)


def test_a_name_is_recorded_once(federations: Federations) -> None:
    federations.create_organization(a_record())
    with pytest.raises(ValueError):
        federations.create_organization(a_record(display_name="Another"))
    assert federations.recorded(AEGEAN).organization == a_record()


def test_an_organisation_is_changed_where_something_new_is_said(federations: Federations) -> None:
    assert federations.update_organization(AEGEAN, display_name="New") is False
    federations.create_organization(a_record())
    assert federations.update_organization(AEGEAN, display_name="New") is True
    assert federations.update_organization(AEGEAN, plan="standard") is True
    assert federations.update_organization(AEGEAN) is True
    assert federations.recorded(AEGEAN).organization == a_record(display_name="New", plan="standard")


def test_a_domain_may_be_claimed_by_several_and_each_keeps_its_first_token(federations: Federations) -> None:
    first = DomainClaim("one.example", AEGEAN, "token-1", LATER)
    assert federations.claim_domain(first) == first
    assert federations.claim_domain(replace(first, token="token-2", claimed_at=NOW)) == first
    other = DomainClaim("one.example", HELIOS, "token-3", NOW)
    assert federations.claim_domain(other) == other
    earlier = DomainClaim("two.example", AEGEAN, "token-4", NOW)
    federations.claim_domain(earlier)
    assert federations.domain_claims(AEGEAN) == [earlier, first]
    assert federations.domain_claims("nobody") == []


def test_many_claims_at_once_give_one_token(directory_location: Path | str, race: Race) -> None:
    assert len(set(race(racing.claim_domain, 8, directory_location))) == 1


def test_fe_10_a_verified_domain_is_one_organisations_and_no_claim_of_it_is_left(federations: Federations) -> None:
    for organization in (AEGEAN, HELIOS):
        federations.claim_domain(DomainClaim("aegeanfoods.example", organization, "t", NOW))
    federations.claim_domain(DomainClaim("other.example", HELIOS, "t", NOW))
    federations.verify_domain(a_domain())
    assert federations.recorded(AEGEAN).domains == (a_domain(),)
    assert federations.domain_claims(AEGEAN) == []
    assert [claim.domain for claim in federations.domain_claims(HELIOS)] == ["other.example"]
    with pytest.raises(DomainTaken):
        federations.verify_domain(a_domain(organization=HELIOS))
    assert federations.recorded(HELIOS).domains == ()


def test_fe_10_verifying_a_domain_again_confirms_it(federations: Federations) -> None:
    federations.verify_domain(a_domain())
    federations.verify_domain(a_domain("another.example"))
    federations.verify_domain(a_domain(proof="entra", verified_at=LATER, confirmed_at=LATER))
    assert federations.recorded(AEGEAN).domains == (
        a_domain(proof="entra", confirmed_at=LATER),
        a_domain("another.example"),
    )


def test_uo_19_of_many_who_verify_a_domain_at_once_one_gets_it(directory_location: Path | str, race: Race) -> None:
    assert Counter(race(racing.verify_domain, 8, directory_location)) == {"verified": 1, "taken": 7}


def test_a_domain_or_a_claim_of_it_is_dropped(federations: Federations) -> None:
    federations.verify_domain(a_domain())
    federations.claim_domain(DomainClaim("other.example", AEGEAN, "t", NOW))
    assert federations.drop_domain(AEGEAN, "aegeanfoods.example") is True
    assert federations.drop_domain(AEGEAN, "other.example") is True
    assert federations.drop_domain(AEGEAN, "other.example") is False
    assert federations.recorded(AEGEAN).domains == ()
    assert federations.domain_claims(AEGEAN) == []
    federations.verify_domain(a_domain(organization=HELIOS))


# --- the steps to a federation ----------------------------------------------------------------------------------------


def test_a_federation_goes_from_connected_over_tested_to_enforced(federations: Federations) -> None:
    connected = federations.connect(AEGEAN, consent())
    assert connected == Federation(AEGEAN, "connected", 0, TENANT_A, consent=consent())
    tested = federations.record_test(AEGEAN, TENANT_A, tried())
    assert tested == replace(connected, stage="tested", test=tried())
    assert federations.record_test(AEGEAN, TENANT_A, tried(account_id=None, sid=None)).test == tried(
        account_id=None, sid=None
    )
    federations.record_test(AEGEAN, TENANT_A, tried())
    enforced = federations.enforce(order())
    assert enforced == replace(tested, stage="enforced", epoch=1, enforced_at=order().at, enforced_by="anna")
    assert federations.recorded(AEGEAN).federation == enforced


def test_connecting_again_before_the_switch_starts_again(federations: Federations) -> None:
    make_tested(federations)
    again = federations.connect(AEGEAN, consent(TENANT_B))
    assert again == Federation(AEGEAN, "connected", 0, TENANT_B, consent=consent(TENANT_B))
    assert federations.connect(HELIOS, consent(TENANT_A)).tenant_id == TENANT_A, "it is free again"


def test_uo_19_a_tenant_is_bound_to_one_organisation(federations: Federations) -> None:
    federations.connect(AEGEAN, consent())
    with pytest.raises(TenantTaken):
        federations.connect(HELIOS, consent())
    with pytest.raises(TenantTaken):
        federations.declare(HELIOS, TENANT_A, NOW)
    assert federations.recorded(HELIOS).federation is None


@pytest.mark.parametrize("attempt", [racing.connect_one_tenant, racing.declare_one_tenant])
def test_uo_19_of_many_who_connect_one_tenant_at_once_one_gets_it(
    directory_location: Path | str, race: Race, attempt: Callable[[Records, int], str]
) -> None:
    assert Counter(race(attempt, 8, directory_location)) == {"bound": 1, "taken": 7}


OUT_OF_STEP: dict[str, tuple[Callable[[Federations], object], Callable[[Federations], object]]] = {
    "a test without a connection": (lambda _: None, lambda f: f.record_test(AEGEAN, TENANT_A, tried())),
    "a test of another tenant": (make_tested, lambda f: f.record_test(AEGEAN, TENANT_B, tried())),
    "a test after the switch": (
        lambda f: f.declare(AEGEAN, TENANT_A, NOW),
        lambda f: f.record_test(AEGEAN, TENANT_A, tried()),
    ),
    "a connection after the switch": (
        lambda f: f.declare(AEGEAN, TENANT_A, NOW),
        lambda f: f.connect(AEGEAN, consent(TENANT_B)),
    ),
    "the switch without a connection": (lambda _: None, lambda f: f.enforce(order())),
    "the switch without a test": (lambda f: f.connect(AEGEAN, consent()), lambda f: f.enforce(order())),
    "the switch for another tenant": (make_tested, lambda f: f.enforce(order(tenant_id=TENANT_B))),
    "the switch of another epoch": (make_tested, lambda f: f.enforce(order(epoch=1))),
    "the switch to another tenant": (
        lambda f: f.declare(AEGEAN, TENANT_A, NOW),
        lambda f: f.enforce(order(tenant_id=TENANT_B, epoch=1)),
    ),
    "the switch after a disconnection": (
        lambda f: (make_tested(f), f.disconnect(AEGEAN, "anna", NOW)),
        lambda f: f.enforce(order(epoch=1)),
    ),
    "a disconnection to come without a connection": (
        lambda _: None,
        lambda f: f.schedule_disconnection(AEGEAN, Disconnection("anna", NOW, LATER)),
    ),
    "a disconnection to come before the switch": (
        make_tested,
        lambda f: f.schedule_disconnection(AEGEAN, Disconnection("anna", NOW, LATER)),
    ),
    "a second disconnection to come": (
        lambda f: (
            f.declare(AEGEAN, TENANT_A, NOW),
            f.schedule_disconnection(AEGEAN, Disconnection("anna", NOW, LATER)),
        ),
        lambda f: f.schedule_disconnection(AEGEAN, Disconnection("eleni", NOW, NOW)),
    ),
    "calling off what is not to come": (
        lambda f: f.declare(AEGEAN, TENANT_A, NOW),
        lambda f: f.call_off_disconnection(AEGEAN),
    ),
    "a disconnection without a connection": (lambda _: None, lambda f: f.disconnect(AEGEAN, "anna", NOW)),
    "a second disconnection": (
        lambda f: (f.declare(AEGEAN, TENANT_A, NOW), f.disconnect(AEGEAN, "anna", NOW)),
        lambda f: f.disconnect(AEGEAN, "anna", NOW),
    ),
}


@pytest.mark.parametrize(("before", "attempt"), OUT_OF_STEP.values(), ids=OUT_OF_STEP)
def test_a_step_that_does_not_start_from_where_the_federation_is_is_refused(
    federations: Federations, before: Callable[[Federations], object], attempt: Callable[[Federations], object]
) -> None:
    before(federations)
    known = federations.changes(0)
    with pytest.raises(OutOfStep):
        attempt(federations)
    assert federations.changes(0) == known


def test_what_a_file_declares_is_enforced_and_a_second_reading_changes_nothing(records: Records) -> None:
    federations = records.federations
    declared = federations.declare(AEGEAN, TENANT_A, LATER)
    assert declared == Federation(
        AEGEAN, "enforced", 1, TENANT_A, declared=True, enforced_at=LATER, enforced_by="operator"
    )
    assert federations.declare(AEGEAN, TENANT_A, NOW) == declared
    assert len(records.standings.endings()) == 1


def test_a_file_that_names_the_tenant_that_is_enforced_already_takes_it_over(records: Records) -> None:
    federations = records.federations
    make_tested(federations)
    enforced = federations.enforce(order())
    assert federations.declare(AEGEAN, TENANT_A, LATER) == replace(enforced, declared=True)
    assert len(records.standings.endings()) == 1


def test_a_file_that_names_another_tenant_turns_the_switch_again(records: Records) -> None:
    federations = records.federations
    make_tested(federations)
    federations.enforce(order())
    moved = federations.declare(AEGEAN, TENANT_B, LATER)
    assert moved == Federation(
        AEGEAN, "enforced", 2, TENANT_B, declared=True, enforced_at=LATER, enforced_by="operator"
    )
    assert [ending.reason for ending in records.standings.endings()] == ["enforced", "declared"]
    federations.declare(HELIOS, TENANT_A, NOW)


def test_a_file_that_names_the_tenant_that_was_being_connected_keeps_what_was_found(federations: Federations) -> None:
    make_tested(federations)
    assert federations.declare(AEGEAN, TENANT_A, LATER).consent == consent()


def test_a_disconnection_is_scheduled_and_called_off(federations: Federations) -> None:
    enforced = federations.declare(AEGEAN, TENANT_A, NOW)
    coming = Disconnection("anna", NOW, LATER)
    assert federations.schedule_disconnection(AEGEAN, coming) == replace(enforced, disconnection=coming)
    assert federations.recorded(AEGEAN).federation == replace(enforced, disconnection=coming)
    assert federations.call_off_disconnection(AEGEAN) == enforced


def test_a_disconnection_leaves_the_epoch_alone_and_what_comes_after_goes_on_from_it(records: Records) -> None:
    federations = records.federations
    make_tested(federations)
    federations.enforce(order())
    assert federations.disconnect(AEGEAN, "anna", LATER) == Federation(AEGEAN, "disconnected", 2, None)
    assert [(e.kind, e.name, e.reason, e.noted_at) for e in records.standings.endings()] == [
        ("organization", AEGEAN, "enforced", order().at),
        ("organization", AEGEAN, "disconnected", LATER),
    ]
    assert federations.connect(HELIOS, consent()).tenant_id == TENANT_A, "the tenant is free again"
    assert make_tested(federations, tenant_id=TENANT_B).epoch == 2
    assert federations.enforce(order(tenant_id=TENANT_B, epoch=2)).epoch == 3


# --- several at once --------------------------------------------------------------------------------------------------


def test_of_many_who_turn_the_switch_at_once_all_see_it_turned_once(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    records.credentials.create_password_account(own_draft("anna"), password_record("anna"))
    make_tested(records.federations)
    generation = records.federations.generation()
    assert race(racing.enforce, 8, directory_location) == [1] * 8
    assert records.federations.generation() == generation + 1
    assert len(records.standings.endings()) == 1
    account = records.directory.account("anna")
    assert account is not None
    assert account.subject == ELENI


def test_many_workers_that_read_one_file_turn_the_switch_once(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    assert race(racing.declare, 8, directory_location) == [1] * 8
    assert records.federations.generation() == 1


def test_a_switch_leaves_what_others_set_up_at_that_moment_alone(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    for number in range(9):
        if number % 3 == 0:
            make_tested(records.federations, f"organization-{number}", tenant(number + 1))
        if number % 3 == 2:
            records.federations.connect(f"organization-{number}", consent(tenant(number + 1)))
    generation = records.federations.generation()
    outcomes = Counter(race(racing.enforce_or_set_up, 9, directory_location))
    assert outcomes == {"enforced": 3, "connected": 3, "tested": 3}
    assert records.federations.generation() == generation + 9


def test_a_switch_and_another_connection_at_once_leave_one_of_the_two(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    make_tested(records.federations)
    outcomes = Counter(race(racing.enforce_or_connect_elsewhere, 8, directory_location))
    federation = records.federations.recorded(AEGEAN).federation
    assert federation is not None
    if outcomes["enforced"]:
        assert outcomes == {"enforced": 4, "out of step": 4}
        assert (federation.stage, federation.tenant_id) == ("enforced", TENANT_A)
    else:
        assert outcomes == {"connected": 4, "out of step": 4}
        assert (federation.stage, federation.tenant_id) == ("connected", TENANT_B)


# --- break-glass ------------------------------------------------------------------------------------------------------


def test_people_are_named_for_the_break_glass_and_unnamed(records: Records) -> None:
    federations = records.federations
    for account_id in ("eleni", "anna"):
        records.directory.create_account(own_draft(account_id))
    assert federations.name_glass_person(AEGEAN, "eleni") is True
    assert federations.name_glass_person(AEGEAN, "anna") is True
    assert federations.name_glass_person(AEGEAN, "anna") is False
    assert federations.recorded(AEGEAN).glass_people == ("anna", "eleni")
    assert federations.unname_glass_person(AEGEAN, "anna") is True
    assert federations.unname_glass_person(AEGEAN, "anna") is False
    assert federations.recorded(AEGEAN).glass_people == ("eleni",)
    accounts = {account_id: records.directory.account(account_id) for account_id in ("eleni", "anna")}
    assert {name: account.epoch for name, account in accounts.items() if account} == {"anna": 1, "eleni": 0}


def test_only_people_of_the_organisation_are_named(records: Records) -> None:
    records.directory.create_account(draft(id="helen", organization=HELIOS, subject=Subject.own("helen")))
    for account_id in ("helen", "nobody", "\x00"):
        with pytest.raises(ValueError):
            records.federations.name_glass_person(AEGEAN, account_id)
    assert records.federations.recorded(AEGEAN).glass_people == ()


def test_fe_21_a_window_is_opened_replaced_and_closed(federations: Federations) -> None:
    federations.open_window(a_window())
    assert federations.recorded(AEGEAN).window == a_window()
    other = a_window(opened_at=LATER, opened_by="anna", why="Ξανά", people=())
    federations.open_window(other)
    assert federations.recorded(AEGEAN).window == other
    assert federations.close_window(AEGEAN) is True
    assert federations.close_window(AEGEAN) is False
    assert federations.recorded(AEGEAN).window is None


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["surrogate \ud800", "nul \x00"])
def test_a_text_that_a_database_cannot_hold_is_found_nowhere_and_refused_when_written(
    federations: Federations, text: str
) -> None:
    assert federations.domain_claims(text) == []
    if text.startswith("surrogate"):
        assert federations.recorded(text) == Recorded(text, None, (), None, None)
        for write in (
            lambda: federations.create_organization(a_record(text)),
            lambda: federations.connect(AEGEAN, consent(tenant_name=text)),
            lambda: federations.verify_domain(a_domain(text)),
            lambda: federations.open_window(a_window(why=text)),
        ):
            with pytest.raises(ValueError):
                write()
        assert federations.generation() == 0
