"""The test sign-in through a connection that is set up and not switched on: checked as every later one, and nobody is
let in by it.
"""

from __future__ import annotations

from broker.admission import Evidence
from broker.attempts import Attempt, Found, Starter
from broker.claims.facts import fields_of
from broker.connectable import OnboardingPorts, leg_of, require_connectable
from broker.errors import NotAllowed
from broker.identity import Authentication
from broker.messages import UpstreamAnswer
from broker.store.audit import Entry
from broker.store.federations import Federation, OutOfStep, TestSignIn


class Rehearsals:
    """Begins and finishes them."""

    def __init__(self, ports: OnboardingPorts) -> None:
        self._ports = ports

    def begin(self, starter: Starter) -> str:
        """The address at the connected tenant; raises ``NotAllowed`` before anything is connected."""
        ports, name = self._ports, starter.organization
        require_connectable(ports.organizations, name)
        federation = ports.federations.recorded(name).federation
        if federation is None or federation.stage not in ("connected", "tested") or federation.tenant_id is None:
            raise NotAllowed("precondition", "not connected yet", explanation="connect_first")
        leg = ports.new_leg(name, federation.tenant_id)
        state = ports.attempts.put(Attempt(starter, "test", ports.attempts.expires_at(), leg))
        return ports.upstream.test_url(leg, state)

    def finish(self, attempt: Attempt, answer: UpstreamAnswer) -> Federation:
        """Records it, with who tested in which session (threats FE-21)."""
        ports, starter = self._ports, attempt.starter
        authentication = ports.upstream.tested(leg_of(attempt), answer)
        found = self._try_on(authentication)
        test = TestSignIn(
            object_id=authentication.subject.identifier,
            account_id=None if starter.by_ticket else starter.started_by,
            sid=None if starter.by_ticket else starter.bound_to,
            at=ports.clock.now(),
        )
        try:
            federation = ports.federations.record_test(starter.organization, authentication.subject.authority, test)
        except OutOfStep as error:
            raise NotAllowed("precondition", str(error), explanation="changed_meanwhile") from error
        ports.attempts.keep_found(starter, found)
        detail = {"tenant": authentication.subject.authority, "by": test.object_id}
        ports.audit.add(Entry("federation_tested", starter.organization, starter.started_by, test.at, None, detail))
        return federation

    def _try_on(self, authentication: Authentication) -> Found:
        """What this person would get: judged by the gate and mapped as at a first sign-in, and nothing written."""
        ports = self._ports
        heard = ports.gate.hear(authentication)
        account = ports.accounts.find(authentication.subject)
        admission = ports.gate.admit(Evidence.fresh(heard, account, None))
        if account is None:
            draft = ports.accounts.draft(admission, authentication, ports.upstream.profile(authentication))
            ports.gate.admit(Evidence.fresh(heard, None, None, fields_of(draft)))
            shown, email, fields = draft.display_name, draft.email, draft.attributes
        else:
            shown, email, fields = account.display_name, account.email, account.attributes
        return Found(authentication.subject.identifier, shown, email, dict(fields))
