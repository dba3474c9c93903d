"""Provisioning hooks through the served broker: an application is asked before there is an account, and told when
there is one; whatever becomes of it, there is one account and one word of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.composition.hooks import HookSide
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.hooks.background import DeliveryThread
from tests.support.hooks import Receiver, webhook
from tests.support.https import Answer
from tests.support.members import OLIVE_GROVE, PASSWORD
from tests.support.membership import membership_of
from tests.support.world import ELENI, Foundation, World, world_on

GIORGOS = "giorgos.papadopoulos@aegeanfoods.example"


@dataclass(slots=True)
class Scene:
    world: World
    asked: Receiver
    told: Receiver
    folder: Path

    def deliver(self) -> None:
        side: HookSide = self.world.foundation.broker.application.extensions[HookSide.NAME]
        while side.deliverer.turn():
            pass

    @contextmanager
    def delivering(self) -> Iterator[threading.Event]:
        """The thread of a worker, which looks when it is woken; the event is set when word arrives."""
        arrived = threading.Event()

        def take(_number: int, _body: object) -> Answer:
            arrived.set()
            return Answer()

        self.told.answer = take
        side: HookSide = self.world.foundation.broker.application.extensions[HookSide.NAME]
        thread = DeliveryThread(side.deliverer, side.woken, timedelta(hours=1))
        thread.start()
        yield arrived
        thread.stop()

    def sign_in(self, person: str = ELENI) -> Any:
        return self.world.come_back(self.world.browser(), person, person)


@pytest.fixture
def scene(foundation: Foundation, tmp_path: Path) -> Iterator[Scene]:
    with Receiver(foundation.clock) as asked, Receiver(foundation.clock) as told:
        hooks = [
            webhook(
                tmp_path, asked.url, "licences", when="before", fields=["email", "job_title"], may_set=["employee_id"]
            ),
            webhook(tmp_path, told.url, "connect", fields=["email", "employee_id"]),
        ]
        organizations = (
            {**AEGEAN_FOODS, "provisioning": {"hooks": hooks}},
            HELIOS_SHIPPING,
            {**OLIVE_GROVE, "provisioning": {"hooks": hooks[1:]}},
        )
        with world_on(foundation, tmp_path / "world", organizations=organizations) as world:
            yield Scene(world, asked, told, tmp_path / "world")


def test_an_application_is_asked_amends_and_another_is_told(scene: Scene) -> None:
    world = scene.world
    scene.asked.answer = lambda _number, _body: Answer(200, b'{"account": {"employee_id": "E-7", "role": "owner"}}')
    _, tokens = world.signed_in()
    (account,) = world.around.directory.accounts("aegean-foods")
    assert account.id == tokens.claims["sub"]
    assert (account.attributes["employee_id"], account.attribute_sources["employee_id"]) == ("E-7", "hook:licences")
    assert account.role == "editor"
    [asked] = scene.asked.taken.values()
    assert asked["type"] == "account.creating"
    assert asked["data"]["account_id"] == account.id
    assert asked["data"]["account"].keys() == {"email", "job_title"}
    assert scene.told.calls == 0
    scene.deliver()
    [told] = scene.told.taken.values()
    assert told["data"]["account"] == {"email": account.email, "employee_id": "E-7"}
    assert told["data"]["account_id"] == account.id
    world.signed_in()
    scene.deliver()
    assert (scene.asked.calls, scene.told.calls) == (1, 1), "one account, one question, one word"

    # A refusal: our sentence, the reason in the log, nothing written, and nobody else hears.
    scene.asked.answer = lambda _number, _body: Answer(
        200, b'{"decision": "refuse", "reason": "seats", "explanation": "no_place_left"}'
    )
    refused = scene.sign_in(GIORGOS)
    assert refused.status_code == 403
    assert "There is no place left for another person" in refused.text
    assert world.accounts() == 1
    [event] = [each for each in world.events("upstream_oidc_rejected") if each["reason"] == "hook_refused"]
    assert event["detail"] == "aegean-foods/licences: seats"

    # It is down, and its word is needed: nobody is let in half-way, and the person reads that it may work later.
    scene.asked.be_killed()
    busy = scene.sign_in(GIORGOS)
    assert (busy.status_code, world.accounts()) == (503, 1)
    assert busy.headers["Retry-After"] == "5"
    scene.asked.come_back()
    scene.asked.answer = lambda _number, _body: Answer()
    with scene.delivering() as arrived:  # As a worker does it: woken by the sign-in.
        assert scene.sign_in(GIORGOS).status_code == 303
        assert arrived.wait(60)
    assert len(scene.asked.effects) == len(scene.told.effects) == world.accounts() == 2
    assert scene.asked.unsigned == scene.told.unsigned == 0
    for word in ("giorgos", "papadopoulos", "Γιώργος", "E-7", "whsec_"):
        assert word not in world.log_text()

    # An invitation makes an account as well.
    link = membership_of(world, scene.folder).invitations.invite_first_administrator(
        "olive-grove", "basil@olivegrove.example"
    )
    form = {"first_name": "Basil", "last_name": "Ladas", "new_password": PASSWORD, "new_password_again": PASSWORD}
    accepted = world.browser().post(link, data=form, allow_redirects=False, timeout=30)
    assert accepted.status_code == 303, accepted.text[:1500]
    scene.deliver()
    (basil,) = world.around.directory.accounts("olive-grove")
    assert scene.told.effects[-1] == basil.id
    assert [*scene.told.taken.values()][-1]["data"]["account"] == {"email": "basil@olivegrove.example"}
