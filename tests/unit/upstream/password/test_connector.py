"""Pobuca's own sign-in as a connector."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.errors import LoginFailed, NotAllowed
from broker.federation.registry import SHARED
from broker.identity import Subject
from broker.membership.proofs import Proofs
from broker.messages import LoginRequest, Transaction, UpstreamAnswer
from broker.store.directory import NewAccount
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state import StateStore
from broker.transactions import Demand, Transactions
from broker.upstream.password.connector import PASSWORD_ACR, PasswordConnector
from tests.support.entropy import SeededEntropy

PUBLIC = "https://login.pobuca.example/broker"


def account(records: Records, account_id: str, subject: Subject, at: datetime) -> None:
    records.directory.create_account(
        NewAccount(
            id=account_id,
            organization="olive-grove",
            subject=subject,
            email="anna@olivegrove.example",
            email_domain="olivegrove.example",
            email_verified=True,
            first_name="Anna",
            last_name="Ladas",
            display_name="Anna Ladas",
            role="editor",
            created_at=at,
            attributes={},
            attribute_sources={},
        )
    )


@pytest.fixture
def records(tmp_path: Path, clock: ManualClock) -> Records:
    location = tmp_path / "directory.sqlite"
    prepare_directory(location)
    opened = open_records(location)
    account(opened, "anna", Subject.own("anna"), clock.now())
    return opened


@pytest.fixture
def proofs(state_store: StateStore, clock: ManualClock, entropy: SeededEntropy) -> Proofs:
    return Proofs(state_store, clock, entropy)


@pytest.fixture
def connector(proofs: Proofs, records: Records, clock: ManualClock) -> PasswordConnector:
    return PasswordConnector(proofs, records.directory, clock, PUBLIC)


@pytest.fixture
def transaction(
    state_store: StateStore, clock: ManualClock, entropy: SeededEntropy, connector: PasswordConnector
) -> Transaction:
    transactions = Transactions(state_store, clock, entropy)
    request = LoginRequest("oidc", "sample", "Sample", "{}")
    demand = Demand(SHARED[1], connector.callback_uri("password"))
    return transactions.open(request, demand, transactions.new_cookie())[1]


def test_it_leads_to_our_own_page(connector: PasswordConnector, transaction: Transaction) -> None:
    assert connector.start(transaction, "s/1") == f"{PUBLIC}/sign-in/password?state=s%2F1"
    assert transaction.redirect_uri == f"{PUBLIC}/sign-in/password"


def test_a_proof_becomes_an_authentication(
    connector: PasswordConnector, proofs: Proofs, transaction: Transaction, clock: ManualClock
) -> None:
    proved_at = clock.now()
    proof = proofs.leave("state", "anna")
    clock.advance(timedelta(seconds=1))
    said = connector.finish(transaction, UpstreamAnswer("state", proof))
    assert (said.subject, said.organization, said.connection) == (Subject.own("anna"), "olive-grove", "password")
    assert (said.acr, said.amr, said.authenticated_at) == (PASSWORD_ACR, ("pwd",), proved_at)
    assert (said.issued_at, said.issuer, said.is_guest) == (clock.now(), PUBLIC, False)
    assert said.login_hint == said.email == "anna@olivegrove.example"
    with pytest.raises(LoginFailed, match="code"):
        connector.finish(transaction, UpstreamAnswer("state", proof))


@pytest.mark.parametrize("code", [None, "", "A" * 43])
def test_no_proof_is_no_authentication(
    connector: PasswordConnector, transaction: Transaction, code: str | None
) -> None:
    with pytest.raises(LoginFailed, match="code"):
        connector.finish(transaction, UpstreamAnswer("state", code))


def test_a_proof_for_another_sign_in_is_refused(
    connector: PasswordConnector, proofs: Proofs, transaction: Transaction
) -> None:
    proof = proofs.leave("another state", "anna")
    with pytest.raises(LoginFailed, match="code"):
        connector.finish(transaction, UpstreamAnswer("state", proof))


def test_an_account_that_belongs_to_a_directory_is_not_found_by_its_password(
    connector: PasswordConnector, proofs: Proofs, records: Records, transaction: Transaction, clock: ManualClock
) -> None:
    tenant, person = "5b5e363c-6ca9-4f41-8070-9565fe497145", "0f0e7c1a-58d0-4ba5-93f0-e6a1f6a3f5d1"
    account(records, "bound", Subject.entra(tenant, person), clock.now())
    for account_id in ("bound", "nobody"):
        with pytest.raises(LoginFailed, match="subject"):
            connector.finish(transaction, UpstreamAnswer("state", proofs.leave("state", account_id)))


def test_nobody_is_made_an_account(
    connector: PasswordConnector, proofs: Proofs, transaction: Transaction
) -> None:
    said = connector.finish(transaction, UpstreamAnswer("state", proofs.leave("state", "anna")))
    with pytest.raises(NotAllowed, match="membership"):
        connector.profile(replace(said, subject=Subject.own("somebody")))
