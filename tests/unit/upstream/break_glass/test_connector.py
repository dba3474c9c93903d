"""The connector of the break-glass: what it makes of a proof that its page left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.entropy import Entropy, digest
from broker.errors import LoginFailed
from broker.glass.entry import Entered
from broker.messages import Transaction, UpstreamAnswer
from broker.organizations import BREAK_GLASS, Connection
from broker.store.opening import open_records, prepare_directory
from broker.transactions import Demand, Transactions
from broker.upstream.break_glass.connector import BreakGlassConnector
from tests.support.directory import draft
from tests.support.opening import state_store
from tests.support.people import ELENI, NOW, login_request

URL = "https://sign-in.pobuca.example"


class Proofs:
    """The one proof that there is, of this account."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    def take(self, proof: str, state: str) -> Entered:
        if proof != "good":
            raise LoginFailed("passkey", "no such proof")
        return Entered(self._account_id, digest(state), NOW + timedelta(seconds=3))


@pytest.fixture
def transaction(tmp_path: Path, clock: ManualClock, entropy: Entropy) -> Iterator[tuple[str, Transaction]]:
    with closing(state_store(tmp_path / "s.sqlite", clock)) as state:
        transactions = Transactions(state, clock, entropy)
        demand = Demand(Connection(BREAK_GLASS, BREAK_GLASS, BREAK_GLASS), f"{URL}/break-glass/passkey")
        yield transactions.open(login_request(), demand, transactions.new_cookie())


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[BreakGlassConnector]:
    prepare_directory(tmp_path / "d.sqlite")
    with closing(open_records(tmp_path / "d.sqlite")) as records:
        records.directory.create_account(draft())
        yield made(draft().id, records.directory)


def made(account_id: str, directory: object) -> BreakGlassConnector:
    return BreakGlassConnector(Proofs(account_id), directory, public_url=URL)  # type: ignore[arg-type]  # what it asks


def test_the_person_is_sent_to_the_page_that_asks_for_the_passkey(
    connector: BreakGlassConnector, transaction: tuple[str, Transaction]
) -> None:
    state, opened = transaction
    assert connector.start(opened, state) == f"{URL}/break-glass/passkey?state={state}"


def test_a_proof_is_an_authentication_of_the_account_as_it_is(
    connector: BreakGlassConnector, transaction: tuple[str, Transaction]
) -> None:
    state, opened = transaction
    found = connector.finish(opened, UpstreamAnswer(state=state, code="good"))
    assert (found.subject, found.organization, found.connection) == (ELENI, "aegean-foods", BREAK_GLASS)
    assert (found.acr, found.amr) == ("urn:pobuca:acr:break-glass", ("pop", "user"))
    assert found.authenticated_at == NOW + timedelta(seconds=3)
    assert found.refresh_token is None
    with pytest.raises(LoginFailed):  # Nobody is created here.
        connector.profile(found)


@pytest.mark.parametrize("code", [None, "", "bad"])
def test_without_a_proof_there_is_none(
    connector: BreakGlassConnector, transaction: tuple[str, Transaction], code: str | None
) -> None:
    state, opened = transaction
    with pytest.raises(LoginFailed, match="passkey"):
        connector.finish(opened, UpstreamAnswer(state=state, code=code))


def test_an_account_that_is_gone_meanwhile_comes_in_nowhere(
    transaction: tuple[str, Transaction], tmp_path: Path
) -> None:
    prepare_directory(tmp_path / "e.sqlite")
    state, opened = transaction
    with closing(open_records(tmp_path / "e.sqlite")) as records, pytest.raises(LoginFailed, match="gone"):
        made("nobody", records.directory).finish(opened, UpstreamAnswer(state=state, code="good"))
