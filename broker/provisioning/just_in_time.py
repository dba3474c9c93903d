"""The account of an admitted person: found by identity key, or created exactly once (threats PR-01, PR-13)."""

from __future__ import annotations

from broker.addresses import canonical_address
from broker.admission import Admission
from broker.clock import Clock
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.identity import Account, Authentication, Profile, Subject
from broker.organizations import Organizations
from broker.provisioning.mapping import map_profile
from broker.store.audit import AuditTrail, Entry
from broker.store.credentials import Credentials
from broker.store.directory import Directory, NewAccount


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
    ) -> None:
        self._directory = directory
        self._credentials = credentials
        self._audit = audit
        self._organizations = organizations
        self._clock = clock
        self._entropy = entropy

    def find(self, subject: Subject) -> Account | None:
        """The account of this subject; by the identity key and never by an address (threats G4, UO-15)."""
        return self._directory.account_of(subject)

    def take_over(self, admission: Admission, authentication: Authentication) -> Account | None:
        """The account that the admitted person had before the organisation was federated, now theirs by this sign-in.

        Only by the proof of the entra-id reference, section 1.11: the organisation's bound tenant, which the admission
        says; a domain that this tenant was seen to have verified; and an address of which Entra says that its owner is
        verified. The address alone links nothing (threats UO-15, PR-07). Its values stay (DESIGN section 1, promise 5).
        """
        organization = self._organizations.get(admission.organization)
        if organization is None or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        if authentication.email is None or not authentication.email_owner_verified or authentication.is_guest:
            return None
        address = canonical_address(authentication.email)
        if address.domain not in organization.tenant_domains or address.domain not in organization.domains:
            return None
        now = self._clock.now()
        account = self._credentials.hand_over(str(address), organization.name, authentication.subject, now)
        if account is not None:
            detail = {"reason": "tenant_domain_and_verified_owner", "tenant": authentication.subject.authority}
            self._audit.add(Entry("account_linked", organization.name, account.id, now, account.id, detail))
        return account

    def by_id(self, account_id: str) -> Account | None:
        """The account of this id."""
        return self._directory.account(account_id)

    def draft(self, admission: Admission, authentication: Authentication, profile: Profile) -> NewAccount:
        """The account to be of an admitted subject that has none yet; nothing is written."""
        organization = self._organizations.get(admission.organization)
        if organization is None or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        mapped = map_profile(profile, authentication, organization)
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
            created_at=self._clock.now(),
            attributes=mapped.attributes,
            attribute_sources=mapped.sources,
            photo=profile.photo,
        )

    def create(self, admission: Admission, draft: NewAccount) -> tuple[Account, bool]:
        """The account of an admitted subject, and whether this call made it: of any number at once, exactly one did."""
        if admission.subject != draft.subject or admission.organization != draft.organization:
            raise NotAllowed("membership", "admission of somebody else")
        return self._directory.create_account(draft)
