"""The login: the one file that knows the order of its steps.

A responder proves party and reply address and hands over a ``LoginRequest``; ``begin`` looks for a session that is
good enough, else chooses the connection and sends the browser to the upstream; ``finish`` takes the transaction, lets
the connector verify what came back, lets the gate hear it, provisions the account of who is admitted, opens the session
and lets the responder answer. Every step ends in a ``Step``; what it looks like in a browser is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from broker import assurance, tracing
from broker.addresses import canonical_address
from broker.admission import Admission, Evidence, Gate, Heard
from broker.claims.facts import fields_of
from broker.clock import Clock
from broker.downstream.responder import Responder
from broker.errors import BrokerError, Busy, LoginFailed, NotAllowed, PartyError, RuleRefused, SsoRequired
from broker.identity import Account, Authentication
from broker.login_steps import Answered, Browser, Choose, Depart, PasswordForm, Present, Refused, SignInForm, Step
from broker.messages import LoginRequest, LoginResult, Session, Transaction, UpstreamAnswer
from broker.organizations import PASSWORD, Connection, Organization, Organizations
from broker.provisioning.just_in_time import JustInTime
from broker.remembered import RememberedFacts
from broker.sessions import DormantSession, Sessions
from broker.standing import DirectoryStanding, NoDirectory, NoUpstreamGrants, UpstreamGrants
from broker.store.directory import Fill
from broker.transactions import Demand, LoginCookie, Transactions
from broker.upstream.connector import Connector


class LoginFlow:
    """Runs logins over ports."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        sessions: Sessions,
        gate: Gate,
        accounts: JustInTime,
        organizations: Organizations,
        connectors: Mapping[str, Connector],
        contexts: assurance.Contexts,
        clock: Clock,
        remembered: RememberedFacts,
        upstream_grants: UpstreamGrants | None = None,
        directory_standing: DirectoryStanding | None = None,
    ) -> None:
        self._transactions = transactions
        self._sessions = sessions
        self._gate = gate
        self._accounts = accounts
        self._organizations = organizations
        self._connectors = connectors
        self._responders: dict[str, Responder] = {}
        self._contexts = contexts
        self._clock = clock
        self._remembered = remembered
        self._upstream_grants = upstream_grants or NoUpstreamGrants()
        self._directory_standing = directory_standing or NoDirectory()

    def register(self, responder: Responder) -> None:
        """Makes a responder known, at composition."""
        self._responders[responder.name] = responder

    # -- begin ------------------------------------------------------------------------------------------------

    def begin(self, request: LoginRequest, browser: Browser) -> Step:
        """Answers from the session if it is good enough, else sends the person on."""
        request = self._known(request)
        tracing.hop(request.party, "asked", application=request.party, through=request.responder)
        try:
            assurance.require_reachable(request, self._contexts)
            return self._begin(request, browser)
        except PartyError as error:
            return self._refuse(request, error, None)

    def who(self, browser: Browser) -> Present | None:
        """The admitted person of this browser's session, for our own pages; None when there is nobody."""
        dormant = self._sessions.find(browser.session_handle) if browser.session_handle else None
        standing = self._admit_standing(None, dormant) if dormant is not None else None
        if standing is None or dormant is None:
            return None
        admission, account = standing
        return Present(admission, account, self._sessions.resume(admission, dormant))

    def sign_out(self, browser: Browser) -> None:
        """Ends this browser's session, and what applications were given under it."""
        dormant = self._sessions.find(browser.session_handle) if browser.session_handle else None
        if dormant is None or browser.session_handle is None:
            return
        self._sessions.end(browser.session_handle)
        for responder in self._responders.values():
            responder.session_ended(dormant.facts.sid)

    def sign_out_everywhere(self, account_id: str) -> None:
        """Ends every session of an account, and what applications were given under them.

        Tidying up: what was given out is void already when the account's epoch has risen, and then refresh tokens
        are ended as well.
        """
        for responder in self._responders.values():
            responder.person_ended(account_id)
        for sid in self._sessions.of_account(account_id):
            if self._sessions.end_named(sid):
                for responder in self._responders.values():
                    responder.session_ended(sid)

    def _begin(self, request: LoginRequest, browser: Browser) -> Step:
        dormant = self._sessions.find(browser.session_handle) if browser.session_handle else None
        if dormant is not None:
            standing = self._admit_standing(request.organizations, dormant)
            if standing is not None and assurance.is_good_enough(
                request, dormant.facts, standing[1], self._contexts, self._clock.now()
            ):
                admission, account = standing
                session = self._sessions.resume(admission, dormant)
                tracing.check("session", "resumed", connection=session.connection, acr=session.acr)
                return self._answer(LoginResult(admission, request, account, session, account_created=False))
        if request.silent:
            raise PartyError("login_required", "prompt", "no session that is good enough")
        return self._send_on(request, dormant)

    def _admit_standing(
        self, scope: tuple[str, ...] | None, dormant: DormantSession
    ) -> tuple[Admission, Account] | None:
        account = self._accounts.by_id(dormant.account_id)
        if account is None:
            return None
        try:
            evidence = Evidence.standing(account, dormant.connection, dormant.facts.stamp, scope)
            admission = self._gate.admit(evidence)
            # A session may outlive what the directory thinks of the person (threats SS-04). The stamp in the admission
            # voids it as well if somebody else ends the account at this moment.
            self._directory_standing.require(account, dormant.connection)
            return admission, account
        except (NotAllowed, SsoRequired, LoginFailed, Busy):
            return None  # This session opens nothing here; the person may still sign in anew.

    def _send_on(self, request: LoginRequest, dormant: DormantSession | None) -> Step:
        cookie = self._transactions.new_cookie()
        demand = self._demand_without_asking(request, dormant)
        if demand is None:
            return Choose(self._transactions.pend(request, cookie), cookie)
        return self._depart(request, demand, cookie)

    def _demand_without_asking(self, request: LoginRequest, dormant: DormantSession | None) -> Demand | None:
        """Home-realm discovery: the connection, if nothing has to be asked for it."""
        session = dormant.facts if dormant else None
        hint = request.login_hint
        owner: Organization | None = None
        if hint is not None:
            owner = self._owner_of(hint)
        elif session is not None and not request.choose_account:
            owner, hint = self._organizations.current().get(session.organization), session.login_hint
        if owner is None and request.organizations is not None and len(request.organizations) == 1:
            owner = self._organizations.current().get(request.organizations[0])
        if owner is None or not _in_scope(request, owner):
            return None
        if owner.connection is not None:
            return self._demand(request, owner.connection, hint, session)
        if session is not None and session.connection == PASSWORD and hint == session.login_hint:
            return self._demand(request, self._shared(PASSWORD), hint, session)  # The same person, once more.
        return None

    def begin_through(self, request: LoginRequest, connection: str, browser: Browser) -> Step:
        """Goes to this very connection, whatever session there is and whoever asks; raises ``NotAllowed`` if there is
        none of this name.
        """
        chosen = self._organizations.current().connection(connection)
        if chosen is None:
            raise NotAllowed("disabled", "no such connection", explanation="not_connected")
        request = self._known(request)
        dormant = self._sessions.find(browser.session_handle) if browser.session_handle else None
        demand = self._demand(request, chosen, None, dormant.facts if dormant else None)
        return self._depart(request, demand, self._transactions.new_cookie())

    def waiting(self, state: str, browser: Browser) -> Transaction:
        """The sign-in of this browser that waits under this state for what a page of ours asks; raises
        ``LoginFailed``.
        """
        transaction = self._transactions.peek(state, browser.login_cookies)
        tracing.belongs_to(transaction.request.sign_in)
        return transaction

    # -- the sign-in page -------------------------------------------------------------------------------------

    def form(self, handle: str, browser: Browser) -> SignInForm:
        """What the sign-in page of this pending login shows; raises ``LoginFailed`` in any other browser."""
        pending, _ = self._transactions.pending(handle, browser.login_cookies)
        request = self._known(pending.request)
        hint = request.login_hint or ""
        return SignInForm(request.party_name, hint if "@" in hint else "", request.ui_locales)

    def choose(self, handle: str, email: str, browser: Browser) -> Step:
        """Goes on from the sign-in page: with the organisation of ``email``, or with any Microsoft work account.

        Every address that is not of a federated domain goes to Pobuca's own sign-in, whether anybody knows it or not,
        so that the page tells no more than which domains are federated (threats WE-04). Raises ``ValueError`` if
        ``email`` is neither empty nor an address.
        """
        pending, cookie = self._transactions.pending(handle, browser.login_cookies)
        request = self._known(pending.request)
        hint: str | None = None
        owner: Organization | None = None
        if email.strip():
            hint = str(canonical_address(email))
            owner = self._owner_of(hint)
        if owner is not None and owner.connection is not None:
            connection = owner.connection
        else:
            connection = self._shared(PASSWORD if hint is not None else None)
        dormant = self._sessions.find(browser.session_handle) if browser.session_handle else None
        demand = self._demand(request, connection, hint, dormant.facts if dormant else None)
        return self._depart(request, demand, cookie)

    def password_form(self, state: str, browser: Browser) -> PasswordForm:
        """What the page of Pobuca's own sign-in shows; raises ``LoginFailed`` in any other browser."""
        transaction = self._peek(state, browser)
        request = transaction.request
        hint = transaction.login_hint or ""
        return PasswordForm(request.party_name, hint if "@" in hint else "", request.ui_locales)

    def reopen(self, state: str, browser: Browser, email: str | None = None) -> str:
        """The handle of a fresh pending login of the same request: the way from that page to another upstream.

        With ``email``, the new one knows that address; raises ``ValueError`` if it is none.
        """
        transaction = self._peek(state, browser)
        suffix = transaction.cookie_suffix
        request = transaction.request
        if email is not None:
            request = replace(request, login_hint=str(canonical_address(email)))
        return self._transactions.pend(request, LoginCookie(suffix, browser.login_cookies[suffix]))

    def _peek(self, state: str, browser: Browser) -> Transaction:
        transaction = self._transactions.peek(state, browser.login_cookies)
        tracing.belongs_to(transaction.request.sign_in)
        if transaction.connection != PASSWORD:
            raise LoginFailed("state", "a sign-in through another upstream", explanation="start_again")
        return transaction

    def cancel(self, handle: str, browser: Browser) -> Step:
        """The person goes back to the application without signing in."""
        pending, cookie = self._transactions.pending(handle, browser.login_cookies)
        request = self._known(pending.request)
        error = PartyError("access_denied", "cancelled", "the person went back")
        return self._refuse(request, error, cookie.suffix)

    # -- finish -----------------------------------------------------------------------------------------------

    def finish(self, answer: UpstreamAnswer, browser: Browser) -> Step:
        """Takes the transaction and carries the login to its end, whatever the upstream said."""
        transaction = self._transactions.take(answer.state, browser.login_cookies)
        structlog.contextvars.bind_contextvars(conn=transaction.connection, client=transaction.request.party)
        cookie = LoginCookie(transaction.cookie_suffix, browser.login_cookies[transaction.cookie_suffix])
        request = self._known(transaction.request)
        outcome: tracing.Outcome = "failed" if answer.error is not None else "done"
        tracing.hop("upstream", "came_back", outcome, connection=transaction.connection)
        try:
            return self._finish(transaction, answer, cookie)
        except PartyError as error:
            return self._refuse(request, error, transaction.cookie_suffix)
        except BrokerError as error:
            tracing.hop("session", "refused", "refused", detail=str(error), code=error.code)
            # To sign in once more is another sign-in, with an id of its own.
            again = replace(request, sign_in=self._transactions.new_sign_in())
            retry = self._transactions.pend(replace(again, choose_account=isinstance(error, NotAllowed)), cookie)
            return Refused(error, retry, cookie, request)

    def _finish(self, transaction: Transaction, answer: UpstreamAnswer, cookie: LoginCookie) -> Step:
        request = transaction.request
        tracing.remember(application=request.party, organization=transaction.organization or "")
        # Read anew: another worker may have connected or disconnected the organisation while the person was away.
        connection = self._organizations.current().connection(transaction.connection)
        if connection is None or connection.tenant_id != transaction.tenant_id:
            raise NotAllowed("disabled", "the connection changed or ended meanwhile", explanation="not_connected")
        connector = self._connectors[connection.kind]
        authentication = connector.finish(transaction, answer)
        tracing.remember(organization=authentication.organization)
        heard = self._gate.hear(authentication)
        if not assurance.is_fresh_enough(transaction, authentication, self._clock.now()):
            return self._ask_again(transaction, authentication, connection, cookie)
        assurance.require_strength(transaction, authentication)
        account = self._accounts.find(authentication.subject)
        fills: Mapping[str, Fill] = {}
        if account is not None:
            account, fills = self._accounts.seen_again(account, authentication, connector.profile_again)
        admission = self._admit(heard, account, request)
        came_by = "found"
        if account is None:
            held = self._accounts.held_before(admission, authentication)
            if held is not None:
                admission = self._admit(heard, None, request, fields_of(held))
                account, came_by = self._accounts.take_over(admission, authentication), "linked"
            if account is not None:
                admission = self._admit(heard, account, request)
        if account is None:
            profile = connector.profile(authentication)
            tracing.remember(profile=dict(profile.values))
            draft = self._accounts.draft(admission, authentication, profile)
            # The directory may know another address than the token: it is judged before anything is written.
            admission = self._admit(heard, None, request, fields_of(draft))
            consulted = self._accounts.consult(admission, draft)
            if consulted.draft != draft:  # What a hook amended is judged as well.
                admission = self._admit(heard, None, request, fields_of(consulted.draft))
            account, created = self._accounts.create(admission, consulted)
            came_by = "created" if created else "found"
            with tracing.quietly():  # Nobody but another sign-in at this very moment can have changed what is judged.
                admission = self._admit(heard, account, request)
        tracing.check("provisioning", came_by, "done", account=account.id, organization=account.organization)
        if request.account_hint is not None and account.id != request.account_hint:
            raise PartyError("login_required", "account_hint", "another person than the hint's")
        account = self._accounts.fill_again(admission, account, authentication, fills)
        tracing.remember(fields=dict(fields_of(account)))
        self._remembered.remember(admission, account, heard.facts)
        session, handle = self._sessions.open(admission, account, authentication, transaction.replaced_sid)
        tracing.check("session", "opened", "done", connection=session.connection, acr=session.acr)
        self._upstream_grants.keep(admission, account, authentication)
        result = LoginResult(admission, request, account, session, came_by == "created")
        return replace(self._answer(result), session_handle=handle, finished=transaction.cookie_suffix)

    def _admit(
        self, heard: Heard, account: Account | None, request: LoginRequest, fields: Mapping[str, str] | None = None
    ) -> Admission:
        try:
            return self._gate.admit(Evidence.fresh(heard, account, request.organizations, fields))
        except RuleRefused:  # A rule of the organisation's own may have any word for its reason.
            raise
        except NotAllowed as error:
            if error.reason == "tenant":  # The application must hear that this person is not for it (threats DO-22).
                raise PartyError("access_denied", error.reason, error.detail) from error
            raise

    def _ask_again(
        self, transaction: Transaction, authentication: Authentication, connection: Connection, cookie: LoginCookie
    ) -> Step:
        """The upstream answered from an older sign-in than the application wants: ask once more, by force."""
        request = transaction.request
        if request.force or authentication.authenticated_at is None:
            raise PartyError("unmet_authentication_requirements", "assurance", "no proof of a fresh sign-in")
        forced = replace(request, force=True)
        demand = replace(
            self._demand(forced, connection, authentication.login_hint, None),
            previous_authentication=authentication.authenticated_at,
            replaced_sid=transaction.replaced_sid,
        )
        return self._depart(forced, demand, cookie)

    # -- shared -----------------------------------------------------------------------------------------------

    def _known(self, request: LoginRequest) -> LoginRequest:
        """The request with the short id of its sign-in, to which all that is noted from here on belongs."""
        if not request.sign_in:
            request = replace(request, sign_in=self._transactions.new_sign_in())
        tracing.belongs_to(request.sign_in)
        return request

    def _answer(self, result: LoginResult) -> Answered:
        reply = self._responders[result.request.responder].reply(result)
        tracing.hop(result.request.party, "answered")
        return Answered(reply, result=result)

    def _refuse(self, request: LoginRequest, error: PartyError, finished: str | None) -> Answered:
        tracing.hop(request.party, "answered", "refused", detail=str(error), code=error.code)
        reply = self._responders[request.responder].refuse(request, error)
        return Answered(reply, finished=finished, refusal=error)

    def _demand(
        self, request: LoginRequest, connection: Connection, login_hint: str | None, session: Session | None
    ) -> Demand:
        return Demand(
            connection=connection,
            redirect_uri=self._connectors[connection.kind].callback_uri(connection.name),
            login_hint=login_hint,
            # Pobuca's own sign-in has nothing to ask for: an essential class is missed there, a wish is not granted.
            upstream_acr=self._contexts.to_ask_for(request) if connection.kind != PASSWORD else None,
            previous_authentication=session.authenticated_at if session else None,
            replaced_sid=session.sid if session else None,
        )

    def _depart(self, request: LoginRequest, demand: Demand, cookie: LoginCookie) -> Step:
        state, transaction = self._transactions.open(request, demand, cookie)
        tracing.hop("upstream", "sent_on", connection=transaction.connection, tenant_id=transaction.tenant_id)
        try:
            return Depart(self._connectors[demand.connection.kind].start(transaction, state), cookie)
        except BrokerError as error:
            return Refused(error, self._transactions.pend(request, cookie), cookie, request)

    def _shared(self, name: str | None) -> Connection:
        """The shared connection of this name, or that of *Sign in with Microsoft*."""
        shared = self._organizations.shared_connections()
        return next((connection for connection in shared if connection.name == name), shared[0])

    def _owner_of(self, address: str) -> Organization | None:
        try:
            return self._organizations.current().owning_domain(canonical_address(address).domain)
        except ValueError:
            return None  # A hint need not be an address (OpenID Connect Core 3.1.2.1).


def _in_scope(request: LoginRequest, organization: Organization) -> bool:
    return request.organizations is None or organization.name in request.organizations
