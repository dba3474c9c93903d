"""The background look at the proofs of domains."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import cast

from broker.domain_sweeping import DomainSweeper
from broker.domains import Domains
from broker.store.directory import DirectoryUnavailable


class Looked:
    """Fails at the first look, as a store may, and says when it was looked at a second time."""

    def __init__(self) -> None:
        self.every: list[timedelta] = []
        self.twice = threading.Event()

    def prove_again(self, every: timedelta) -> int:
        self.every.append(every)
        if len(self.every) == 1:
            raise DirectoryUnavailable("not now")
        self.twice.set()
        return 0


def test_it_looks_again_and_again_also_after_a_fault_until_it_is_stopped() -> None:
    looked = Looked()
    sweeper = DomainSweeper(cast(Domains, looked), timedelta(hours=24), timedelta(milliseconds=1))
    sweeper.start()
    assert looked.twice.wait(30)
    sweeper.stop()
    assert set(looked.every) == {timedelta(hours=24)}
