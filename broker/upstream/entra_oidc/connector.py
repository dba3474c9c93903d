"""The ``Connector`` of Entra ID over OpenID Connect: sends a person there, and believes what comes back only after
every check.

One app registration serves every organisation, so there is one redirect URI; which tenant an answer may come from is
decided by the transaction and by the organisation that is bound to the tenant, and by nothing in the answer (threats
G2, UO-01, UO-04).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from broker import tracing
from broker.clock import Clock
from broker.errors import Busy, LoginFailed, NotAllowed
from broker.http_client import HttpClient
from broker.identity import CONSUMER_TENANT, Authentication, Profile
from broker.jose.errors import TokenRejected
from broker.messages import Transaction, UpstreamAnswer
from broker.organizations import Organization, Organizations
from broker.refreshing import Background, Schedule, Unavailable, in_thread
from broker.upstream.entra.assurance import DIRECTORY_ACR
from broker.upstream.entra.graph import Graph, GraphFailure
from broker.upstream.entra.guests import is_guest
from broker.upstream.entra.person import bounded, email_of, groups_in, has_too_many_groups, login_names
from broker.upstream.entra_oidc.answer import require_code, require_issuer
from broker.upstream.entra_oidc.asked import Asked
from broker.upstream.entra_oidc.authorize import authorize_url
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.id_token import Expected, VerifiedIdToken, verify_id_token
from broker.upstream.entra_oidc.memory import EntraMemory
from broker.upstream.entra_oidc.metadata import Metadata, MetadataCache
from broker.upstream.entra_oidc.profile import ProfileReader
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.entra_oidc.token import TokenEndpointDown, TokenEndpointRefused, Tokens, redeem

KIND: Final = "entra-oidc"
CALLBACK_PATH: Final = "/upstream/entra/callback"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The tokens of one answer; ``id_token`` is the one in ``tokens``, verified."""

    tokens: Tokens
    id_token: VerifiedIdToken


