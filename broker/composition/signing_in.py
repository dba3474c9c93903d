"""The road of a sign-in, and what stays of it: accounts and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from broker.admission import Gate
from broker.assurance import Contexts
from broker.composition.directory_side import DirectorySide
from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration
from broker.login import LoginFlow
from broker.organizations import Organizations
from broker.provisioning.just_in_time import JustInTime
from broker.sessions import Lifetimes, Sessions
from broker.transactions import Transactions
from broker.upstream.connector import Connector
from broker.upstream.entra.assurance import DIRECTORY_ACR


def login_flow(
    configuration: Configuration,
    organizations: Organizations,
    gate: Gate,
    sessions: Sessions,
    connectors: Sequence[Connector],
    side: DirectorySide,
    around: Surroundings,
) -> LoginFlow:
    """The one order of a sign-in, over all of its ports."""
    return LoginFlow(
        transactions=Transactions(around.state, around.clock, around.entropy),
        sessions=sessions,
        gate=gate,
        accounts=just_in_time(organizations, around),
        organizations=organizations,
        connectors={each.kind: each for each in connectors},
        contexts=Contexts(DIRECTORY_ACR, frozenset(configuration.broker.entra.authentication_contexts)),
        clock=around.clock,
        upstream_grants=side.grants,
        directory_standing=side.standing,
    )


def browser_sessions(configuration: Configuration, around: Surroundings) -> Sessions:
    """The sessions of browsers at the broker itself."""
    return Sessions(around.state, around.clock, around.entropy, session_lifetimes(configuration))


def session_lifetimes(configuration: Configuration) -> Lifetimes:
    """How long a session lasts, unused and at the most."""
    settings = configuration.broker.sessions
    return Lifetimes(timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.absolute_hours))


def just_in_time(organizations: Organizations, around: Surroundings) -> JustInTime:
    """Accounts that are found, or made at somebody's first sign-in."""
    records = around.records
    return JustInTime(
        records.directory, records.credentials, records.audit, organizations, around.clock, around.entropy
    )
