"""The contract of ``Standings``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.store.records import Records
from broker.store.standings import Ending, Standings, UpstreamGrant, Watch
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import own_draft
from tests.support.people import NOW, TENANT_A, TENANT_B

LATER = NOW + timedelta(minutes=5, microseconds=3)


@pytest.fixture
def standings(records: Records) -> Standings:
    for account_id in ("anna", "eleni", "giorgos"):
        records.directory.create_account(own_draft(account_id))
    return records.standings


def a_grant(account_id: str = "anna", **changes: object) -> UpstreamGrant:
    base = UpstreamGrant(account_id, "aegean-foods", TENANT_A, "sealed token", NOW, NOW)
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields of the test's own table


def a_watch(organization: str = "aegean-foods", **changes: object) -> Watch:
    base = Watch(
        organization=organization,
        tenant_id=TENANT_A,
        cursor="sealed cursor",
        subscription="subscription-1",
        subscription_expires_at=LATER,
        client_state_digest="digest",
        looked_at=NOW,
        succeeded_at=NOW,
        trouble="consent_revoked",
        trouble_since=LATER,
        delay_seconds=0.1,
        longest_delay_seconds=12.25,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields of the test's own table


# --- upstream grants --------------------------------------------------------------------------------------------------


def test_an_upstream_grant_is_kept_replaced_renewed_and_dropped(standings: Standings) -> None:
    assert standings.upstream_grant("anna") is None
    standings.keep_upstream_grant(a_grant())
    standings.keep_upstream_grant(a_grant("eleni"))
    assert standings.upstream_grant("anna") == a_grant()
    other = a_grant(tenant_id=TENANT_B, sealed="another", obtained_at=LATER, checked_at=LATER)
    standings.keep_upstream_grant(other)
    assert standings.upstream_grant("anna") == other
    last = LATER + timedelta(seconds=1)
    standings.renew_upstream_grant("anna", "renewed", last)
    assert standings.upstream_grant("anna") == replace(other, sealed="renewed", obtained_at=last, checked_at=last)
    assert standings.drop_upstream_grant("anna") is True
    assert standings.drop_upstream_grant("anna") is False
    assert standings.upstream_grant("anna") is None
    assert standings.upstream_grant("eleni") == a_grant("eleni")


def test_a_grant_that_was_dropped_meanwhile_is_not_renewed_into_being(standings: Standings) -> None:
    standings.renew_upstream_grant("anna", "renewed", NOW)
    assert standings.upstream_grant("anna") is None


def test_a_check_is_claimed_by_whoever_has_seen_the_last_one(standings: Standings) -> None:
    assert standings.claim_check("anna", NOW, LATER) is False
    standings.keep_upstream_grant(a_grant())
    assert standings.claim_check("anna", LATER, LATER) is False
    assert standings.claim_check("anna", NOW, LATER) is True
    assert standings.claim_check("anna", NOW, LATER) is False
    assert standings.upstream_grant("anna") == a_grant(checked_at=LATER)


def test_of_many_who_claim_a_check_at_once_one_gets_it(
    standings: Standings, directory_location: Path | str, race: Race
) -> None:
    standings.keep_upstream_grant(a_grant())
    assert sorted(race(racing.claim_check, 8, directory_location)) == [False] * 7 + [True]


def test_the_grants_that_were_checked_longest_ago_come_first(standings: Standings, records: Records) -> None:
    records.directory.create_account(own_draft("helen", organization="helios-shipping"))
    standings.keep_upstream_grant(a_grant("helen", organization="helios-shipping", checked_at=NOW - timedelta(1)))
    for account_id, minutes in (("anna", 2), ("eleni", 1), ("giorgos", 3)):
        standings.keep_upstream_grant(a_grant(account_id, checked_at=NOW + timedelta(minutes=minutes)))
    assert [grant.account_id for grant in standings.upstream_grants("aegean-foods")] == ["eleni"]
    every = standings.upstream_grants("aegean-foods", limit=10)
    assert [grant.account_id for grant in every] == ["eleni", "anna", "giorgos"]
    assert standings.upstream_grants("nobody", limit=10) == []


# --- watches ----------------------------------------------------------------------------------------------------------


def test_a_watch_is_kept_replaced_and_dropped(standings: Standings) -> None:
    assert standings.watch("aegean-foods") is None
    standings.keep_watch(a_watch("helios-shipping"))
    standings.keep_watch(a_watch())
    assert standings.watch("aegean-foods") == a_watch()
    bare = Watch("aegean-foods", TENANT_B)
    standings.keep_watch(bare)
    assert standings.watches() == [bare, a_watch("helios-shipping")]
    assert standings.drop_watch("aegean-foods") is True
    assert standings.drop_watch("aegean-foods") is False
    assert standings.watches() == [a_watch("helios-shipping")]


# --- endings ----------------------------------------------------------------------------------------------------------


def test_ending_an_account_voids_what_it_has_and_leaves_word(standings: Standings, records: Records) -> None:
    for account_id in ("anna", "eleni"):
        standings.keep_upstream_grant(a_grant(account_id))
    ending = standings.end_account("anna", "disabled", LATER)
    assert ending is not None
    assert ending == Ending(ending.id, "account", "anna", "disabled", LATER)
    assert standings.endings() == [ending]
    assert standings.upstream_grant("anna") is None
    assert standings.upstream_grant("eleni") == a_grant("eleni")
    anna, eleni = records.directory.account("anna"), records.directory.account("eleni")
    assert anna is not None
    assert eleni is not None
    assert (anna.epoch, eleni.epoch) == (1, 0)


def test_nobody_is_ended_who_has_no_account(standings: Standings) -> None:
    assert standings.end_account("nobody", "deleted", NOW) is None
    assert standings.endings() == []


def test_endings_come_oldest_first_until_they_are_carried_out(standings: Standings) -> None:
    moments = {"anna": 3, "eleni": 1, "giorgos": 2}
    for account_id, minutes in moments.items():
        standings.end_account(account_id, "revoked", NOW + timedelta(minutes=minutes))
    endings = standings.endings()
    assert [ending.name for ending in endings] == ["eleni", "giorgos", "anna"]
    assert standings.endings(limit=1) == endings[:1]
    assert standings.carried_out(endings[1].id) is True
    assert standings.carried_out(endings[1].id) is False
    assert standings.endings() == [endings[0], endings[2]]


def test_every_one_of_many_endings_counts(records: Records, directory_location: Path | str, race: Race) -> None:
    records.directory.create_account(own_draft("anna"))
    assert len(set(race(racing.end_account, 8, directory_location))) == 8
    anna = records.directory.account("anna")
    assert anna is not None
    assert (anna.epoch, len(records.standings.endings())) == (8, 8)


# --- values -----------------------------------------------------------------------------------------------------------


def test_what_belongs_to_nobody_or_no_database_can_hold_is_refused(standings: Standings) -> None:
    text = "surrogate \ud800"
    assert standings.upstream_grant(text) is None
    assert standings.watch(text) is None
    with pytest.raises(ValueError):
        standings.keep_upstream_grant(a_grant("nobody"))
    with pytest.raises(ValueError):
        standings.keep_upstream_grant(a_grant(sealed=text))
    with pytest.raises(ValueError):
        standings.keep_watch(a_watch(cursor=text))
    with pytest.raises(ValueError):
        standings.end_account("anna", text, NOW)
    assert standings.upstream_grant("anna") is None
    assert standings.watches() == []
    assert standings.endings() == []
