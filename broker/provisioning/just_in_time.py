"""The account of an admitted person: found by identity key, or created exactly once (threats PR-01, PR-13)."""

from __future__ import annotations

from broker.admission import Admission
from broker.clock import Clock
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.identity import Account, Authentication, Profile, Subject
from broker.organizations import Organizations
from broker.provisioning.mapping import map_profile
from broker.store.directory import Directory, NewAccount


class JustInTime:
    """Finds accounts, and makes those that are missing."""

    def __init__(self, directory: Directory, organizations: Organizations, clock: Clock, entropy: Entropy) -> None:
        self._directory = directory
        self._organizations = organizations
        self._clock = clock
        self._entropy = entropy

    def find(self, subject: Subject) -> Account | None:
        """The account of this subject; by the identity key and never by an address (threats G4, UO-15)."""
        return self._directory.account_of(subject)

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
