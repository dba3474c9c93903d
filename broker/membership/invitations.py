"""Invitations: how somebody comes to an organisation that is not federated (threats FE-05)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from broker.addresses import Address, canonical_address
from broker.admission import Admission, Evidence
from broker.entropy import digest
from broker.errors import LoginFailed, NotAllowed, SsoRequired
from broker.identity import INVITATION, Account, Subject, stamped
from broker.membership import letters
from broker.membership.doors import require_open
from broker.membership.passwords import require_own
from broker.membership.people import require_names
from broker.membership.policy import require_suitable
from broker.membership.ports import Ports
from broker.membership.roles import CONTRIBUTOR, require_administrator, require_role
from broker.organizations import ADMINISTRATOR, PASSWORD, Organization
from broker.rate_limits import Attempt
from broker.store.audit import Entry
from broker.store.credentials import AddressTaken, Invitation, PasswordRecord
from broker.store.directory import NewAccount

DOOR: Final = "invite"
LETTER: Final = "letter"
LINK: Final = "link"

LIFETIME: Final = timedelta(days=7)

OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation that stands; ``sent`` says whether its letter could be handed over."""

    invitation: Invitation
    sent: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What the holder of a link is offered."""

    organization: str
    address: str
    external: bool


class Invitations:
    """Makes, lists, withdraws and accepts them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    # -- by the organisation's administrators -----------------------------------------------------------------------

    def invite(self, admission: Admission, inviter: Account, address: str, role: str, client: str | None) -> Sent:
        """Invites somebody by mail: with an address of the organisation's domains as a co-worker in ``role``, with any
        other as an external contributor.

        Raises ``ValueError`` if it is no address, ``TooMany``, ``NotAllowed`` for whoever is no administrator, for a
        federated organisation and for a co-worker who is there already, and ``SsoRequired`` if the address is one of a
        federated organisation, of which no more is told.
        """
        ports = self._ports
        require_own(admission, inviter)
        require_administrator(inviter)
        canonical = canonical_address(address)
        organization = self._open_organization(inviter.organization, canonical)
        require_open(ports.gate, address, DOOR, explanation="invitee_federated")
        external = not _owns(organization, canonical)
        role = CONTRIBUTOR if external else require_role(role)
        known = ports.credentials.password(str(canonical))
        account = ports.directory.account(known.account_id) if known is not None else None
        if account is not None and account.organization == organization.name:
            raise NotAllowed(DOOR, "is a co-worker already", explanation="already_member")
        # What is known of an address elsewhere stays untold: it is invited like any other.
        ports.limits.require(LETTER, Attempt(str(canonical), client))
        invitation, token = self._record(organization, canonical, role, external=external, by=inviter.id)
        return Sent(invitation, self._send(organization, invitation, token))

    def require_inviting(self, organization: str, address: str) -> None:
        """Raises ``NotAllowed`` if the organisation is federated, with the sentence for this invitee;
        ``ValueError``.
        """
        self._open_organization(organization, canonical_address(address))

    def standing(self, admission: Admission, account: Account) -> Sequence[Invitation]:
        """The open invitations of the administrator's organisation, newest first."""
        require_own(admission, account)
        require_administrator(account)
        now = self._ports.clock.now()
        return [each for each in self._ports.credentials.invitations(account.organization) if now < each.expires_at]

    def resend(self, admission: Admission, account: Account, invitation_id: str, client: str | None) -> Sent:
        """The same invitation with a new link and a new term; the old link is void."""
        ports = self._ports
        found = next((each for each in self.standing(admission, account) if each.id == invitation_id), None)
        if found is None:
            raise LoginFailed(DOOR, "no such invitation", explanation="invitation_gone")
        organization = self._open_organization(account.organization, canonical_address(found.address))
        require_open(ports.gate, found.address, DOOR, explanation="invitee_federated")
        ports.limits.require(LETTER, Attempt(found.address, client))
        invitation, token = self._record(
            organization, canonical_address(found.address), found.role, external=found.external, by=account.id
        )
        return Sent(invitation, self._send(organization, invitation, token))

    def cancel(self, admission: Admission, account: Account, invitation_id: str) -> None:
        """Withdraws an invitation; raises ``LoginFailed`` if it is not open any more."""
        require_own(admission, account)
        require_administrator(account)
        ports = self._ports
        if not ports.credentials.cancel_invitation(account.organization, invitation_id):
            raise LoginFailed(DOOR, "no such invitation", explanation="invitation_gone")
        now = ports.clock.now()
        ports.audit.add(
            Entry("invitation_cancelled", account.organization, account.id, now, detail={"invitation": invitation_id})
        )

    # -- by the operator --------------------------------------------------------------------------------------------

    def invite_first_administrator(self, organization: str, address: str) -> str:
        """The link by which an administrator comes to an organisation that has none; the operator hands it over.

        Raises ``ValueError`` if it is no address, ``NotAllowed`` for an unknown or federated organisation, and
        ``SsoRequired`` if the address belongs to a federated one.
        """
        canonical = canonical_address(address)
        customer = self._open_organization(organization, canonical)
        require_open(self._ports.gate, address, DOOR, explanation="invitee_federated")
        external = not _owns(customer, canonical)
        _, token = self._record(customer, canonical, ADMINISTRATOR, external=external, by=OPERATOR)
        return self._link(token)

    # -- by the person who was invited ------------------------------------------------------------------------------

    def offer(self, token: str, client: str | None) -> Offer:
        """What a link offers; raises as ``accept`` does, and consumes nothing."""
        self._ports.limits.require(LINK, Attempt(None, client))
        invitation, organization = self._invitation_of(token)
        return Offer(organization.display_name, invitation.address, invitation.external)

    def accept(
        self, token: str, first_name: str, last_name: str, password: str, client: str | None
    ) -> Account:
        """The account of the person who was invited, with the names and the password that they chose.

        Raises ``Missing`` without names and ``Unsuitable``, after which the link is still good; ``TooMany``;
        ``LoginFailed`` if it was used, cancelled or has expired; ``SsoRequired`` if the way in changed meanwhile; and
        ``NotAllowed`` if the address has an account by now.
        """
        ports = self._ports
        ports.limits.require(LINK, Attempt(None, client))
        invitation, organization = self._invitation_of(token)
        first, last = require_names(first_name, last_name)
        require_suitable(password, (invitation.address, first, last, organization.display_name, organization.name))
        draft = self._draft(invitation, organization, first, last)
        # The person whom the invitation makes is judged as they will be: by organisation and by address.
        evidence = Evidence(organization.name, PASSWORD, draft.subject, draft.email, False, None, None)
        ports.gate.admit(evidence)
        consulted = ports.hooks.consult(draft)
        draft = consulted.draft
        record = PasswordRecord(invitation.address, draft.id, ports.hashing.hash(password), draft.created_at)
        try:
            account = ports.credentials.accept_invitation(invitation.id, draft, record, consulted.events)
        except AddressTaken as error:
            raise NotAllowed(DOOR, "the address has an account", explanation="address_taken") from error
        if account is None:
            raise LoginFailed(DOOR, "not open any more", explanation="link_used")
        ports.hooks.written(consulted)
        detail = {"invitation": invitation.id, "role": draft.role}
        entry = Entry("invitation_accepted", organization.name, account.id, draft.created_at, account.id, detail)
        ports.audit.add(entry)
        return account

    # -- shared -----------------------------------------------------------------------------------------------------

    def _open_organization(self, name: str, invitee: Address) -> Organization:
        """The organisation as it is now, if it invites at all."""
        organization = self._ports.organizations.current().get(name)
        if organization is None:
            raise NotAllowed("organization", "no such organisation", explanation="not_connected")
        if organization.connection is not None:
            said = "federated_invitations" if _owns(organization, invitee) else "federated_external_invitations"
            raise NotAllowed(DOOR, "the organisation is federated", explanation=said)
        return organization

    def _record(
        self, organization: Organization, address: Address, role: str, *, external: bool, by: str
    ) -> tuple[Invitation, str]:
        ports = self._ports
        token, now = ports.entropy.token(), ports.clock.now()
        invitation = Invitation(
            id=ports.entropy.uuid(),
            organization=organization.name,
            digest=digest(token),
            address=str(address),
            role=role,
            external=external,
            invited_by=by,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        ports.credentials.add_invitation(invitation)
        detail = {"invitation": invitation.id, "role": role, "external": "yes" if external else "no"}
        ports.audit.add(Entry("invitation_sent", organization.name, by, now, detail=detail))
        return invitation, token

    def _send(self, organization: Organization, invitation: Invitation, token: str) -> bool:
        return letters.send(
            self._ports,
            "invitation",
            invitation.address,
            letters.language_of(self._ports, None, organization),
            organization=organization.display_name,
            days=LIFETIME.days,
            link=self._link(token),
        )

    def _link(self, token: str) -> str:
        return f"{self._ports.public_url}/invitations/{token}"

    def _invitation_of(self, token: str) -> tuple[Invitation, Organization]:
        """The invitation of a link that still stands, and its organisation as it is now."""
        ports = self._ports
        invitation = ports.credentials.invitation(digest(token))
        if invitation is None:
            raise LoginFailed(DOOR, "no such link", explanation="link_used")
        organization = ports.organizations.current().get(invitation.organization)
        if organization is not None and organization.connection is not None:
            # Whoever holds the link was meant to come in, and learns how that is done now.
            raise SsoRequired(DOOR, "the organisation is federated")
        require_open(ports.gate, invitation.address, DOOR)
        if organization is None or invitation.state != "open" or ports.clock.now() >= invitation.expires_at:
            raise LoginFailed(DOOR, f"not open any more: {invitation.state}", explanation="link_used")
        return invitation, organization

    def _draft(self, invitation: Invitation, organization: Organization, first: str, last: str) -> NewAccount:
        # Hooks hear of the same account, however often the link is followed until it is there.
        account_id = self._ports.hooks.account_id(organization.name, "invitation", invitation.id)
        now = self._ports.clock.now()
        language = organization.default_language
        sources = {
            **dict.fromkeys(("first_name", "last_name", "display_name"), "person"),
            "email": "invitation",
            **({"language": "organization"} if language else {}),
        }
        return NewAccount(
            id=account_id,
            organization=organization.name,
            subject=Subject.own(account_id),
            email=invitation.address,
            email_domain=canonical_address(invitation.address).domain,
            # The link came by mail, but for the one that an operator handed over.
            email_verified=invitation.invited_by != OPERATOR,
            first_name=first,
            last_name=last,
            display_name=f"{first} {last}",
            role=invitation.role,
            created_at=now,
            attributes={"language": language} if language else {},
            attribute_sources=sources,
            attribute_stamps=stamped(sources, INVITATION, now),
        )


def _owns(organization: Organization, address: Address) -> bool:
    """Whether the address is of one of the organisation's domains, or below one (threats FE-13)."""
    domain = address.domain
    while domain:
        if domain in organization.domains:
            return True
        domain = domain.partition(".")[2]
    return False