class EntraOidcConnector:
    """Speaks with one app registration for every connection that uses it."""

    kind = KIND

    def __init__(
        self,
        settings: EntraOidcSettings,
        credential: ClientCredential,
        organizations: Organizations,
        http: HttpClient,
        clock: Clock,
        *,
        public_url: str,
        schedule: Schedule | None = None,
        background: Background = in_thread,
        memory: EntraMemory | None = None,
    ) -> None:
        """``memory``: what is remembered already of the same host."""
        memory = memory or EntraMemory.empty(http, clock, settings.authority_host, schedule, background)
        self._settings = settings
        self._credential = credential
        self._organizations = organizations
        self._http = http
        self._clock = clock
        self._callback_uri = f"{public_url}{CALLBACK_PATH}"
        self._metadata, self._key_sets, self._breaker = memory.metadata, memory.key_sets, memory.breaker
        self._graph = Graph(http, settings.graph_host)
        self._profiles = ProfileReader(self._graph, organizations, fetch_photo=settings.fetch_photo)

    @property
    def metadata(self) -> MetadataCache:
        """The discovery documents at hand, so that nobody else has to fetch them (threats SS-13)."""
        return self._metadata

    def callback_uri(self, connection: str) -> str:  # noqa: ARG002 - one registration, one redirect URI
        """The redirect URI of the app registration."""
        return self._callback_uri

    def start(self, transaction: Transaction, state: str) -> str:
        """The address at Entra; raises ``Busy`` when it is known not to answer."""
        metadata = self.authority(transaction)
        return authorize_url(metadata.authorization_endpoint, self._settings, transaction, state)

    def finish(self, transaction: Transaction, answer: UpstreamAnswer) -> Authentication:
        """Checks the answer, redeems the code once, and believes the ID token after every rule."""
        redeemed = self.redeemed(transaction, answer)
        organization, connection = self._bound(transaction, redeemed.id_token)
        return self._authentication(transaction, answer, redeemed, organization.name, connection)

    def profile(self, authentication: Authentication) -> Profile:
        """What Graph says of the person, who has just signed in."""
        return self._profiles.read(authentication)

    def profile_again(self, authentication: Authentication, *, ask_directory: bool) -> Profile:
        """What Graph says of the person, if it is asked and answers, and what the ID token says."""
        return self._profiles.read_again(authentication, ask=ask_directory)

    def authority(self, asked: Asked) -> Metadata:
        """The metadata of the authority that is asked; raises ``Busy`` when Entra is known not to answer."""
        self._breaker.check(asked.connection)
        return self._metadata_of(asked)

    def redeemed(self, asked: Asked, answer: UpstreamAnswer) -> Redeemed:
        """The tokens of an answer, the ID token believed after every rule; whose it may be is still to be decided.

        Raises as ``finish`` does.
        """
        try:
            metadata = self._metadata_of(asked)
            require_issuer(answer, metadata.issuer)
            code = require_code(answer, asked)
            tokens = self._redeem(asked, metadata, code)
            id_token = self._believe(asked, metadata, tokens)
        except TokenRejected as rejection:
            raise LoginFailed(rejection.reason, rejection.detail) from rejection
        if answer.issuer is not None and answer.issuer != id_token.issuer:
            raise LoginFailed("mixup", "the answer and its ID token name two issuers")
        return Redeemed(tokens, id_token)

    def rehearse(self, asked: Asked, answer: UpstreamAnswer) -> Authentication:
        """As ``finish``, for a connection that nobody can sign in through yet: the tenant asked is the only one that
        will do, and the organisation is the one for which it is set up.
        """
        redeemed = self.redeemed(asked, answer)
        if asked.organization is None or redeemed.id_token.subject.authority != asked.tenant_id:
            raise NotAllowed("binding", "a rehearsal without a tenant", explanation="not_connected")
        return self._authentication(asked, answer, redeemed, asked.organization, asked.connection)

    def _metadata_of(self, asked: Asked) -> Metadata:
        try:
            return self._metadata.of(asked.tenant_id)
        except Unavailable as failure:
            raise Busy(failure.reason, failure.detail, explanation="upstream_down") from failure

    def _redeem(self, asked: Asked, metadata: Metadata, code: str) -> Tokens:
        """At the tenant path of the authorize request (entra-id reference, section 1.6): what was asked, as the
        metadata is.
        """
        connection = asked.connection
        self._breaker.enter(connection)
        try:
            tokens = redeem(
                self._http,
                self._credential,
                token_endpoint=metadata.token_endpoint,
                client_id=self._settings.client_id,
                code=code,
                redirect_uri=asked.redirect_uri,
                code_verifier=asked.code_verifier,
            )
        except TokenEndpointDown as failure:
            self._breaker.failed(connection)
            raise Busy("upstream_down", str(failure), explanation="upstream_down") from failure
        except TokenEndpointRefused as refused:
            refused.error.log(asked)
            refusal = refused.error.refusal()
            if isinstance(refusal, Busy):
                self._breaker.failed(connection)
            else:
                self._breaker.succeeded(connection)
            raise refusal from refused
        self._breaker.succeeded(connection)
        return tokens

    def _believe(self, asked: Asked, metadata: Metadata, tokens: Tokens) -> VerifiedIdToken:
        expected = Expected(
            issuer=metadata.issuer,
            tenant_id=asked.tenant_id,
            cloud_instance_name=metadata.cloud_instance_name,
            client_id=self._settings.client_id,
            nonce=asked.nonce,
            now=self._clock.now(),
        )
        try:
            return verify_id_token(tokens.id_token, self._key_sets.at(metadata.jwks_uri).key, expected)
        except Unavailable as failure:
            raise Busy(failure.reason, failure.detail, explanation="upstream_down") from failure

    def _bound(self, transaction: Transaction, id_token: VerifiedIdToken) -> tuple[Organization, str]:
        """The organisation bound to the verified tenant, and the name of its connection (threats UO-19)."""
        tenant_id = id_token.subject.authority
        if tenant_id == CONSUMER_TENANT:
            raise NotAllowed("guest", "personal Microsoft account", explanation="personal_account")
        organization = self._organizations.bound_to_tenant(tenant_id)
        if organization is None or organization.connection is None:
            raise NotAllowed("binding", f"no organisation is bound to tenant {tenant_id}", explanation="not_connected")
        if transaction.organization not in (None, organization.name):
            raise NotAllowed("binding", "the tenant is bound to another organisation", explanation="not_connected")
        tracing.check("upstream", "bound", organization=organization.name, connection=organization.connection.name)
        return organization, organization.connection.name

    def _authentication(
        self, asked: Asked, answer: UpstreamAnswer, redeemed: Redeemed, organization: str, connection: str
    ) -> Authentication:
        tokens, id_token = redeemed.tokens, redeemed.id_token
        claims = id_token.claims
        email, vouched = email_of(claims.values)
        return Authentication(
            subject=id_token.subject,
            connection=connection,
            organization=organization,
            issuer=id_token.issuer,
            issued_at=id_token.issued_at,
            authenticated_at=id_token.authenticated_at,
            acr=self._context_class(asked, id_token),
            amr=_methods(id_token),
            claims=bounded(claims.values),
            is_guest=is_guest(claims.values, id_token.subject.authority, id_token.issuer),
            email=email,
            login_names=login_names(claims.values),
            email_owner_verified=vouched,
            groups=self._groups(asked, tokens, id_token),
            upstream_session=claims.optional_text("sid", longest=256) or _short(answer.session_state),
            login_hint=claims.optional_text("login_hint", longest=1024),
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
        )

    def _context_class(self, asked: Asked, id_token: VerifiedIdToken) -> str:
        """The class that was asked for, only if the token says that it was satisfied (threats UO-20)."""
        wanted = asked.upstream_acr
        satisfied = id_token.claims.get("acrs")
        context = self._settings.authentication_contexts.get(wanted) if wanted is not None else None
        if wanted is not None and context is not None and isinstance(satisfied, list) and context in satisfied:
            return wanted
        return DIRECTORY_ACR

    def _groups(self, asked: Asked, tokens: Tokens, id_token: VerifiedIdToken) -> tuple[str, ...] | None:
        """The groups in the token; from Graph when there are too many for it; else unknown.

        When Graph does not answer they stay unknown and the login goes on: whoever has a rule on groups refuses the
        unknown, and an organisation without one need not wait for Graph (threats UO-21).
        """
        claims = id_token.claims.values
        if not has_too_many_groups(claims):
            return groups_in(claims)
        if tokens.access_token is None:
            return None
        try:
            return self._graph.member_object_ids(tokens.access_token)
        except GraphFailure as failure:
            _log.warning(
                "upstream_error",
                org=asked.organization,
                conn=asked.connection,
                reason="overage",
                endpoint="graph_groups",
                detail=failure.detail,
            )
            return None


def _methods(id_token: VerifiedIdToken) -> tuple[str, ...]:
    """``amr`` as it stands, if it is a list of short texts; v2.0 tokens usually have none (section 1.8)."""
    methods = id_token.claims.get("amr")
    if not isinstance(methods, list) or len(methods) > 16:
        return ()
    texts = tuple(item for item in methods if isinstance(item, str) and 0 < len(item) <= 64)
    return texts if len(texts) == len(methods) else ()


def _short(session_state: str | None) -> str | None:
    """``session_state`` has the value of ``sid`` (section 1.5); it came through the browser and
    ends sessions at most.
    """
    usable = session_state is not None and 0 < len(session_state) <= 256 and session_state.isascii()
    return session_state if usable else None
