"""The contract of ``Credentials``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.identity import Account, Subject
from broker.store.credentials import AddressTaken, Credentials
from broker.store.records import Records
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import app_password, draft, invitation, own_draft, passkey, password_record
from tests.support.people import ELENI, NOW

LATER = NOW + timedelta(days=30, microseconds=3)


@pytest.fixture
def credentials(records: Records) -> Credentials:
    return records.credentials


def join(records: Records, account_id: str = "anna") -> Account:
    """Somebody with a password."""
    return records.credentials.create_password_account(own_draft(account_id), password_record(account_id))


# --- passwords --------------------------------------------------------------------------------------------------------


def test_an_account_with_a_password_is_read_as_it_was_created(records: Records) -> None:
    account = records.credentials.create_password_account(
        own_draft("anna", photo=("image/png", b"1")), password_record("anna")
    )
    assert (account.id, account.subject, account.has_photo) == ("anna", Subject.own("anna"), True)
    assert records.directory.account("anna") == account
    assert records.directory.account_of(Subject.own("anna")) == account
    assert records.credentials.password("anna@aegeanfoods.example") == password_record("anna")
    assert records.credentials.password_of("anna") == password_record("anna")


def test_a_person_who_has_chosen_no_password_yet_has_an_address_to_sign_in_with(records: Records) -> None:
    records.credentials.create_password_account(own_draft("anna"), password_record("anna", hash=None))
    assert records.credentials.password_of("anna") == password_record("anna", hash=None)


def test_what_was_never_written_is_absent(credentials: Credentials) -> None:
    assert credentials.password("anna@aegeanfoods.example") is None
    assert credentials.password_of("anna") is None
    assert credentials.set_password("anna", "$argon2id$new", NOW) is False
    assert credentials.app_passwords("anna") == []
    assert credentials.app_password("digest") is None
    assert credentials.drop_app_password("anna", "app") is False
    assert credentials.invitations("aegean-foods") == []
    assert credentials.invitation("digest") is None
    assert credentials.accept_invitation("invitation-1", own_draft("anna"), password_record("anna")) is None
    assert credentials.cancel_invitation("aegean-foods", "invitation-1") is False
    assert credentials.passkeys("anna") == []
    assert credentials.passkey("key") is None
    assert credentials.note_passkey_used("key", 1, NOW) is False
    assert credentials.drop_passkey("anna", "key") is False
    credentials.rehash_password("anna", "$argon2id$first", "$argon2id$new")
    credentials.note_app_password_used("app", NOW)
    assert credentials.password_of("anna") is None


def test_an_address_is_one_accounts_and_nothing_is_half_made(records: Records) -> None:
    join(records)
    with pytest.raises(AddressTaken):
        records.credentials.create_password_account(
            own_draft("eleni"), password_record("eleni", address="anna@aegeanfoods.example")
        )
    assert records.directory.account("eleni") is None
    assert records.directory.account_of(Subject.own("eleni")) is None
    assert records.credentials.password("anna@aegeanfoods.example") == password_record("anna")


def test_of_many_who_take_an_address_at_once_one_gets_it(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    outcomes = race(racing.create_password_account, 8, directory_location)
    assert Counter(outcomes)["taken"] == 7
    assert {account.id for account in records.directory.accounts("aegean-foods")} == set(outcomes) - {"taken"}


def test_a_password_of_another_account_or_an_identity_that_is_taken_is_refused(records: Records) -> None:
    join(records)
    with pytest.raises(ValueError):
        records.credentials.create_password_account(own_draft("eleni"), password_record("anna", address="e@e.example"))
    with pytest.raises(ValueError):
        records.credentials.create_password_account(
            own_draft("eleni", subject=Subject.own("anna")), password_record("eleni")
        )
    assert records.directory.account("eleni") is None


def test_a_new_password_voids_what_was_given_out_before(records: Records) -> None:
    join(records)
    join(records, "eleni")
    assert records.credentials.set_password("anna", "$argon2id$new", LATER) is True
    assert records.credentials.password_of("anna") == password_record("anna", hash="$argon2id$new", changed_at=LATER)
    assert records.credentials.password_of("eleni") == password_record("eleni")
    anna, eleni = records.directory.account("anna"), records.directory.account("eleni")
    assert anna is not None
    assert eleni is not None
    assert (anna.epoch, eleni.epoch) == (1, 0)


def test_every_one_of_many_new_passwords_counts(records: Records, directory_location: Path | str, race: Race) -> None:
    join(records)
    assert race(racing.set_password, 8, directory_location) == [True] * 8
    anna = records.directory.account("anna")
    assert anna is not None
    assert anna.epoch == 8


def test_an_account_without_an_address_to_sign_in_with_gets_no_password(records: Records) -> None:
    account, _ = records.directory.create_account(draft())
    assert records.credentials.set_password(account.id, "$argon2id$new", NOW) is False
    assert records.directory.account(account.id) == account


def test_newer_parameters_change_nothing_but_the_hash_and_only_of_the_password_they_were_made_of(
    records: Records,
) -> None:
    account = join(records)
    records.credentials.rehash_password("anna", "$argon2id$first", "$argon2id$newer")
    assert records.credentials.password_of("anna") == password_record("anna", hash="$argon2id$newer")
    records.credentials.rehash_password("anna", "$argon2id$first", "$argon2id$too-late")
    assert records.credentials.password_of("anna") == password_record("anna", hash="$argon2id$newer")
    assert records.directory.account("anna") == account


# --- app passwords ----------------------------------------------------------------------------------------------------


def test_app_passwords_are_read_as_they_were_added_oldest_first(records: Records) -> None:
    join(records)
    join(records, "eleni")
    for number in (2, 1):
        records.credentials.add_app_password(app_password("anna", number, label="Τηλέφωνο"))
    records.credentials.add_app_password(app_password("eleni"))
    first, second = app_password("anna", 1, label="Τηλέφωνο"), app_password("anna", 2, label="Τηλέφωνο")
    assert records.credentials.app_passwords("anna") == [first, second]
    assert records.credentials.app_password(second.digest) == second


def test_the_use_of_an_app_password_is_noted(records: Records) -> None:
    join(records)
    records.credentials.add_app_password(app_password("anna"))
    records.credentials.note_app_password_used(app_password("anna").id, LATER)
    assert records.credentials.app_passwords("anna") == [app_password("anna", last_used_at=LATER)]


def test_an_app_password_is_dropped_by_its_owner_only(records: Records) -> None:
    join(records)
    join(records, "eleni")
    records.credentials.add_app_password(app_password("anna"))
    assert records.credentials.drop_app_password("eleni", app_password("anna").id) is False
    assert records.credentials.drop_app_password("anna", app_password("anna").id) is True
    assert records.credentials.drop_app_password("anna", app_password("anna").id) is False
    assert records.credentials.app_password(app_password("anna").digest) is None


# --- invitations ------------------------------------------------------------------------------------------------------


def test_open_invitations_are_read_as_they_were_added_newest_first(credentials: Credentials) -> None:
    credentials.add_invitation(invitation(1))
    credentials.add_invitation(invitation(2, external=True))
    credentials.add_invitation(invitation(3, organization="helios-shipping"))
    assert credentials.invitations("aegean-foods") == [invitation(2, external=True), invitation(1)]
    assert credentials.invitation(invitation(1).digest) == invitation(1)


def test_a_second_invitation_of_an_address_takes_the_place_of_the_first(credentials: Credentials) -> None:
    first, elsewhere = invitation(1), invitation(2, address=invitation(1).address, organization="helios-shipping")
    credentials.add_invitation(first)
    credentials.add_invitation(elsewhere)
    second = invitation(3, address=first.address)
    credentials.add_invitation(second)
    assert credentials.invitations("aegean-foods") == [second]
    assert credentials.invitation(first.digest) == replace(first, state="cancelled")
    assert credentials.invitations("helios-shipping") == [elsewhere]


def test_of_many_invitations_of_one_address_at_once_one_is_open(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    race(racing.invite_one_address, 8, directory_location)
    assert len(records.credentials.invitations("aegean-foods")) == 1


def test_an_invitation_is_accepted_once(records: Records) -> None:
    records.credentials.add_invitation(invitation())
    account = records.credentials.accept_invitation("invitation-1", own_draft("anna"), password_record("anna"))
    assert account is not None
    assert records.directory.account("anna") == account
    assert records.credentials.password_of("anna") == password_record("anna")
    assert records.credentials.invitation(invitation().digest) == invitation(state="accepted")
    assert records.credentials.invitations("aegean-foods") == []
    second = records.credentials.accept_invitation("invitation-1", own_draft("eleni"), password_record("eleni"))
    assert second is None
    assert records.directory.account("eleni") is None


def test_of_many_who_accept_an_invitation_at_once_one_gets_an_account(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    records.credentials.add_invitation(invitation())
    outcomes = race(racing.accept_invitation, 8, directory_location)
    assert Counter(outcomes)[None] == 7
    assert {account.id for account in records.directory.accounts("aegean-foods")} == set(outcomes) - {None}


def test_an_invitation_whose_account_cannot_be_made_stays_open(records: Records) -> None:
    join(records)
    records.credentials.add_invitation(invitation())
    with pytest.raises(AddressTaken):
        records.credentials.accept_invitation(
            "invitation-1", own_draft("eleni"), password_record("eleni", address="anna@aegeanfoods.example")
        )
    assert records.credentials.invitations("aegean-foods") == [invitation()]
    assert records.directory.account("eleni") is None


def test_fe_22_an_invitation_makes_no_account_of_another_organisation(records: Records) -> None:
    records.credentials.add_invitation(invitation())
    elsewhere = own_draft("anna", organization="helios-shipping")
    assert records.credentials.accept_invitation("invitation-1", elsewhere, password_record("anna")) is None
    assert records.credentials.invitations("aegean-foods") == [invitation()]


def test_an_invitation_is_cancelled_by_its_organisation_and_not_accepted_then(records: Records) -> None:
    records.credentials.add_invitation(invitation())
    assert records.credentials.cancel_invitation("helios-shipping", "invitation-1") is False
    assert records.credentials.cancel_invitation("aegean-foods", "invitation-1") is True
    assert records.credentials.cancel_invitation("aegean-foods", "invitation-1") is False
    assert records.credentials.invitations("aegean-foods") == []
    assert records.credentials.accept_invitation("invitation-1", own_draft("anna"), password_record("anna")) is None


# --- passkeys ---------------------------------------------------------------------------------------------------------


def test_passkeys_are_read_as_they_were_added_oldest_first(records: Records) -> None:
    join(records)
    for number in (2, 1):
        records.credentials.add_passkey(passkey("anna", number, rehearsed_at=LATER))
    first, second = passkey("anna", 1, rehearsed_at=LATER), passkey("anna", 2, rehearsed_at=LATER)
    assert records.credentials.passkeys("anna") == [first, second]
    assert records.credentials.passkey(second.credential_id) == second


@pytest.mark.parametrize(
    ("before", "said", "taken"),
    [(0, 0, True), (0, 1, True), (7, 8, True), (7, 2**32 - 1, True), (7, 7, False), (7, 6, False), (7, 0, False)],
)
def test_a_passkey_whose_sign_count_does_not_rise_is_a_copy(
    records: Records, before: int, said: int, taken: bool
) -> None:
    join(records)
    key = passkey("anna", sign_count=before)
    records.credentials.add_passkey(key)
    assert records.credentials.note_passkey_used(key.credential_id, said, LATER) is taken
    used = replace(key, sign_count=said, rehearsed_at=LATER)
    assert records.credentials.passkey(key.credential_id) == (used if taken else key)


def test_of_many_who_use_a_passkey_with_one_count_at_once_one_comes_in(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    join(records)
    records.credentials.add_passkey(passkey("anna", sign_count=4))
    assert sorted(race(racing.use_passkey, 8, directory_location)) == [False] * 7 + [True]


def test_a_passkey_is_dropped_by_its_owner_only(records: Records) -> None:
    join(records)
    join(records, "eleni")
    records.credentials.add_passkey(passkey("anna"))
    assert records.credentials.drop_passkey("eleni", passkey("anna").credential_id) is False
    assert records.credentials.drop_passkey("anna", passkey("anna").credential_id) is True
    assert records.credentials.passkeys("anna") == []


# --- values -----------------------------------------------------------------------------------------------------------

TAKEN: dict[str, Callable[[Credentials], object]] = {
    "app password id": lambda c: c.add_app_password(app_password("anna", digest="other")),
    "app password digest": lambda c: c.add_app_password(app_password("anna", id="other")),
    "app password of nobody": lambda c: c.add_app_password(app_password("nobody")),
    "invitation id": lambda c: c.add_invitation(invitation(digest="other", address="other@e.example")),
    "invitation digest": lambda c: c.add_invitation(invitation(id="other", address="other@e.example")),
    "passkey": lambda c: c.add_passkey(passkey("anna")),
    "passkey of nobody": lambda c: c.add_passkey(passkey("nobody")),
    "account": lambda c: c.create_password_account(
        own_draft("anna", subject=ELENI), password_record("anna", address="other@e.example")
    ),
}


@pytest.mark.parametrize("write", TAKEN.values(), ids=TAKEN)
def test_what_is_taken_or_belongs_to_nobody_is_refused(
    records: Records, write: Callable[[Credentials], object]
) -> None:
    join(records)
    records.credentials.add_app_password(app_password("anna"))
    records.credentials.add_invitation(invitation())
    records.credentials.add_passkey(passkey("anna"))
    with pytest.raises(ValueError):
        write(records.credentials)
    assert records.credentials.app_passwords("anna") == [app_password("anna")]
    assert records.credentials.invitations("aegean-foods") == [invitation()]
    assert records.credentials.passkeys("anna") == [passkey("anna")]
    assert records.credentials.app_passwords("nobody") == []


def test_a_text_that_no_database_can_hold_is_found_nowhere_and_refused_when_written(records: Records) -> None:
    text = "surrogate \ud800"
    join(records)
    credentials = records.credentials
    assert credentials.password(text) is None
    assert credentials.app_password(text) is None
    assert credentials.invitation(text) is None
    assert credentials.passkey(text) is None
    with pytest.raises(ValueError):
        credentials.create_password_account(own_draft("eleni"), password_record("eleni", address=text))
    with pytest.raises(ValueError):
        credentials.set_password("anna", text, NOW)
    with pytest.raises(ValueError):
        credentials.add_app_password(app_password("anna", label=text))
    with pytest.raises(ValueError):
        credentials.add_invitation(invitation(address=text))
    with pytest.raises(ValueError):
        credentials.add_passkey(passkey("anna", name=text))
    assert records.directory.account("eleni") is None
    assert credentials.password_of("anna") == password_record("anna")


# --- linking ----------------------------------------------------------------------------------------------------------


def test_an_account_is_handed_over_once_and_with_nothing_that_was_held_of_it(records: Records) -> None:
    account = join(records)
    records.credentials.add_app_password(app_password("anna"))
    address = password_record("anna").address
    handed = records.credentials.hand_over(address, account.organization, ELENI, LATER, reason="proved")
    assert handed is not None
    assert (handed.id, handed.subject, handed.epoch) == ("anna", ELENI, account.epoch + 1)
    assert (handed.attribute_sources["subject"], handed.attribute_stamps["subject"].at) == ("proved", LATER)
    assert (handed.first_name, handed.role, handed.created_at) == (account.first_name, account.role, account.created_at)
    assert records.directory.account_of(Subject.own("anna")) is None
    assert records.credentials.password(address) is None
    assert records.credentials.app_passwords("anna") == []
    assert [(each.kind, each.name) for each in records.standings.endings()] == [("account", "anna")]
    assert records.credentials.hand_over(address, account.organization, ELENI, LATER, reason="proved") is None


def test_nothing_is_handed_over_to_somebody_who_has_an_account_or_from_another_organisation(records: Records) -> None:
    account = join(records)
    address = password_record("anna").address
    assert records.credentials.hand_over(address, "helios-shipping", ELENI, LATER, reason="proved") is None
    records.directory.create_account(draft())
    assert records.credentials.hand_over(address, account.organization, ELENI, LATER, reason="proved") is None
    assert records.directory.account_of(Subject.own("anna")) == account
    assert records.credentials.password(address) == password_record("anna")
    assert records.standings.endings() == []
