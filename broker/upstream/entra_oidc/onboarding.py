"""How an organisation is connected with its Entra tenant: the legs of entra-id reference, section 3.3.

Every answer that carries a code passes the same checks as a login's. The consent answer carries nothing that could be
checked, so it only ever says when to look (threats UO-17).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from broker.errors import BadRequest, BrokerError, Busy, LoginFailed, NotAllowed
from broker.http_client import HttpClient
from broker.identity import CONSUMER_TENANT, Authentication, Profile, Subject
from broker.messages import UpstreamAnswer
from broker.upstream.entra.graph import GraphFailure
from broker.upstream.entra.guests import is_guest
from broker.upstream.entra.organization import read_organization
from broker.upstream.entra.roles import may_consent
from broker.upstream.entra.tenants import canonical_tenant
from broker.upstream.entra_oidc.authorize import SCOPES, s256
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.errors import from_redirect
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.onboarding import ConsentAnswer, DirectoryAdministrator, Leg, NotYet, TenantFacts

SIGN_IN_PATH: Final = "/upstream/entra/connect"
CONSENT_PATH: Final = "/upstream/entra/consent"

# The administrator's own sign-in asks for no permission yet (section 3.3 step 2).
_IDENTITY_SCOPES: Final = "openid profile email"
# The words of a refusal that may be only the delay until all of Entra's servers know of a consent (step 6).
_MAYBE_DELAY: Final = frozenset({"admin_approval", "app_not_installed"})
# Names of scopes that are kept of an answer, and characters of each.
_MAX_SCOPES: Final = 50
_MAX_SCOPE: Final = 200


class EntraOnboarding:
    """``DirectoryOnboarding`` through one app registration.

    ``application_permissions``: whether everything registered is asked for, the permissions of the application itself
    included, which fewer roles may grant (section 3.2).
    """

    def __init__(
        self,
        settings: EntraOidcSettings,
        connector: EntraOidcConnector,
        http: HttpClient,
        *,
        public_url: str,
        application_permissions: bool = False,
    ) -> None:
        self._settings = settings
        self._connector = connector
        self._http = http
        self._application_permissions = application_permissions
        self.sign_in_uri = f"{public_url}{SIGN_IN_PATH}"
        self.consent_uri = f"{public_url}{CONSENT_PATH}"

    def sign_in_url(self, leg: Leg, state: str) -> str:
        return self._authorize_url(leg, state, scope=_IDENTITY_SCOPES, prompt="select_account")

    def administrator(self, leg: Leg, answer: UpstreamAnswer) -> DirectoryAdministrator:
        id_token = self._connector.redeemed(leg, answer).id_token
        claims, tenant_id = id_token.claims, id_token.subject.authority
        if tenant_id == CONSUMER_TENANT:
            raise NotAllowed("guest", "personal Microsoft account", explanation="personal_account")
        if is_guest(claims.values, tenant_id, id_token.issuer):
            raise NotAllowed("guest", "guest of the directory", explanation="directory_guest")
        if not may_consent(claims.values, application_permissions=self._application_permissions):
            raise NotAllowed("not_admin", "no role in wids that may consent", explanation="not_directory_admin")
        hint = claims.optional_text("login_hint", longest=1024) or claims.optional_text(
            "preferred_username", longest=254
        )
        return DirectoryAdministrator(tenant_id, id_token.subject.identifier, hint)

    def consent_url(self, tenant_id: str, state: str) -> str:
        scope = f"{self._settings.graph_host}/.default" if self._application_permissions else SCOPES
        fields = {
            "client_id": self._settings.client_id,
            "scope": scope,
            "redirect_uri": self.consent_uri,
            "state": state,
        }
        return f"{self._settings.authority_host}/{tenant_id}/v2.0/adminconsent?{urlencode(fields)}"

    def consented(self, tenant_id: str, answer: ConsentAnswer) -> tuple[str, ...]:
        """``admin_consent=True`` comes with failures as well, so an error is looked for first (section 3.1)."""
        if answer.error is not None:
            raise _consent_refused(answer)
        if answer.admin_consent != "True":
            raise BadRequest("consent", "admin_consent is not True", explanation="consent_not_given")
        if answer.tenant is None:
            raise BadRequest("consent", "no tenant in the answer", explanation="consent_without_tenant")
        if canonical_tenant(answer.tenant) != tenant_id:
            raise BadRequest("consent", "consent of another tenant", explanation="consent_other_tenant")
        words = [word[:_MAX_SCOPE] for word in (answer.scope or "").split()[:_MAX_SCOPES]]
        return tuple(word for word in words if word.isascii() and word.isprintable())

    def proof_url(self, leg: Leg, administrator: DirectoryAdministrator, state: str) -> str:
        return self._authorize_url(leg, state, scope=SCOPES, prompt="none", login_hint=administrator.login_hint)

    def proved(self, leg: Leg, administrator: DirectoryAdministrator, answer: UpstreamAnswer) -> TenantFacts:
        try:
            redeemed = self._connector.redeemed(leg, answer)
        except LoginFailed as error:
            if error.explanation in _MAYBE_DELAY:
                raise NotYet(error.detail) from error
            raise
        if redeemed.id_token.subject != Subject.entra(administrator.tenant_id, administrator.object_id):
            raise NotAllowed("subject", "another person than the one who consented", explanation="another_person")
        token = redeemed.tokens.access_token
        if token is None:
            raise LoginFailed("consent", "no access token for Graph", explanation="upstream_misconfigured")
        try:
            return read_organization(self._http, self._settings.graph_host, token, administrator.tenant_id)
        except GraphFailure as failure:
            if failure.status in (401, 403):
                raise NotYet(failure.detail) from failure
            raise _graph_refusal(failure) from failure

    def test_url(self, leg: Leg, state: str) -> str:
        return self._authorize_url(leg, state, scope=SCOPES, prompt="select_account")

    def tested(self, leg: Leg, answer: UpstreamAnswer) -> Authentication:
        return self._connector.rehearse(leg, answer)

    def profile(self, authentication: Authentication) -> Profile:
        return self._connector.profile(authentication)

    def _authorize_url(self, leg: Leg, state: str, *, scope: str, prompt: str, login_hint: str | None = None) -> str:
        """By ``query``: the answer is then a navigation, with which the browser sends the session's cookie."""
        fields = {
            "client_id": self._settings.client_id,
            "response_type": "code",
            "redirect_uri": leg.redirect_uri,
            "response_mode": "query",
            "scope": scope,
            "state": state,
            "nonce": leg.nonce,
            "code_challenge": s256(leg.code_verifier),
            "code_challenge_method": "S256",
            "prompt": prompt,
            **({"login_hint": login_hint} if login_hint is not None else {}),
        }
        endpoint = self._connector.authority(leg).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"


def _consent_refused(answer: ConsentAnswer) -> BrokerError:
    """What Entra said, or what somebody typed: it refuses, and chooses the sentence."""
    said = from_redirect(
        UpstreamAnswer(answer.state, error=answer.error, error_description=answer.error_description)
    ).refusal()
    if isinstance(said, Busy):
        return said
    known = said.explanation if said.explanation != "login_failed" else "consent_not_given"
    return LoginFailed("consent", said.detail, explanation=known)


def _graph_refusal(failure: GraphFailure) -> BrokerError:
    if failure.passing:
        wait = failure.retry_after or 5
        return Busy("upstream_down", failure.detail, explanation="directory_busy", retry_after_seconds=wait)
    return LoginFailed("consent", failure.detail, explanation="upstream_misconfigured")
