"""How an application that asked over OpenID Connect is answered: the ``Responder`` of this protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from broker.admission import Admission
from broker.downstream.oidc import authorization_request as requests
from broker.downstream.oidc.authorization_request import AuthorizationRequest
from broker.downstream.oidc.ending import PartyEndings
from broker.downstream.oidc.errors import AuthorizationRefused
from broker.downstream.oidc.grants import CodeGrant, Grants
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.downstream.oidc.provider import BrokerProvider
from broker.downstream.oidc.subjects import Subjects
from broker.errors import BadRequest, PartyError
from broker.messages import LoginRequest, LoginResult, Reply

# What a flow may say to an application, in fixed words (OpenID Connect Core 3.1.2.6; RFC 6749 section 4.1.2.1; OpenID
# Connect Core Error Code unmet_authentication_requirements 1.0).
_SAID: Final[Mapping[str, str]] = {
    "login_required": "The person has to sign in.",
    "interaction_required": "The person has to do something.",
    "account_selection_required": "The person has to choose an account.",
    "consent_required": "The person has to consent.",
    "access_denied": "The person was not let in.",
    "unmet_authentication_requirements": "The sign-in is not of the kind that was asked for.",
    "temporarily_unavailable": "The service cannot answer just now.",
    "server_error": "The service could not answer.",
}

NAME: Final = "oidc"


class OidcResponder:
    """Answers at the proved redirect URI, once it is seen to be registered still: configuration may have changed."""

    name = NAME

    def __init__(
        self,
        issuer: str,
        provider: BrokerProvider,
        parties: RelyingParties,
        grants: Grants,
        subjects: Subjects,
        endings: PartyEndings,
    ) -> None:
        self._issuer = issuer
        self._provider = provider
        self._parties = parties
        self._grants = grants
        self._subjects = subjects
        self._endings = endings

    def reply(self, result: LoginResult) -> Reply:
        """A code for the one who was admitted; raises ``PartyError`` if the application asked for somebody else."""
        request, party = self._standing(result.request)
        address = request.reply_to
        subject = self._subjects.subject(party, result.account.id)
        if request.subjects is not None and subject not in request.subjects:
            # OpenID Connect Core 3.1.2.2: no positive answer for another person than the hint's.
            raise PartyError("login_required", "account_hint", "another person than the one asked for")
        code = self._issue_code(result.admission, result, request)
        fields = self._provider.authorization_response(
            party.client_id, address.redirect_uri, request.scopes, address.state, subject, code
        )
        return requests.reply_with(address, fields)

    def refuse(self, request: LoginRequest, error: PartyError) -> Reply:
        """The error answer; a code that this protocol does not have becomes ``server_error``."""
        asked, _ = self._standing(request)
        code = error.code if error.code in _SAID else "server_error"
        refused = AuthorizationRefused(code, error.reason, _SAID[code], detail=error.detail)
        return requests.refusal(asked.reply_to, refused, self._issuer)

    def session_ended(self, sid: str) -> None:
        """Codes and access tokens end with the session; refresh tokens, which are for the time after, do not."""
        self._endings.session(sid)

    def person_ended(self, account_id: str) -> None:
        """All that applications hold of the account from before ends."""
        self._endings.account(account_id)

    def organization_ended(self, organization: str) -> None:
        """All that applications hold of the organisation's people from before ends."""
        self._endings.organization(organization)

    def _standing(self, request: LoginRequest) -> tuple[AuthorizationRequest, RelyingParty]:
        asked = requests.load(request.reply)
        party = self._parties.get(request.party)
        if party is None or party.client_id != asked.reply_to.client_id:
            raise BadRequest("client", "the client is no longer registered")
        if not party.registers(asked.reply_to.redirect_uri):
            raise BadRequest("redirect_uri", "the redirect URI is no longer registered")
        return asked, party

    def _issue_code(self, admission: Admission, result: LoginResult, request: AuthorizationRequest) -> str:
        session = result.session
        grant = CodeGrant(
            client_id=request.reply_to.client_id,
            redirect_uri=request.reply_to.redirect_uri,
            code_challenge=request.code_challenge,
            account_id=result.account.id,
            organization=result.account.organization,
            connection=session.connection,
            stamp=session.stamp,
            sid=session.sid,
            scopes=request.scopes,
            nonce=request.nonce,
            id_token_claims=request.id_token_claims,
            userinfo_claims=request.userinfo_claims,
            authenticated_at=session.authenticated_at,
            acr=session.acr,
            amr=session.amr,
            expires_at=self._grants.code_expiry(),
            sign_in=result.request.sign_in,
        )
        return self._grants.issue_code(admission, grant)
