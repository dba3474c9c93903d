"""The applications that may ask, as values, and the port through which they are looked up."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from broker.claims.rules import ReleaseRule
from broker.entropy import digest
from broker.federation.model import RelyingPartyConfig
from broker.identity import Secret

# A loopback redirect URI, with and without its port; everything else of it is compared as it stands (RFC 8252 section
# 7.3).
_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)", re.ASCII)

# What a presented secret is compared with where there is none to compare with, so that both take the same road.
_NO_SECRET: Final = digest("")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """One registered application. Its secret is held as a digest; ``sector`` groups pairwise subjects.

    ``grant_types``: what its file implies. ``api_scopes``: what it may do at our API in its own name. ``introspects``:
    it is a resource server, which may ask about other applications' access tokens. ``release``: its rules on claims; a
    claim that one of them names is theirs alone.
    """

    client_id: str
    display_name: str
    redirect_uris: frozenset[str]
    native: bool
    authentication_method: str
    secret_digest: str | None = field(repr=False)
    scopes: frozenset[str]
    id_token_alg: str
    pkce_required: bool
    pairwise: bool
    sector: str
    organizations: tuple[str, ...] | None
    initiate_login_uri: str | None = None
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    api_scopes: frozenset[str] = frozenset()
    introspects: bool = False
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    release: tuple[ReleaseRule, ...] = field(default=(), repr=False)
    _loopbacks: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(
        cls, config: RelyingPartyConfig, secret: Secret | None, release: tuple[ReleaseRule, ...] = ()
    ) -> RelyingParty:
        """The party that a file describes; ``secret`` is what its reference stands for, and may not be empty.

        ``release``: the file's rules on claims, compiled, those of its sets among them.
        """
        confidential = config.token_endpoint_auth_method != "none"  # noqa: S105 - the name of a method
        if confidential != (secret is not None and secret.reveal() != ""):
            raise ValueError(f"client {config.client_id}: a confidential client needs a secret, a public one has none")
        native = config.application_type == "native"
        return cls(
            client_id=config.client_id,
            display_name=config.display_name,
            redirect_uris=frozenset(config.redirect_uris),
            native=native,
            authentication_method=config.token_endpoint_auth_method,
            secret_digest=digest(secret.reveal()) if secret is not None else None,
            scopes=frozenset(config.scopes),
            id_token_alg=config.id_token_signed_response_alg,
            pkce_required=config.pkce == "required",
            pairwise=config.subject_type == "pairwise",
            sector=config.sector_identifier or urlsplit(next(iter(config.redirect_uris), "")).hostname or "",
            organizations=tuple(config.organizations) if config.organizations is not None else None,
            initiate_login_uri=config.initiate_login_uri,
            grant_types=frozenset(_grant_types(config)),
            api_scopes=frozenset(config.api_scopes),
            introspects=config.introspect,
            backchannel_logout_uri=config.backchannel_logout_uri,
            backchannel_logout_session_required=config.backchannel_logout_session_required,
            release=release,
            _loopbacks=frozenset(filter(None, map(_portless, config.redirect_uris))) if native else frozenset(),
        )

    def registers(self, redirect_uri: str) -> bool:
        """Whether an answer may go there: character by character, but for the port of a native client's loopback URI.

        Nothing is parsed, decoded or normalised on the way to a yes (RFC 9700 section 4.1, threats DO-01).
        """
        if redirect_uri in self.redirect_uris:
            return True
        return bool(self._loopbacks) and _portless(redirect_uri) in self._loopbacks

    @property
    def released(self) -> frozenset[str]:
        """The claims on which it has rules."""
        return frozenset(rule.claim for rule in self.release)

    def has_secret(self, presented: str) -> bool:
        """Whether this is the party's secret, in constant time (threats G12)."""
        same = hmac.compare_digest(digest(presented), self.secret_digest or _NO_SECRET)
        return same and self.secret_digest is not None


def _grant_types(config: RelyingPartyConfig) -> Iterator[str]:
    """What the file implies (RFC 7591 section 2): nobody has a grant type that nothing in it speaks of (DO-10)."""
    if config.redirect_uris:
        yield "authorization_code"
        if "offline_access" in config.scopes:
            yield "refresh_token"
    if config.api_scopes:
        yield "client_credentials"


def _portless(uri: str) -> str | None:
    match = _LOOPBACK.fullmatch(uri)
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        return None
    return match[1] + match[3]


class RelyingParties(Protocol):
    """Read-only, in memory, one consistent reading of the configuration at a time."""

    def get(self, client_id: str) -> RelyingParty | None: ...


class FixedRelyingParties:
    """The port over parties that are all known at the start."""

    def __init__(self, parties: Iterable[RelyingParty]) -> None:
        self._parties = {party.client_id: party for party in parties}

    def get(self, client_id: str) -> RelyingParty | None:
        return self._parties.get(client_id)
