"""A probe may have what nobody else of a federated organisation can have, and goes with everything it had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.errors import SsoRequired
from broker.identity import Subject
from broker.store.credentials import AppPassword, Invitation, PasswordRecord
from broker.store.directory import NewAccount
from broker.store.records import Records
from tests.support.directory import draft
from tests.support.people import AEGEAN, NOW, TENANT_A


def probe_draft(account_id: str = "probe", **changes: object) -> NewAccount:
    base = replace(draft(), id=account_id, subject=Subject.own(account_id), email=f"{account_id}@aegeanfoods.example")
    return replace(base, created_at=NOW, photo=None, **changes)  # type: ignore[arg-type]  # fields of the value


def record(account_id: str = "probe") -> PasswordRecord:
    return PasswordRecord(f"{account_id}@aegeanfoods.example", account_id, "a hash", NOW)


def invitation(by: str) -> Invitation:
    return Invitation("i", AEGEAN.name, f"d-{by}", "new@aegeanfoods.example", "editor", False, by, NOW, NOW)


@pytest.fixture
def enforced(records: Records) -> Records:
    records.federations.declare(AEGEAN.name, TENANT_A, NOW)
    return records


def test_only_a_probe_has_a_password_where_the_directory_decides(enforced: Records) -> None:
    with pytest.raises(SsoRequired):
        enforced.credentials.create_password_account(probe_draft("other"), record("other"))
    made = enforced.probes.make(probe_draft(), record())
    assert made.subject == Subject.own("probe")
    assert enforced.credentials.set_password("probe", "another hash", NOW)
    app = AppPassword("a", "probe", "phone", "digest", NOW)
    enforced.credentials.add_app_password(app)
    enforced.credentials.add_invitation(invitation("probe"))
    with pytest.raises(SsoRequired):
        enforced.credentials.add_invitation(invitation("somebody"))


def test_it_goes_with_all_it_had_and_with_whoever_came_by_its_invitation(enforced: Records) -> None:
    before = len(enforced.directory.accounts(AEGEAN.name))
    enforced.probes.make(probe_draft(), record())
    enforced.credentials.add_app_password(AppPassword("a", "probe", "phone", "digest", NOW))
    enforced.credentials.add_invitation(invitation("probe"))
    invited = enforced.credentials.accept_invitation("i", probe_draft("invited"), record("invited"))
    assert invited is not None
    assert enforced.probes.remove("probe")
    assert len(enforced.directory.accounts(AEGEAN.name)) == before
    assert enforced.credentials.password(record().address) is None
    assert enforced.credentials.app_password("digest") is None
    assert enforced.credentials.invitation("d-probe") is None
    assert not enforced.probes.remove("probe")


def test_nobody_else_is_ever_removed(enforced: Records) -> None:
    account, _ = enforced.directory.create_account(draft())
    assert not enforced.probes.remove(account.id)
    assert enforced.directory.account(account.id) == account


def test_a_probe_of_a_proof_that_was_killed_is_found(enforced: Records) -> None:
    enforced.probes.make(probe_draft(), record())
    assert enforced.probes.left_behind(NOW) == []
    assert enforced.probes.left_behind(NOW + timedelta(seconds=1)) == ["probe"]
