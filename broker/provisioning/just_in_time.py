"""The account of an admitted person: found by identity key, or created exactly once (threats PR-01, PR-13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from broker.addresses import canonical_address
from broker.admission import Admission
from broker.clock import Clock
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.identity import SCIM, SIGN_IN, Account, Authentication, Profile, Subject, stamped
from broker.organizations import Organizations
from broker.provisioning.consulting import Consulted, Consulting
from broker.provisioning.mapping import (
    asks_directory,
    fills_again,
    is_verified,
    kept_by_directory,
    map_profile,
    with_fills,
)
from broker.store.audit import AuditTrail, Entry
from broker.store.credentials import Credentials
from broker.store.directory import Directory, Fill, NewAccount

# Why an account from before is somebody's: the word for the audit trail and for the account itself.
LINKED_BY: Final = "tenant_domain_and_verified_owner"


class ReadAgain(Protocol):
    """``Connector.profile_again``."""

    def __call__(self, authentication: Authentication, *, ask_directory: bool) -> Profile: ...


class JustInTime:
    """Finds accounts, and makes those that are missing."""

    def __init__(
        self,
        directory: Directory,
        credentials: Credentials,
        audit: AuditTrail,
        organizations: Organizations,
        clock: Clock,
        entropy: Entropy,
        hooks: Consulting,
    ) -> None:
        """``hooks``: asks and tells others of new accounts."""
        self._directory = directory
        self._credentials = credentials
        self._audit = audit
        self._organizations = organizations
        self._clock = clock
        self._entropy = entropy
        self._hooks = hooks

    def find(self, subject: Subject) -> Account | None:
        """The account of this subject; by the identity key and never by an address (threats G4, UO-15)."""
        return self._directory.account_of(subject)

    def held_before(self, admission: Admission, authentication: Authentication) -> Account | None:
        """The account that the admitted person had before the organisation was federated, as far as can be told without
        changing anything: the rules of the organisation judge it before it is taken over.
        """
        address = self._proved_address(admission, authentication)
        held = self._credentials.password(address) if address is not None else None
        account = self._directory.account(held.account_id) if held is not None else None
        return account if account is not None and account.organization == admission.organization else None

    def take_over(self, admission: Admission, authentication: Authentication) -> Account | None:
        """That account, now theirs by this sign-in; None if it is not to be had.

        Its values stay (DESIGN section 1, promise 5).
        """
        address = self._proved_address(admission, authentication)
        if address is None:
            return None
        _require_complete(admission)
        now = self._clock.now()
        account = self._credentials.hand_over(
            address, admission.organization, authentication.subject, now, reason=LINKED_BY
        )
        if account is not None:
            detail = {"reason": LINKED_BY, "tenant": authentication.subject.authority}
            self._audit.add(Entry("account_linked", admission.organization, account.id, now, account.id, detail))
        return account

    def _proved_address(self, admission: Admission, authentication: Authentication) -> str | None:
        """The address by which an account may be taken over: by the proof of the entra-id reference, section 1.11.

        The organisation's bound tenant, which the admission says; a domain that this tenant was seen to have verified;
        and an address of which Entra says that its owner is verified. The address alone links nothing (threats UO-15,
        PR-07).
        """
        organization = self._organizations.get(admission.organization)
        if organization is None or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        if authentication.email is None or not authentication.email_owner_verified or authentication.is_guest:
            return None
        address = canonical_address(authentication.email)
        if address.domain not in organization.tenant_domains or address.domain not in organization.domains:
            return None
        return str(address)

    def by_id(self, account_id: str) -> Account | None:
        """The account of this id."""
        return self._directory.account(account_id)

    def seen_again(
        self, account: Account, authentication: Authentication, read: ReadAgain
    ) -> tuple[Account, Mapping[str, Fill]]:
        """The account as the directory would have it now, by which its person is judged, and what of that is new.

        Nothing is written. Only an organisation whose table says that the directory keeps a field has it read at all,
        and only a sign-in through its own connection (threats PR-13). Raises ``NotAllowed`` or ``LoginFailed`` if the
        directory refuses the person.
        """
        organization = self._organizations.get(account.organization)
        own = organization.connection if organization is not None else None
        if organization is None or own is None or own.name != authentication.connection:
            return account, {}
        rules = kept_by_directory(organization)
        if not rules or account.subject != authentication.subject:
            return account, {}
        profile = read(authentication, ask_directory=asks_directory(rules))
        fills = fills_again(profile, authentication, organization, account)
        return with_fills(account, fills), fills

    def fill_again(
        self, admission: Admission, account: Account, authentication: Authentication, fills: Mapping[str, Fill]
    ) -> Account:
        """Writes what is new of an admitted person's account.

        And that an account which was provisioned is theirs, at their first sign-in: what somebody wrote about an
        identity becomes more than a word only by a finished sign-in (threats PR-08).
        """
        if admission.account_id != account.id or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        stamp = account.attribute_stamps.get("subject")
        if stamp is not None and stamp.by == SCIM:
            account = self._settled(account, authentication)
        if not fills:
            return account
        filled = self._directory.fill_account(account.id, fills, by=SIGN_IN, at=self._clock.now())
        if filled is None:
            raise NotAllowed("membership", "the account is gone")
        return filled

    def _settled(self, account: Account, authentication: Authentication) -> Account:
        organization = self._organizations.get(account.organization)
        verified = False
        if organization is not None and account.email is not None and account.email_domain is not None:
            verified = is_verified(account.email, account.email_domain, authentication, organization)
        now = self._clock.now()
        settled = self._directory.settle_subject(account.id, email_verified=verified, at=now)
        if settled is None:
            raise NotAllowed("membership", "the account is gone")
        return settled

    def draft(self, admission: Admission, authentication: Authentication, profile: Profile) -> NewAccount:
        """The account to be of an admitted subject that has none yet; nothing is written."""
        organization = self._organizations.get(admission.organization)
        if organization is None or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        mapped = map_profile(profile, authentication, organization)
        now = self._clock.now()
        sources = {**mapped.sources, "role": "organization"}
        return NewAccount(
            id=self._entropy.uuid(),
            organization=organization.name,
            subject=authentication.subject,
            email=mapped.email,
            email_domain=mapped.email_domain,
            email_verified=mapped.email_verified,
            first_name=mapped.first_name,
            last_name=mapped.last_name,
            display_name=mapped.display_name,
            role=organization.default_role,
            created_at=now,
            attributes=mapped.attributes,
            attribute_sources=sources,
            attribute_stamps=stamped(sources, SIGN_IN, now),
            photo=profile.photo,
        )

    def consult(self, admission: Admission, draft: NewAccount) -> Consulted:
        """What the hooks of the organisation make of the account of an admitted subject; nothing is written.

        For somebody who is admitted, since the hooks hear of them. What they amended has to be admitted as well.
        """
        _require_same(admission, draft)
        if self._hooks.asks(draft.organization):
            draft = replace(draft, id=lasting_id(self._hooks, self._directory, draft))
        return self._hooks.consult(draft)

    def create(self, admission: Admission, consulted: Consulted) -> tuple[Account, bool]:
        """The account of an admitted subject, and whether this call made it: of any number at once, exactly one did.

        Who is to hear of it does so by what is written in the same transaction.
        """
        _require_same(admission, consulted.draft)
        account, created = self._directory.create_account(consulted.draft, consulted.events)
        if created:
            self._hooks.written(consulted)
        return account, created


def lasting_id(hooks: Consulting, directory: Directory, draft: NewAccount) -> str:
    """The id under which hooks hear of this subject, also when the broker dies before it has written it."""
    subject = draft.subject
    for number in range(100):  # Somebody who left the organisation and came back may have had an account before.
        found = hooks.account_id(draft.organization, subject.kind, subject.authority, subject.identifier, str(number))
        there = directory.account(found)
        if there is None or there.subject == subject:
            return found
    return draft.id


def _require_complete(admission: Admission) -> None:
    """Nobody hears of a person, and nothing is written of them, before every rule of the organisation was judged."""
    if not admission.is_complete:
        raise NotAllowed("membership", "admitted before the fields of the account were known")


def _require_same(admission: Admission, draft: NewAccount) -> None:
    _require_complete(admission)
    if admission.subject != draft.subject or admission.organization != draft.organization:
        raise NotAllowed("membership", "admission of somebody else")
