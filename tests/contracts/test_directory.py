"""The contract of ``Directory``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from broker.federation.attributes import BUILT_IN
from broker.identity import SIGN_IN, Account, FieldStamp, Subject, stamped
from broker.store.directory import EDITABLE_ATTRIBUTES, EDITABLE_NAMES, Directory, Fill, NewAccount
from broker.store.opening import open_directory, prepare_directory
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import draft, stored_key
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B

OTHER_OBJECT = "11111111-2222-4333-8444-555555555555"
LATER = NOW + timedelta(days=1)
PHOTO = ("image/jpeg", bytes(range(256)) * 400)


def as_account(new: NewAccount) -> Account:
    """What the draft becomes."""
    return Account(
        id=new.id,
        organization=new.organization,
        subject=new.subject,
        email=new.email,
        email_domain=new.email_domain,
        email_verified=new.email_verified,
        first_name=new.first_name,
        last_name=new.last_name,
        display_name=new.display_name,
        role=new.role,
        created_at=new.created_at,
        attributes=new.attributes,
        attribute_sources=new.attribute_sources,
        active=True,
        has_photo=new.photo is not None,
        attribute_stamps=new.attribute_stamps,
    )


def a_person(number: int, **changes: object) -> NewAccount:
    subject = Subject("entra", TENANT_A, f"00000000-0000-4000-8000-{number:012}")
    return draft(id=f"account-{number:04}", subject=subject, **changes)


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "new",
    [
        draft(),
        draft(photo=PHOTO),
        draft(photo=("image/png", b"")),
        draft(attribute_stamps={**stamped(["job_title", "email"], SIGN_IN, NOW), "office": FieldStamp("Ελένη", LATER)}),
        draft(email=None, email_domain=None, email_verified=False, attributes={}, attribute_sources={}),
        draft(first_name="", last_name="", display_name="'; DROP TABLE accounts; -- % :x ? \\ \n\t 👩🏽‍🚀"),
        draft(created_at=NOW.replace(microsecond=999_999)),
        draft(subject=Subject("saml:aegean-foods", "https://idp.example/entity", "Ελένη@AegeanFoods.example")),
    ],
    ids=[
        "full",
        "with photo",
        "with an empty photo",
        "with stamps",
        "without address",
        "odd names",
        "last microsecond",
        "odd subject",
    ],
)
def test_an_account_is_read_as_it_was_created(directory: Directory, new: NewAccount) -> None:
    assert directory.create_account(new) == (as_account(new), True)
    assert directory.account(new.id) == as_account(new)
    assert directory.account_of(new.subject) == as_account(new)
    assert directory.accounts(new.organization) == [as_account(new)]
    assert directory.photo(new.id) == new.photo


def test_a_moment_is_kept_whatever_time_zone_it_was_told_in(directory: Directory) -> None:
    athens = timezone(timedelta(hours=2))
    account, _ = directory.create_account(draft(created_at=NOW.astimezone(athens)))
    assert account.created_at == NOW
    assert account.created_at.utcoffset() == timedelta()


def test_what_was_never_written_is_absent(directory: Directory) -> None:
    assert directory.account("account-1") is None
    assert directory.account_of(ELENI) is None
    assert directory.accounts("aegean-foods") == []
    assert directory.photo("account-1") is None
    assert directory.set_active("account-1", False) is False
    assert directory.signing_keys() == []
    assert directory.retire_signing_key("k", NOW) is False


@pytest.mark.parametrize(
    "other",
    [
        Subject("entra", TENANT_B, ELENI.identifier),
        Subject("entra", TENANT_A, OTHER_OBJECT),
        Subject("saml", ELENI.authority, ELENI.identifier),
        Subject("entra", ELENI.authority, ELENI.identifier.upper()),
        Subject("entra", ELENI.authority, ELENI.identifier + " "),
        Subject("entra" + TENANT_A, TENANT_A, ELENI.identifier),
    ],
)
def test_g4_an_account_is_found_by_its_whole_identity_key_and_nothing_else(
    directory: Directory, other: Subject
) -> None:
    directory.create_account(draft())
    assert directory.account_of(other) is None
    account, created = directory.create_account(draft(id="account-2", subject=other))
    assert created, "the same address is no reason to be the same person (threats PR-07)"
    assert directory.account_of(other) == account
    assert directory.account_of(ELENI) == as_account(draft())


def test_pr_01_a_second_account_for_a_subject_is_not_made_and_the_first_stays_as_it_is(directory: Directory) -> None:
    first = draft()
    second = draft(id="account-2", organization="helios-shipping", display_name="Another", photo=PHOTO, role="admin")
    assert directory.create_account(first) == (as_account(first), True)
    assert directory.create_account(second) == (as_account(first), False)
    assert directory.create_account(first) == (as_account(first), False)
    assert directory.account("account-2") is None
    assert directory.photo("account-2") is None
    assert directory.photo(first.id) is None
    assert directory.accounts("helios-shipping") == []


def test_an_account_id_that_is_taken_is_refused_and_nothing_is_half_made(directory: Directory) -> None:
    directory.create_account(draft(photo=PHOTO))
    newcomer = draft(subject=Subject.entra(TENANT_B, OTHER_OBJECT), display_name="Newcomer", photo=("image/png", b"1"))
    with pytest.raises(ValueError, match="does not take"):
        directory.create_account(newcomer)
    assert directory.account_of(newcomer.subject) is None
    assert directory.photo(newcomer.id) == PHOTO
    assert directory.create_account(replace(newcomer, id="account-2"))[1] is True


def test_pr_01_a_hundred_first_sign_ins_of_one_person_make_one_account(
    directory: Directory, directory_location: Path | str, race: Race
) -> None:
    results = race(racing.create_account, 100, directory_location)
    assert len(results) == 100
    assert len({account_id for account_id, _ in results}) == 1
    assert [created for _, created in results].count(True) == 1
    ((winner, _),) = [result for result in results if result[1]]
    assert [account.id for account in directory.accounts("aegean-foods")] == [winner]
    assert directory.photo(winner) == ("image/png", winner.removeprefix("account-").encode())


def test_an_account_is_deactivated_and_activated(directory: Directory) -> None:
    directory.create_account(draft())
    directory.create_account(a_person(2))
    assert directory.set_active(draft().id, False) is True
    assert directory.account(draft().id) == replace(as_account(draft()), active=False)
    assert directory.account_of(ELENI) == replace(as_account(draft()), active=False)
    assert directory.account("account-0002") == as_account(a_person(2))
    assert directory.create_account(draft(id="account-3")) == (replace(as_account(draft()), active=False), False)
    assert directory.set_active(draft().id, True, stamp=FieldStamp("anna", LATER)) is True
    stamps = {"active": FieldStamp("anna", LATER)}
    assert directory.account(draft().id) == replace(as_account(draft()), attribute_stamps=stamps)
    directory.set_active(draft().id, True)
    assert directory.account(draft().id) == as_account(draft()), "nobody says who it was"


# --- pages ------------------------------------------------------------------------------------------------------------

NAMES = ["Άννα", "Zoe", "anna", "Anna", "Élodie", "Ωμέγα", "anna", "", "Anna B", "Ann", "𐅀", "\uffff", "Ελένη"]


def test_an_account_is_edited_and_says_so_of_every_changed_field(directory: Directory) -> None:
    before, _ = directory.create_account(draft(photo=PHOTO))
    changes = {"first_name": "Έλλη", "role": "reader", "job_title": None, "work_phone": "+30 210 1234567"}
    edited = directory.edit_account(before.id, changes, by="anna", at=LATER)
    assert edited == replace(
        before,
        first_name="Έλλη",
        role="reader",
        attributes={"office": before.attributes["office"], "work_phone": "+30 210 1234567"},
        attribute_sources={
            "office": "graph.officeLocation",
            "first_name": "edited",
            "role": "edited",
            "work_phone": "edited",
        },
        attribute_stamps=stamped(changes, "anna", LATER),
    )
    assert directory.account(before.id) == edited
    assert directory.edit_account(before.id, {"department": None}, by="anna", at=LATER) == edited
    assert directory.edit_account("nobody", changes, by="anna", at=LATER) is None


def test_a_directory_fills_fields_again_and_what_it_changes_is_stamped(directory: Directory) -> None:
    before, _ = directory.create_account(draft(last_name="-"))
    directory.edit_account(before.id, {"work_phone": "1", "mobile_phone": "2"}, by="anna", at=NOW)
    fills = {
        "office": Fill(before.attributes["office"], "graph.other"),  # as it is: keeps where it came from
        "job_title": Fill(None, "graph.jobTitle"),
        "department": Fill("Sales", "graph.department"),
        "work_phone": Fill("9", "graph.businessPhones"),
        "mobile_phone": Fill("9", "graph.mobilePhone", only_if_empty=True),
        "employee_id": Fill(None, "graph.employeeId"),
        "first_name": Fill("Lena", "graph.givenName", only_if_empty=True),
        "last_name": Fill("Markou", "graph.surname", only_if_empty=True),
    }
    after = directory.fill_account(before.id, fills, by=SIGN_IN, at=LATER)
    assert after == replace(
        before,
        last_name="Markou",
        attributes={
            "office": before.attributes["office"],
            "department": "Sales",
            "work_phone": "9",
            "mobile_phone": "2",
        },
        attribute_sources={
            "office": "graph.officeLocation",
            "department": "graph.department",
            "work_phone": "graph.businessPhones",
            "mobile_phone": "edited",
            "last_name": "graph.surname",
        },
        attribute_stamps={
            **stamped(["job_title", "department", "work_phone", "last_name"], SIGN_IN, LATER),
            "mobile_phone": FieldStamp("anna", NOW),
        },
    )
    assert directory.account(before.id) == after
    assert directory.fill_account(before.id, fills, by=SIGN_IN, at=NOW) == after, "nothing is new"
    assert directory.fill_account("nobody", fills, by=SIGN_IN, at=NOW) is None


@pytest.mark.parametrize(
    "fills",
    [
        {"role": Fill("administrator", "graph.jobTitle")},
        {"email": Fill("other@aegeanfoods.example", "graph.mail"), "office": Fill("9", "graph.officeLocation")},
        {"active": Fill("1", "x")},
        {"first_name": Fill(None, "graph.givenName", only_if_empty=True), "office": Fill("9", "x")},
        {"first_name": Fill("surrogate \ud800", "x"), "department": Fill("1", "x")},
    ],
)
def test_pr_06_no_directory_fills_anything_else(directory: Directory, fills: dict[str, Fill]) -> None:
    before, _ = directory.create_account(draft())
    with pytest.raises(ValueError):
        directory.fill_account(before.id, fills, by=SIGN_IN, at=LATER)
    assert directory.account(before.id) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Έλλη", "email": "other@aegeanfoods.example"},
        {"email_domain": "other.example"},
        {"organization": "helios-shipping"},
        {"id": "other"},
        {"attributes": "{}"},
        {"first_name": None},
        {"role": None},
        {"unknown": "1"},
        {"job_title": "surrogate \ud800", "first_name": "surrogate \ud800"},
    ],
)
def test_fe_14_an_edit_of_anything_else_is_refused_and_changes_nothing(
    directory: Directory, changes: dict[str, str | None]
) -> None:
    before, _ = directory.create_account(draft())
    with pytest.raises(ValueError):
        directory.edit_account(before.id, changes, by="anna", at=LATER)
    assert directory.account(before.id) == before


def test_edits_of_several_fields_at_once_are_all_kept(
    directory: Directory, directory_location: Path | str, race: Race
) -> None:
    account, _ = directory.create_account(draft(attributes={}, attribute_sources={}))
    race(racing.edit_account, 8, directory_location)
    edited = directory.account(account.id)
    assert edited is not None
    assert len(edited.attributes) == 8
    assert set(edited.attribute_sources.values()) == {"edited"}
    assert len({stamp.by for stamp in edited.attribute_stamps.values()}) == 8


def test_what_can_be_edited_are_the_attributes_that_a_directory_can_fill() -> None:
    assert BUILT_IN.keys() - EDITABLE_NAMES - {"email"} == EDITABLE_ATTRIBUTES


def test_accounts_come_in_pages_ordered_by_display_name_and_id(directory: Directory) -> None:
    people = [a_person(number, display_name=name, photo=PHOTO) for number, name in enumerate(NAMES)]
    for person in people:
        directory.create_account(person)
    directory.create_account(a_person(99, organization="helios-shipping"))
    ordered = sorted((as_account(person) for person in people), key=lambda a: (a.display_name, a.id))
    assert directory.accounts("aegean-foods") == ordered
    for limit in (1, 2, 5, len(NAMES)):
        pages: list[Account] = []
        after = None
        while page := directory.accounts("aegean-foods", after=after, limit=limit):
            assert len(page) <= limit
            pages.extend(page)
            after = (page[-1].display_name, page[-1].id)
        assert pages == ordered


def test_a_page_starts_after_a_pair_that_nobody_has(directory: Directory) -> None:
    for number, name in enumerate(["Anna", "Anna", "Boris"]):
        directory.create_account(a_person(number, display_name=name))
    assert [a.id for a in directory.accounts("aegean-foods", after=("Anna", "account-0000-"))] == [
        "account-0001",
        "account-0002",
    ]
    assert directory.accounts("aegean-foods", after=("C", "")) == []


def test_a_page_has_fifty_accounts_unless_told_otherwise(directory: Directory) -> None:
    for number in range(60):
        directory.create_account(a_person(number))
    assert len(directory.accounts("aegean-foods")) == 50
    assert len(directory.accounts("aegean-foods", limit=60)) == 60


# --- signing keys -----------------------------------------------------------------------------------------------------


def test_signing_keys_are_read_as_they_were_written_oldest_first(directory: Directory) -> None:
    newest = stored_key("a", created_at=NOW + timedelta(microseconds=1), alg="ES256")
    oldest = stored_key("c", created_at=NOW - timedelta(days=400), retires_at=NOW + timedelta(microseconds=1))
    middle = stored_key("b")
    for key in (newest, oldest, middle):
        directory.add_signing_key(key)
    assert directory.signing_keys() == [oldest, middle, newest]


def test_a_kid_is_taken_once(directory: Directory) -> None:
    directory.add_signing_key(stored_key("k"))
    with pytest.raises(ValueError, match="does not take"):
        directory.add_signing_key(stored_key("k", sealed="another"))
    assert directory.signing_keys() == [stored_key("k")]


def test_first_keys_are_written_only_where_there_is_none(directory: Directory) -> None:
    assert directory.add_first_signing_keys([]) is False
    assert directory.add_first_signing_keys([stored_key("a"), stored_key("b")]) is True
    assert directory.add_first_signing_keys([stored_key("c")]) is False
    assert directory.signing_keys() == [stored_key("a"), stored_key("b")]


def test_of_many_who_start_at_once_one_writes_the_first_keys(
    directory: Directory, directory_location: Path | str, race: Race
) -> None:
    assert race(racing.add_first_signing_keys, 20, directory_location).count(True) == 1
    kids = [key.kid for key in directory.signing_keys()]
    assert len(kids) == 2
    assert len({kid.split("-")[0] for kid in kids}) == 1, "both of one writer"


def test_a_key_is_retired_and_activated(directory: Directory) -> None:
    directory.add_signing_key(stored_key("a"))
    directory.add_signing_key(stored_key("b"))
    later = NOW + timedelta(days=3, microseconds=7)
    assert directory.retire_signing_key("a", later) is True
    assert directory.signing_keys() == [stored_key("a", retires_at=later), stored_key("b")]


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_whoever_opens_the_same_directory_sees_the_same_accounts(
    directory: Directory, directory_location: Path | str
) -> None:
    directory.create_account(draft())
    with closing(open_directory(directory_location)) as other:
        assert other.account_of(ELENI) == as_account(draft())
        other.set_active(draft().id, False)
    account = directory.account_of(ELENI)
    assert account is not None
    assert not account.active


def test_a_directory_that_answers_says_so(directory: Directory) -> None:
    directory.ping()


def test_a_text_that_no_database_can_hold_is_found_nowhere_and_refused_when_written(directory: Directory) -> None:
    refuses(directory, "surrogate \ud800")


def test_a_text_that_postgresql_cannot_hold_is_found_nowhere_and_refused_when_written(postgres_url: str) -> None:
    prepare_directory(postgres_url)
    with closing(open_directory(postgres_url)) as directory:
        refuses(directory, "nul \x00")


def refuses(directory: Directory, text: str) -> None:
    assert directory.account(text) is None
    assert directory.account_of(Subject("entra", TENANT_A, text)) is None
    with pytest.raises(ValueError, match="does not take") as refused:
        directory.create_account(draft(display_name=text, email="canary@aegeanfoods.example"))
    assert "canary" not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert directory.account_of(ELENI) is None
    assert directory.create_account(draft())[1] is True
