"""Membership of organisations that are not federated, and its door: Pobuca's own sign-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from broker.admission import Gate
from broker.composition.hooks import nobody_hears
from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration
from broker.mail import Mailer
from broker.membership.assembly import Membership, attempts_at_doors
from broker.membership.ports import Ports
from broker.membership.proofs import Proofs
from broker.organizations import Organizations
from broker.provisioning.consulting import Consulting
from broker.rate_limits import Limits, RateLimits
from broker.upstream.password.connector import PasswordConnector


def membership(
    configuration: Configuration,
    organizations: Organizations,
    gate: Gate,
    around: Surroundings,
    mailer: Mailer,
    tidy: Callable[[str], None],
    hooks: Consulting | None = None,
) -> Membership:
    """Passwords, invitations and app passwords, as pages, the API and the command line have them.

    ``tidy`` ends what is left of an account's sessions. ``hooks`` asks and tells others of new accounts; left out where
    none are made.
    """
    settings, often = configuration.broker, configuration.broker.rate_limits
    attempts = Limits(
        timedelta(minutes=often.window_minutes),
        person_and_client=often.attempts_by_client_for_person,
        person=often.attempts_for_person,
        client=often.attempts_by_client,
        everybody=often.attempts,
    )
    ports = Ports(
        gate=gate,
        organizations=organizations,
        directory=around.directory,
        credentials=around.records.credentials,
        standings=around.records.standings,
        audit=around.records.audit,
        state=around.state,
        limits=RateLimits(around.state, around.clock, attempts_at_doors(attempts, often.letters_for_person)),
        hashing=around.hashing,
        mailer=mailer,
        clock=around.clock,
        entropy=around.entropy,
        tidy=tidy,
        hooks=hooks or nobody_hears(around),
        public_url=settings.public_url,
        default_language=settings.default_language,
    )
    return Membership.over(ports)


def password_connector(configuration: Configuration, around: Surroundings) -> PasswordConnector:
    """Pobuca's own sign-in, whose upstream is a page of ours."""
    proofs = Proofs(around.state, around.clock, around.entropy)
    return PasswordConnector(proofs, around.directory, around.clock, configuration.broker.public_url)
