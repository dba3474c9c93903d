"""What the switch closes: no credential of an organisation's own outlives it (threats FE-03 to FE-05, FE-15, FE-17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from broker.errors import SsoRequired
from broker.identity import Subject
from broker.store.directory import NewAccount
from broker.store.records import Records
from broker.store.standings import UpstreamGrant
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import (
    app_password,
    consent,
    draft,
    invitation,
    make_tested,
    order,
    own_draft,
    passkey,
    password_record,
    tried,
)
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B

AEGEAN = "aegean-foods"
HELIOS = "helios-shipping"
AT = order().at


def furnish(records: Records, account: NewAccount, number: int, tenant_id: str = TENANT_B) -> None:
    """Gives somebody everything that one can come in with."""
    credentials = records.credentials
    credentials.create_password_account(account, password_record(account.id))
    credentials.add_app_password(app_password(account.id))
    credentials.add_passkey(passkey(account.id))
    credentials.add_invitation(invitation(number, organization=account.organization))
    records.standings.keep_upstream_grant(
        UpstreamGrant(account.id, account.organization, tenant_id, "sealed", NOW, NOW)
    )


def holdings(records: Records, account: NewAccount) -> dict[str, object]:
    """How much of it is left."""
    password = records.credentials.password_of(account.id)
    return {
        "password": password is not None and password.hash is not None,
        "app passwords": len(records.credentials.app_passwords(account.id)),
        "passkeys": len(records.credentials.passkeys(account.id)),
        "invitations": len(records.credentials.invitations(account.organization)),
        "upstream grant": records.standings.upstream_grant(account.id) is not None,
    }


ALL = {"password": True, "app passwords": 1, "passkeys": 1, "invitations": 1, "upstream grant": True}
NOTHING = {"password": False, "app passwords": 0, "passkeys": 0, "invitations": 0, "upstream grant": False}
ANNA = own_draft("anna")
HELEN = own_draft("helen", organization=HELIOS)

SWITCHES: dict[str, Callable[[Records], object]] = {
    "enforce": lambda records: (make_tested(records.federations), records.federations.enforce(order())),
    "declare": lambda records: records.federations.declare(AEGEAN, TENANT_A, AT),
    "declare another tenant": lambda records: (
        records.federations.connect(AEGEAN, consent(TENANT_B)),
        records.federations.declare(AEGEAN, TENANT_A, AT),
    ),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_fe_03_fe_04_fe_05_fe_15_the_switch_leaves_nobody_of_the_organisation_a_credential(
    records: Records, switch: Callable[[Records], object]
) -> None:
    furnish(records, ANNA, 1)
    furnish(records, HELEN, 2)
    switch(records)
    assert holdings(records, ANNA) == NOTHING
    assert holdings(records, HELEN) == ALL
    cancelled = records.credentials.invitation(invitation(1).digest)
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    assert [(e.kind, e.name, e.noted_at) for e in records.standings.endings()] == [("organization", AEGEAN, AT)]


def test_fe_04_the_address_stays_its_accounts_and_a_pending_reset_sees_that_something_changed(records: Records) -> None:
    records.credentials.create_password_account(ANNA, password_record("anna"))
    records.federations.declare(AEGEAN, TENANT_A, AT)
    assert records.credentials.password_of("anna") == password_record("anna", hash=None, changed_at=AT)


def test_what_the_tenant_itself_granted_stays(records: Records) -> None:
    furnish(records, ANNA, 1, TENANT_A)
    records.federations.declare(AEGEAN, TENANT_A, AT)
    assert holdings(records, ANNA) == NOTHING | {"upstream grant": True}


def test_a_disconnection_forgets_what_the_tenant_granted(records: Records) -> None:
    furnish(records, HELEN, 1, TENANT_B)
    furnish(records, ANNA, 2, TENANT_A)
    records.federations.declare(AEGEAN, TENANT_A, AT)
    records.federations.disconnect(AEGEAN, "anna", AT + timedelta(days=1))
    assert holdings(records, ANNA) == NOTHING
    assert holdings(records, HELEN)["upstream grant"] is True


def test_fe_21_passkeys_of_the_people_named_for_the_break_glass_stay(records: Records) -> None:
    furnish(records, ANNA, 1)
    records.federations.name_glass_person(AEGEAN, "anna")
    records.federations.declare(AEGEAN, TENANT_A, AT)
    assert holdings(records, ANNA) == NOTHING | {"passkeys": 1}


WRITES: dict[str, Callable[[Records], object]] = {
    "set_password": lambda records: records.credentials.set_password("anna", "$argon2id$new", NOW),
    "add_app_password": lambda records: records.credentials.add_app_password(app_password("anna", 2)),
    "add_passkey": lambda records: records.credentials.add_passkey(passkey("anna", 2)),
    "add_invitation": lambda records: records.credentials.add_invitation(invitation(2)),
    "accept_invitation": lambda records: records.credentials.accept_invitation(
        "invitation-1", own_draft("guest"), password_record("guest")
    ),
    "create_password_account": lambda records: records.credentials.create_password_account(
        own_draft("guest"), password_record("guest")
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_fe_17_what_comes_after_the_switch_is_refused_and_leaves_nothing(
    records: Records, write: Callable[[Records], object]
) -> None:
    furnish(records, ANNA, 1)
    records.federations.declare(AEGEAN, TENANT_A, AT)
    with pytest.raises(SsoRequired):
        write(records)
    assert holdings(records, ANNA) == NOTHING
    assert records.directory.account("guest") is None
    records.federations.disconnect(AEGEAN, "anna", AT)
    write(records)


def test_fe_21_a_person_named_for_the_break_glass_may_add_a_passkey_after_the_switch(records: Records) -> None:
    furnish(records, ANNA, 1)
    records.federations.declare(AEGEAN, TENANT_A, AT)
    records.federations.name_glass_person(AEGEAN, "anna")
    records.credentials.add_passkey(passkey("anna", 2))
    assert records.credentials.passkeys("anna") == [passkey("anna", 2)]


@pytest.mark.parametrize("_again", range(5))
def test_fe_17_nothing_that_was_being_made_while_the_switch_turned_outlives_it(
    records: Records, directory_location: Path | str, race: Race, _again: int
) -> None:
    records.credentials.create_password_account(ANNA, password_record("anna"))
    make_tested(records.federations)
    assert Counter(race(racing.enforce_or_make_credentials, 8, directory_location)) == {"enforced": 1, "refused": 7}
    for account in records.directory.accounts(AEGEAN, limit=100_000):
        assert holdings(records, own_draft(account.id)) == NOTHING


# --- the administrator ------------------------------------------------------------------------------------------------


def test_the_administrator_is_found_by_the_proved_identity_from_the_switch_on(records: Records) -> None:
    created = records.credentials.create_password_account(ANNA, password_record("anna"))
    make_tested(records.federations)
    records.federations.enforce(order(administrator=("anna", ELENI.identifier)))
    account = records.directory.account_of(ELENI)
    assert account is not None
    assert (account.id, account.subject, account.epoch) == (created.id, ELENI, created.epoch)
    assert records.directory.account_of(Subject.own("anna")) is None


def test_pr_01_an_identity_that_has_an_account_keeps_it(records: Records) -> None:
    records.credentials.create_password_account(ANNA, password_record("anna"))
    records.directory.create_account(draft())
    make_tested(records.federations)
    records.federations.enforce(order(administrator=("anna", ELENI.identifier)))
    found, anna = records.directory.account_of(ELENI), records.directory.account_of(Subject.own("anna"))
    assert found is not None
    assert anna is not None
    assert (found.id, anna.id) == (draft().id, "anna")


@pytest.mark.parametrize(
    "administrator", ["helen", "nobody", draft(subject=Subject.entra(TENANT_B, ELENI.identifier)).id]
)
def test_only_an_account_of_the_organisation_that_signs_in_by_password_is_bound(
    records: Records, administrator: str
) -> None:
    records.credentials.create_password_account(HELEN, password_record("helen"))
    records.directory.create_account(draft(subject=Subject.entra(TENANT_B, ELENI.identifier)))
    make_tested(records.federations)
    records.federations.enforce(order(administrator=(administrator, ELENI.identifier)))
    assert records.directory.account_of(ELENI) is None
    assert records.directory.account_of(Subject.own("helen")) is not None


def test_g4_an_object_id_that_is_none_turns_no_switch(records: Records) -> None:
    records.federations.connect(AEGEAN, consent())
    records.federations.record_test(AEGEAN, TENANT_A, tried())
    with pytest.raises(ValueError):
        records.federations.enforce(order(administrator=("anna", "not-a-guid")))
    federation = records.federations.recorded(AEGEAN).federation
    assert federation is not None
    assert federation.stage == "tested"
