"""The port of an upstream that an organisation can be connected with: its legs, and what each of them proves.

Connecting sends a browser to the upstream several times: to sign in as an administrator of the directory, to consent
for everybody, to prove silently that the consent is there, and to test (entra-id reference, section 3.3). The flow
knows the order; this port knows what is asked, and believes an answer only after every check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from broker.identity import Authentication, Profile
from broker.messages import UpstreamAnswer


@dataclass(frozen=True, slots=True)
class Leg:
    """One way to the upstream and back: what an answer is compared with (threats G2).

    ``tenant_id`` is None only for the first sign-in, when any directory may come.
    """

    connection: str
    organization: str
    tenant_id: str | None
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    upstream_acr: str | None = None


@dataclass(frozen=True, slots=True)
class DirectoryAdministrator:
    """Somebody who signed in and may consent for everybody in a tenant. ``login_hint`` names them to the upstream."""

    tenant_id: str
    object_id: str
    login_hint: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What came back from the consent leg, parsed once: unverified, all of it, and anybody can type it (threats
    UO-17).
    """

    state: str
    admin_consent: str | None = None
    tenant: str | None = None
    scope: str | None = None
    error: str | None = None
    error_description: str | None = None


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What the directory says of itself. ``verified_domains`` are canonical; ``initial_domains`` are the upstream's own
    names among them, which nobody's mail uses.
    """

    tenant_id: str
    display_name: str
    verified_domains: tuple[str, ...]
    initial_domains: frozenset[str] = frozenset()


class NotYet(Exception):
    """The consent cannot be seen yet: it takes the upstream some seconds to tell all its servers."""


class DirectoryOnboarding(Protocol):
    """Speaks with one kind of upstream while an organisation is being connected.

    Each method raises ``BadRequest``, ``LoginFailed`` or ``NotAllowed`` when a check says no, and ``Busy`` when the
    upstream does not answer as it should.
    """

    sign_in_uri: str
    """The registered redirect URI of the sign-in, proof and test legs."""

    consent_uri: str
    """That of the consent leg."""

    def sign_in_url(self, leg: Leg, state: str) -> str: ...

    def administrator(self, leg: Leg, answer: UpstreamAnswer) -> DirectoryAdministrator:
        """Who signed in; raises ``NotAllowed`` unless it is a member of a work directory with a role that may consent
        for everybody (threats UO-18).
        """
        ...

    def consent_url(self, tenant_id: str, state: str) -> str: ...

    def consented(self, tenant_id: str, answer: ConsentAnswer) -> tuple[str, ...]:
        """The scopes that are said to be granted; a hint, until ``proved`` (threats UO-17)."""
        ...

    def proof_url(self, leg: Leg, administrator: DirectoryAdministrator, state: str) -> str:
        """A silent sign-in, which succeeds only with the consent."""
        ...

    def proved(self, leg: Leg, administrator: DirectoryAdministrator, answer: UpstreamAnswer) -> TenantFacts:
        """What the directory says of itself with what the consent allows; raises ``NotYet`` if it is not there yet."""
        ...

    def test_url(self, leg: Leg, state: str) -> str: ...

    def tested(self, leg: Leg, answer: UpstreamAnswer) -> Authentication:
        """The sign-in as it will be, every check included; only that nobody is let in by it."""
        ...

    def profile(self, authentication: Authentication) -> Profile:
        """What the directory knows of the person who tested."""
        ...
