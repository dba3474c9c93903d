"""Two at once, on two workers: each single thing happens once, and somebody always administers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from broker.admission import Admission, Evidence
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.errors import BrokerError
from broker.identity import Account
from broker.membership.assembly import Membership
from tests.support.members import ANNA, BASIL, OLIVE_GROVE, PASSWORD, administrator, enforce, letters, member
from tests.support.membership import membership_of
from tests.support.world import Foundation, World, world_on

ROUNDS = 4


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    settings = {"rate_limits": {"attempts_by_client_for_person": 1000, "letters_for_person": 1000}}
    with world_on(foundation, tmp_path / "world", organizations=organizations, settings=settings) as made:
        yield made


@pytest.fixture
def workers(world: World, tmp_path: Path) -> Sequence[Membership]:
    return [membership_of(world, tmp_path / "world") for _ in range(2)]


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each gave, or the refusal that it raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        try:
            return act()
        except BrokerError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def admission_of(worker: Membership, account: Account) -> Admission:
    return worker.passwords._ports.gate.admit(Evidence.knocking(account, "password"))


def test_of_two_administrators_who_deactivate_each_other_one_stays(
    world: World, workers: Sequence[Membership]
) -> None:
    one, other = administrator(world), administrator(world, BASIL, first_name="Basil")
    first, second = workers
    for _ in range(ROUNDS):
        admissions = admission_of(first, one), admission_of(second, other)
        at_once(
            partial(first.co_workers.deactivate, admissions[0], one, other.id),
            partial(second.co_workers.deactivate, admissions[1], other, one.id),
        )
        active = [account for account in world.around.directory.accounts("olive-grove") if account.active]
        assert len(active) >= 1
        for account in (one, other):
            world.around.directory.set_active(account.id, True)
        one, other = (world.around.directory.account(each.id) or each for each in (one, other))


def test_an_invitation_is_accepted_once(world: World, workers: Sequence[Membership], tmp_path: Path) -> None:
    anna = administrator(world)
    admission = admission_of(workers[0], anna)
    for number in range(ROUNDS):
        address = f"new{number}@olivegrove.example"
        workers[0].invitations.invite(admission, anna, address, "editor", None)
        token = urlsplit(letters(tmp_path / "world", address)[0].link).path.rpartition("/")[2]
        accepting = (
            partial(each.invitations.accept, token, "New", "Person", PASSWORD, None) for each in workers
        )
        answers = at_once(*accepting)
        assert sum(isinstance(answer, Account) for answer in answers) == 1
    assert world.accounts("olive-grove") == 1 + ROUNDS


def test_a_reset_link_sets_one_password(world: World, workers: Sequence[Membership], tmp_path: Path) -> None:
    member(world, ANNA)
    for _ in range(ROUNDS):
        workers[0].resets.request(ANNA, None)
        token = letters(tmp_path / "world", ANNA)[-1].link.rpartition("/")[2]
        for letter in letters(tmp_path / "world"):
            letter.path.unlink()
        redeeming = (
            partial(each.resets.redeem, token, f"{PASSWORD} in the rain {n}", None) for n, each in enumerate(workers)
        )
        answers = at_once(*redeeming)
        assert sum(isinstance(answer, Account) for answer in answers) == 1


def test_nothing_is_proved_or_set_after_the_switch_returned(
    world: World, workers: Sequence[Membership], tmp_path: Path
) -> None:
    """FE-17, the part of these doors: whatever was under way, no hash is left and no later attempt succeeds."""
    anna = member(world, ANNA)
    workers[0].resets.request(ANNA, None)
    token = letters(tmp_path / "world", ANNA)[-1].link.rpartition("/")[2]
    at_once(
        lambda: workers[0].passwords.prove(ANNA, PASSWORD, None),
        lambda: workers[1].resets.redeem(token, f"{PASSWORD} in the rain", None),
        lambda: enforce(world),
    )
    record = world.around.records.credentials.password_of(anna.id)
    assert record is None or record.hash is None
    for worker in workers:
        for password in (PASSWORD, f"{PASSWORD} in the rain"):
            with pytest.raises(BrokerError, match="sso_required"):
                worker.passwords.prove(ANNA, password, None)
