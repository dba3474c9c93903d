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
from broker.provisioning.consulting import Consulting
from broker.provisioning.just_in_time import JustInTime
from broker.remembered import RememberedFacts
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
    remembered: RememberedFacts,
    side: DirectorySide,
    around: Surroundings,
    hooks: Consulting,
) -> LoginFlow:
    """The one order of a sign-in, over all of its ports."""
    return LoginFlow(
        transactions=Transactions(around.state, around.clock, around.entropy),
        sessions=sessions,
        gate=gate,
        accounts=just_in_time(organizations, around, hooks),
        organizations=organizations,
        connectors={each.kind: each for each in connectors},
        contexts=Contexts(DIRECTORY_ACR, frozenset(configuration.broker.entra.authentication_contexts)),
        clock=around.clock,
        remembered=remembered,
        upstream_grants=side.grants,
        directory_standing=side.standing,
    )


def browser_sessions(configuration: Configuration, around: Surroundings) -> Sessions:
    """The sessions of browsers at the broker itself."""
    return Sessions(around.state, around.clock, around.entropy, session_lifetimes(configuration))


def remembered_facts(configuration: Configuration, around: Surroundings) -> RememberedFacts:
    """What directories said at sign-ins, for as long as anything can stand that came of one.

    That is a refresh token of a code that was given out at the very end of the session.
    """
    tokens = configuration.broker.tokens
    latest = session_lifetimes(configuration).absolute + timedelta(seconds=tokens.code_seconds)
    return RememberedFacts(around.state, latest + timedelta(days=tokens.refresh_token_days))


def session_lifetimes(configuration: Configuration) -> Lifetimes:
    """How long a session lasts, unused and at the most."""
    settings = configuration.broker.sessions
    return Lifetimes(timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.absolute_hours))


def just_in_time(organizations: Organizations, around: Surroundings, hooks: Consulting) -> JustInTime:
    """Accounts that are found, or made at somebody's first sign-in; ``hooks`` asks and tells others of these."""
    records = around.records
    return JustInTime(
        records.directory, records.credentials, records.audit, organizations, around.clock, around.entropy, hooks
    )
