"""PR-03: a hook that hangs costs one sign-in its own time and no more; then it is left alone, and nobody else waits."""

from __future__ import annotations

from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.provisioning.resting import FAILURES
from tests.attacks.answers import page_refused
from tests.support.hooks import Receiver, webhook
from tests.support.https import Answer
from tests.support.world import ELENI, Foundation, World, world_on

PETRA = "petra.lang@helios-shipping.example"


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def refused(world: World, reason: str) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    page_refused(
        world,
        partial(answer.deliver, browser),
        reason,
        page="busy",
        status=503,
        event="upstream_oidc_rejected",
        browser=browser,
    )


def test_pr_03_a_sign_in_waits_as_long_as_was_said_and_others_do_not(foundation: Foundation, tmp_path: Path) -> None:
    with Receiver(foundation.clock) as receiver:
        receiver.answer = lambda _number, _body: Answer(raw=hang)
        asked = webhook(tmp_path, receiver.url, when="before", deadline_seconds=1)
        unneeded = webhook(tmp_path, receiver.url, when="before", deadline_seconds=1, on_failure="continue")
        organizations = (
            {**AEGEAN_FOODS, "provisioning": {"hooks": [asked]}},
            {**HELIOS_SHIPPING, "provisioning": {"hooks": [unneeded]}},
        )
        with world_on(foundation, tmp_path / "world", organizations=organizations) as world:
            refused(world, "hook_timeout")
            assert world.accounts() == 0
            receiver.answer = lambda _number, _body: Answer(500)
            for _ in range(FAILURES - 1):
                refused(world, "hook")
            before = receiver.calls
            refused(world, "hook")
            assert receiver.calls == before, "it rests"
            receiver.answer = lambda _number, _body: Answer(raw=hang)
            world.signed_in(PETRA)
            [person] = world.around.directory.accounts("helios-shipping")
            [event] = world.around.records.outbox.events()
            assert (event.organization, event.account_id, event.state) == ("helios-shipping", person.id, "waiting")
            assert world.accounts() == 0
            assert ELENI not in world.log_text()
