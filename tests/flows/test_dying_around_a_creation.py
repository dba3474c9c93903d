"""The broker is killed at every step of making an account and telling of it, one after the other: there is one account
and one delivery, or there is neither; and the next sign-in repairs what is missing (threats PR-02).

A step is a statement in the database or a call to a hook: the process is killed before the first one, after it, before
the second one, and so on, until one run of all of them comes to its end.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy
from sqlalchemy.engine import Engine

from broker.admission import Evidence
from broker.clock import ManualClock
from broker.hooks.delivering import LEASE, Deliverer
from broker.hooks.webhook import WebhookApplication
from broker.http_client import HttpClient
from broker.identity import Account, Profile
from broker.provisioning.consulting import Consulting
from broker.provisioning.hooks import Hook
from broker.provisioning.just_in_time import JustInTime
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from tests.support.entropy import SeededEntropy
from tests.support.hooks import KEY, FixedHooks, Receiver, client, secrets
from tests.support.people import ELENI, NOW, FixedOrganizations, authentication, fixed_gate

PROFILE = Profile({"graph.displayName": "Eleni Markou", "graph.mail": "eleni.markou@aegeanfoods.example"})


@dataclass(slots=True)
class Broker:
    """As much of a broker as makes an account and tells of it: on a database of its own, with two real receivers."""

    location: Path
    clock: ManualClock
    asked: Receiver
    told: Receiver
    seed: int = 1
    opened: list[Records] = field(default_factory=list)

    def sign_in(self) -> Account:
        """What a sign-in does about the account, with the deliveries that are due."""
        with closing(open_records(self.location)) as records, closing(client()) as http:
            accounts, deliverer = self._parts(records, http)
            admission = fixed_gate().admit(Evidence.fresh(authentication(), None, None))
            account = accounts.find(ELENI)
            if account is None:
                consulted = accounts.consult(admission, accounts.draft(admission, authentication(), PROFILE))
                account, _ = accounts.create(admission, consulted)
            deliverer.turn()
            return account

    def deliver(self) -> None:
        """What another worker does, once the dead one's lease is over."""
        self.clock.advance(LEASE + timedelta(seconds=1))
        with closing(open_records(self.location)) as records, closing(client()) as http:
            self._parts(records, http)[1].turn()

    def people(self) -> list[Account]:
        with closing(open_records(self.location)) as records:
            return list(records.directory.accounts("aegean-foods"))

    def _parts(self, records: Records, http: HttpClient) -> tuple[JustInTime, Deliverer]:
        hooks = FixedHooks()
        ask = WebhookApplication(http, self.clock, self.asked.url, secrets())
        tell = WebhookApplication(http, self.clock, self.told.url, secrets())
        hooks.by_organization["aegean-foods"] = [
            Hook("asked", "before", ask, frozenset({"email"})),
            Hook("told", "after", tell, frozenset({"email"})),
        ]
        # What is drawn differs from process to process, as it does in life.
        entropy = SeededEntropy(self.seed)
        flow = Consulting(hooks, self.clock, key=KEY)
        made = JustInTime(
            records.directory, records.credentials, records.audit, FixedOrganizations(), self.clock, entropy, flow
        )
        return made, Deliverer(records.outbox, hooks, self.clock, entropy)


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver, ManualClock]]:
    clock = ManualClock(NOW)
    with Receiver(clock) as asked, Receiver(clock) as told:
        yield asked, told, clock


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Runs ``work`` in another process, which is killed at this step; True if it came to its end before."""

    def run() -> NoReturn:
        steps = iter(range(step))

        def next_step(*_: Any) -> None:
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sqlalchemy.event.listen(Engine, "before_cursor_execute", next_step)
        sqlalchemy.event.listen(Engine, "after_cursor_execute", next_step)
        send = HttpClient.send

        def watched(self: HttpClient, *arguments: Any, **named: Any) -> Any:
            next_step()
            answer = send(self, *arguments, **named)
            next_step()
            return answer

        HttpClient.send = watched  # type: ignore[method-assign]  # in a process that is about to die
        try:
            work()
        except BaseException:
            os._exit(3)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == 0


def test_pr_02_killed_at_any_step_there_is_one_account_and_one_delivery_or_neither(
    receivers: tuple[Receiver, Receiver, ManualClock], tmp_path: Path
) -> None:
    asked, told, clock = receivers
    template = tmp_path / "template.sqlite"
    prepare_directory(template)
    found: set[tuple[int, int]] = set()
    for step in range(200):
        for receiver in receivers[:2]:
            receiver.taken.clear()
            receiver.effects.clear()
        location = tmp_path / f"{step}.sqlite"
        shutil.copy(template, location)
        location.chmod(0o600)
        broker = Broker(location, clock, asked, told)
        ended = killed_at(step, broker.sign_in)
        broker.seed = step + 2
        broker.deliver()
        people = broker.people()
        assert len(people) == len(told.effects) <= 1, step
        found.add((len(asked.effects), len(told.effects)))
        account = broker.sign_in()
        broker.deliver()
        assert [person.id for person in broker.people()] == [account.id], step
        assert asked.effects == told.effects == [account.id], step
        assert asked.unsigned == told.unsigned == 0
        if ended:
            break
    else:
        raise AssertionError("it never came to its end")
    assert found == {(0, 0), (1, 0), (1, 1)}, "there were deaths before it was asked, after that, and at the end"
    assert step > 20
