"""The account of an admitted person: drafted from the profile, created exactly once (threats PR-01, PR-13)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from broker.admission import Admission, Evidence
from broker.claims.facts import fields_of
from broker.clock import ManualClock
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.identity import Profile, Subject
from broker.provisioning.consulting import Consulted
from broker.provisioning.just_in_time import JustInTime
from broker.store.opening import open_records
from tests.support.hooks import consulting
from tests.support.people import AEGEAN, ELENI, TENANT_A, FixedOrganizations, authentication, fixed_gate
from tests.support.rules import STAFF, ruled

PROFILE = Profile({"graph.displayName": "Eleni Markou", "graph.mail": "eleni.markou@aegeanfoods.example"})


@pytest.fixture
def accounts(directory_location: Path | str, clock: ManualClock, entropy: Entropy) -> Iterator[JustInTime]:
    with closing(open_records(directory_location)) as records:
        organizations = FixedOrganizations()
        hooks = consulting(clock)
        yield JustInTime(records.directory, records.credentials, records.audit, organizations, clock, entropy, hooks)


def admission(subject: Subject = ELENI) -> Admission:
    return fixed_gate().admit(Evidence.fresh(authentication(subject=subject), None, None))


def test_an_account_is_drafted_then_created_then_found(accounts: JustInTime) -> None:
    assert accounts.find(ELENI) is None
    draft = accounts.draft(admission(), authentication(), PROFILE)
    assert accounts.find(ELENI) is None, "a draft writes nothing"
    account, created = accounts.create(admission(), Consulted(draft))
    assert created
    assert accounts.find(ELENI) == accounts.by_id(account.id) == account


def test_pr_01_of_many_first_sign_ins_at_once_one_makes_the_account(accounts: JustInTime) -> None:
    drafts = [accounts.draft(admission(), authentication(), PROFILE) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda draft: accounts.create(admission(), Consulted(draft)), drafts))
    assert len({account.id for account, _ in results}) == 1
    assert [created for _, created in results].count(True) == 1


def test_pr_13_a_later_draft_changes_nothing(accounts: JustInTime) -> None:
    first, _ = accounts.create(admission(), Consulted(accounts.draft(admission(), authentication(), PROFILE)))
    later = Profile({**PROFILE.values, "graph.displayName": "Somebody Else", "graph.jobTitle": "Chief"})
    again, created = accounts.create(admission(), Consulted(accounts.draft(admission(), authentication(), later)))
    assert (again, created) == (first, False)


def test_an_admission_of_somebody_else_drafts_and_creates_nothing(accounts: JustInTime) -> None:
    other = Subject.entra(TENANT_A, "91fab1d9-0e5f-4b25-8784-d678371b6f47")
    with pytest.raises(NotAllowed):
        accounts.draft(admission(other), authentication(), PROFILE)
    draft = accounts.draft(admission(), authentication(), PROFILE)
    for foreign in (replace(draft, subject=other), replace(draft, organization="helios-shipping")):
        with pytest.raises(NotAllowed):
            accounts.create(admission(), Consulted(foreign))
    assert accounts.find(ELENI) is None


def test_nothing_is_written_and_nobody_asked_before_the_rules_on_the_account_were_judged(accounts: JustInTime) -> None:
    owning = replace(AEGEAN, tenant_domains=AEGEAN.domains)
    accounts._organizations = FixedOrganizations([owning])
    gate = fixed_gate(FixedOrganizations([ruled(admit=(f'"{STAFF}" in identity.groups',), organization=owning)]))
    said = authentication(groups=(STAFF,))
    waiting = gate.admit(Evidence.fresh(gate.hear(said), None, None))
    draft = accounts.draft(waiting, said, PROFILE)
    assert accounts.held_before(waiting, said) is None, "it may be looked for"
    with pytest.raises(NotAllowed, match="fields"):
        accounts.take_over(waiting, said)
    with pytest.raises(NotAllowed, match="fields"):
        accounts.consult(waiting, draft)
    with pytest.raises(NotAllowed, match="fields"):
        accounts.create(waiting, Consulted(draft))
    assert accounts.find(ELENI) is None
    judged = gate.admit(Evidence.fresh(gate.hear(said), None, None, fields_of(draft)))
    assert accounts.take_over(judged, said) is None, "nobody had it before"
    assert accounts.create(judged, Consulted(draft))[1]
