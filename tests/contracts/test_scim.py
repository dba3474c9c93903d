"""The contract of ``ScimPeople``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from broker.identity import SCIM, SIGN_IN, FieldStamp, Subject, stamped
from broker.store.directory import Fill, NewAccount
from broker.store.records import Records
from broker.store.scim import ScimChange, ScimPerson, ScimTaken
from tests.support.directory import draft, own_draft, password_record
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B

LATER = NOW + timedelta(hours=1)
ORGANIZATION = "aegean-foods"


def change(user_name: str = "eleni", **changes: Any) -> ScimChange:
    return replace(ScimChange({"userName": user_name, "nested": [{"a": "Ελένη"}]}, user_name, "label"), **changes)


def provisioned(**changes: Any) -> NewAccount:
    base = draft(**{"email_verified": False, **changes})
    sources = {"job_title": "scim.title", "subject": "scim.externalId"}
    return replace(base, attribute_sources=sources, attribute_stamps=stamped(sources, SCIM, NOW))


def make(records: Records, user_name: str = "eleni", **changes: Any) -> ScimPerson:
    person, created = records.scim.create(provisioned(**changes), TENANT_A, change(user_name), never, NOW)
    assert created
    return person


def _says(decided: ScimChange, _: ScimPerson) -> ScimChange:
    return decided


def never(_: ScimPerson) -> ScimChange | None:
    raise AssertionError("nobody was deleted")


def test_what_was_made_is_found_by_every_name_of_it_and_only_there(records: Records) -> None:
    made = make(records)
    assert made.account == records.directory.account(made.account.id)
    assert made.document == change().document
    assert made.modified_at == NOW
    scim = records.scim
    assert scim.person(ORGANIZATION, TENANT_A, made.account.id) == made
    assert scim.named(ORGANIZATION, TENANT_A, "eleni") == scim.known_as(ORGANIZATION, TENANT_A, "label") == [made]
    assert scim.named(ORGANIZATION, TENANT_A, "eleni.markou@aegeanfoods.example") == []
    assert scim.everybody(ORGANIZATION, TENANT_A, 10) == [made]
    assert scim.everybody(ORGANIZATION, TENANT_A, 0) == []
    for organization in ("helios-shipping", "nobody"):
        assert scim.person(organization, TENANT_A, made.account.id) is None
        assert scim.named(organization, TENANT_A, "eleni") == []
    assert scim.person(ORGANIZATION, TENANT_A, "\x00") is None


def test_an_account_from_a_sign_in_is_there_and_one_with_a_password_is_not(records: Records) -> None:
    account, _ = records.directory.create_account(draft())
    records.credentials.create_password_account(own_draft("anna"), password_record("anna"))
    (person,) = records.scim.everybody(ORGANIZATION, TENANT_A, 10)
    assert (person.account, person.document, person.modified_at) == (account, None, account.created_at)
    assert records.scim.named(ORGANIZATION, TENANT_A, "eleni.markou@aegeanfoods.example") == [person]
    assert records.scim.known_as(ORGANIZATION, TENANT_A, ELENI.identifier) == [person]
    assert records.scim.everybody(ORGANIZATION, TENANT_B, 10) == [], "another tenant's people are not this directory's"


@pytest.mark.parametrize(
    ("second", "user_name", "what"),
    [
        ({"id": "2", "subject": Subject.entra(TENANT_A, TENANT_B)}, "eleni", "user_name"),
        ({"id": "2"}, "other", "identity"),
        ({"id": "2", "organization": "helios-shipping"}, "other", "identity"),
        ({"id": "2", "subject": Subject.own("2"), "email": "anna@aegeanfoods.example"}, "other", "address"),
    ],
)
def test_what_somebody_has_is_taken_and_nothing_is_half_made(
    records: Records, second: dict[str, Any], user_name: str, what: str
) -> None:
    records.credentials.create_password_account(own_draft("anna"), password_record("anna"))
    first = make(records)
    with pytest.raises(ScimTaken) as taken:
        records.scim.create(provisioned(**second), TENANT_A, change(user_name), never, LATER)
    assert taken.value.what == what
    assert records.directory.account("2") is None
    assert records.scim.everybody(ORGANIZATION, TENANT_A, 10) == [first]


def test_a_change_writes_what_it_says_stamped_and_ends_whom_it_shuts_out(records: Records) -> None:
    made = make(records)
    decided = change(
        "new",
        external_id="other",
        fills={"job_title": Fill("Head", "scim.title"), "office": Fill(None, "")},
        address=("e@elsewhere.example", "elsewhere.example"),
        subject=Subject("scim", ORGANIZATION, made.account.id),
        active=False,
    )
    after = records.scim.change(ORGANIZATION, TENANT_A, made.account.id, lambda _: decided, LATER)
    assert after is not None
    account = after.account
    assert (account.email, account.email_domain, account.email_verified) == (
        "e@elsewhere.example",
        "elsewhere.example",
        False,
    )
    assert (account.subject.kind, account.active, account.epoch) == ("scim", False, made.account.epoch + 1)
    assert account.attributes == {"job_title": "Head"}
    assert {account.attribute_stamps[name] for name in ("job_title", "office", "email", "subject", "active")} == {
        FieldStamp(SCIM, LATER)
    }
    assert [(each.name, each.reason) for each in records.standings.endings()] == [(account.id, "disabled")]
    assert records.directory.account_of(ELENI) is None
    assert records.scim.named(ORGANIZATION, TENANT_A, "eleni") == []
    assert after.version != made.version
    assert records.scim.change(ORGANIZATION, TENANT_A, made.account.id, lambda _: None, LATER) == after
    assert records.scim.change(ORGANIZATION, TENANT_A, "nobody", lambda _: decided, LATER) is None
    assert len(records.standings.endings()) == 1


def test_a_change_to_what_somebody_else_has_changes_nothing(records: Records) -> None:
    first = make(records)
    second = make(records, "other", id="2", subject=Subject.entra(TENANT_A, TENANT_B))
    for decided in (change("eleni"), change("other", subject=ELENI, fills={"office": Fill("9", "x")})):
        with pytest.raises(ScimTaken):
            records.scim.change(ORGANIZATION, TENANT_A, "2", partial(_says, decided), LATER)
    assert records.scim.everybody(ORGANIZATION, TENANT_A, 10) == sorted([first, second], key=lambda p: p.account.id)


def test_pr_14_whoever_was_deleted_stays_a_tombstone_and_is_made_again_by_the_directory_alone(records: Records) -> None:
    made = make(records)

    def objects(_: ScimPerson) -> None:
        raise ValueError("not this version")

    with pytest.raises(ValueError, match="version"):
        records.scim.remove(ORGANIZATION, TENANT_A, made.account.id, objects, LATER)
    assert records.scim.person(ORGANIZATION, TENANT_A, made.account.id) == made
    assert records.scim.remove(ORGANIZATION, TENANT_A, made.account.id, lambda _: None, LATER) is True
    assert records.scim.remove(ORGANIZATION, TENANT_A, made.account.id, lambda _: None, LATER) is False
    assert records.scim.everybody(ORGANIZATION, TENANT_A, 10) == []
    tombstone = records.directory.account_of(ELENI)
    assert tombstone is not None
    assert (tombstone.id, tombstone.active, tombstone.epoch) == (made.account.id, False, made.account.epoch + 1)
    assert records.directory.create_account(draft(id="2")) == (tombstone, False)
    assert [each.reason for each in records.standings.endings()] == ["deleted"]
    again, created = records.scim.create(
        provisioned(id="3"), TENANT_A, change(), lambda _: change(active=True), LATER + timedelta(hours=1)
    )
    assert (created, again.account.id, again.account.active) == (False, made.account.id, True)
    assert again.account.epoch == tombstone.epoch, "what it had before stays void"


def test_pr_08_the_first_sign_in_settles_whose_the_account_is(records: Records) -> None:
    made = make(records)
    settled = records.directory.settle_subject(made.account.id, email_verified=True, at=LATER)
    assert settled is not None
    assert (settled.attribute_stamps["subject"], settled.email_verified) == (FieldStamp(SIGN_IN, LATER), True)
    assert records.directory.settle_subject(made.account.id, email_verified=False, at=NOW) == settled, "once"
    assert records.directory.settle_subject("nobody", email_verified=True, at=NOW) is None


def test_pr_01_of_many_at_once_one_makes_the_account_whether_by_scim_or_by_a_sign_in(records: Records) -> None:
    def by_scim(number: int) -> bool:
        try:
            return records.scim.create(provisioned(id=f"s{number}"), TENANT_A, change(), never, NOW)[1]
        except ScimTaken:
            return False

    def by_sign_in(number: int) -> bool:
        return records.directory.create_account(draft(id=f"j{number}"))[1]

    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(work, number) for number in range(8) for work in (by_scim, by_sign_in)]
        results = [each.result() for each in made]
    assert results.count(True) == 1
    assert len(records.directory.accounts(ORGANIZATION)) == 1
