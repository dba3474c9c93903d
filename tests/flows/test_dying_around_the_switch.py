"""What stands when a worker dies around the switch: all of it or nothing, and somebody else does the rest."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace

from broker.federating import Federating
from broker.store.federations import Disconnection
from tests.support.connecting import GALINI, Connecting
from tests.support.members import member, signed_in
from tests.support.world import World


def with_carry_out(world: World, carry_out: Callable[[], object]) -> Federating:
    """The switch of the broker, with another word for what follows the transaction."""
    switch = world.federating
    return Federating(replace(switch._ports, carry_out=carry_out), fresh=switch._fresh, delay=switch._delay)


def test_a_worker_that_dies_after_the_switch_leaves_it_closed_and_another_one_tidies_up(world: World) -> None:
    case = Connecting.begin(world).tested(GALINI)
    member(world, "nefeli.drakou@cyclades-ferries.example", organization=case.name)
    browser = signed_in(world, "nefeli.drakou@cyclades-ferries.example")
    dying = with_carry_out(world, lambda: os._exit(9))

    def die() -> None:
        dying.enforce_by_operator(case.name)

    process = multiprocessing.get_context("fork").Process(target=die)
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert case.stage() == "enforced"
    silent = world.go(browser, world.authorize_url(prompt="none"))
    assert "error=login_required" in silent.headers["Location"]
    assert world.around.records.credentials.holdings(case.name).passwords == 0
    assert case.name in [ending.name for ending in world.around.records.standings.endings()]
    assert world.side.endings.carry_out() >= 1
    assert world.around.records.standings.endings() == []
    assert case.page().status_code == 303


def test_a_worker_that_dies_before_the_switch_has_changed_nothing(world: World) -> None:
    case = Connecting.begin(world).tested(GALINI)
    before = case.federation()
    records = world.federating._ports.federations

    class Dying:
        """The records of a worker that is killed when it turns to the database."""

        def __getattr__(self, name: str) -> object:
            return (lambda *_: os._exit(9)) if name == "enforce" else getattr(records, name)

    ports = replace(world.federating._ports, federations=Dying())  # type: ignore[arg-type]  # delegates by name
    dying = Federating(ports, fresh=world.federating._fresh, delay=world.federating._delay)
    process = multiprocessing.get_context("fork").Process(target=lambda: dying.enforce_by_operator(case.name))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert case.federation() == before
    assert case.page().status_code == 200


def test_one_of_several_workers_carries_a_due_disconnection_out(world: World) -> None:
    case = Connecting.begin(world).tested(GALINI)
    world.federating.enforce_by_operator(case.name)
    now = world.clock.now()
    workers = [with_carry_out(world, world.side.endings.carry_out) for _ in range(3)]
    wanted = Disconnection("operator", now, now)
    world.around.records.federations.schedule_disconnection(case.name, wanted)
    assert [worker.carry_out_due() for worker in workers] == [1, 0, 0]
    assert case.stage() == "disconnected"
