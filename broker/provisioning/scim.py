"""Accounts that an organisation's directory provisions: what it may write, and what follows.

A provisioned account lets nobody in. It is a place that the person finds at their first sign-in, if the directory named
them by the object id that Entra vouches for then; any other name belongs to a subject that never signs in. An address
alone connects nobody with an account that is there (threats PR-07, PR-08).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from broker.addresses import canonical_address
from broker.clock import Clock
from broker.endings import Endings
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.identity import SCIM, stamped
from broker.organizations import Connection, Organization, Organizations
from broker.provisioning.consulting import Consulting
from broker.provisioning.just_in_time import lasting_id
from broker.provisioning.mapping import LIMITS, fill_names, is_usable_address
from broker.provisioning.scim_users import (
    MAX_NAME,
    PLACEHOLDER,
    SOURCES,
    ScimRefused,
    ScimUser,
    new_active,
    new_subject,
    owns,
    subject_of,
    user_name_key,
)
from broker.provisioning.text import clean
from broker.store.audit import AuditTrail, Entry
from broker.store.directory import EDITABLE_NAMES, FILLABLE, Directory, Fill, NewAccount, news
from broker.store.scim import ScimChange, ScimPeople, ScimPerson, ScimTaken

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """The organisation as it is now, and its trust."""

    organization: Organization
    connection: Connection
    tenant_id: str


class ScimProvisioning:
    """Creates, changes and deletes accounts in the name of an organisation's directory."""

    def __init__(
        self,
        people: ScimPeople,
        directory: Directory,
        organizations: Organizations,
        endings: Endings,
        hooks: Consulting,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._people = people
        self._directory = directory
        self._organizations = organizations
        self._endings = endings
        self._hooks = hooks
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    # -- reading --------------------------------------------------------------------------------------------------

    def person(self, organization: str, account_id: str) -> ScimPerson | None:
        return self._people.person(organization, self._place(organization).tenant_id, account_id)

    def named(self, organization: str, user_name: str) -> Sequence[ScimPerson]:
        return self._people.named(organization, self._place(organization).tenant_id, user_name_key(user_name))

    def known_as(self, organization: str, external_id: str) -> Sequence[ScimPerson]:
        return self._people.known_as(organization, self._place(organization).tenant_id, external_id)

    def everybody(self, organization: str, limit: int) -> Sequence[ScimPerson]:
        return self._people.everybody(organization, self._place(organization).tenant_id, limit)

    # -- writing --------------------------------------------------------------------------------------------------

    def create(self, organization: str, user: ScimUser) -> ScimPerson:
        """The new account; raises ``ScimRefused``, and ``NotAllowed`` or ``Busy`` when a hook says no."""
        place, now = self._place(organization), self._clock.now()
        draft = self._draft(place, user, now)
        try:
            if self._people.named(organization, place.tenant_id, user_name_key(user.user_name)):
                raise ScimTaken("user_name")
            before = self._directory.account_of(draft.subject)
            if before is None:
                if draft.subject.kind != PLACEHOLDER and self._hooks.asks(organization):
                    draft = replace(draft, id=lasting_id(self._hooks, self._directory, draft))
                consulted = self._hooks.consult(draft)
            else:  # Made again after it was deleted, if by the directory: then no hook hears of it twice.
                consulted = None
            person, created = self._people.create(
                consulted.draft if consulted is not None else draft,
                place.tenant_id,
                ScimChange(
                    user.document,
                    user_name_key(user.user_name),
                    user.external_id,
                    active=False if user.active is False else None,
                ),
                lambda there: self._change(place, replace(user, active=user.active is not False), there),
                now,
                consulted.events if consulted is not None else (),
            )
        except ScimTaken as taken:
            raise _refusal(taken) from taken
        if created and consulted is not None:
            self._hooks.written(consulted)
        self._note("scim_created" if created else "scim_created_again", organization, person.account.id, now)
        self._endings.carry_out()
        return person

    def change(
        self, organization: str, account_id: str, user: ScimUser, *, version: str | None = None
    ) -> ScimPerson | None:
        """The person afterwards, None if there is none; only fields that SCIM owns change.

        ``version``: what must still be there. Raises ``ScimRefused``.
        """
        place, now = self._place(organization), self._clock.now()
        changed: list[str] = []

        def decide(person: ScimPerson) -> ScimChange:
            _require_version(person, version)
            change = self._change(place, user, person)
            changed[:] = sorted(change.fills) + [
                name
                for name, value in (("email", change.address), ("subject", change.subject), ("active", change.active))
                if value is not None
            ]
            return change

        try:
            person = self._people.change(organization, place.tenant_id, account_id, decide, now)
        except ScimTaken as taken:
            raise _refusal(taken) from taken
        if person is not None:
            self._note("scim_changed", organization, account_id, now, fields=" ".join(changed))
            self._endings.carry_out()
        return person

    def delete(self, organization: str, account_id: str, *, version: str | None = None) -> bool:
        """The account stays, and lets nobody in any more; True if there was one. Raises ``ScimRefused``."""
        place, now = self._place(organization), self._clock.now()

        def decide(person: ScimPerson) -> None:
            _require_version(person, version)

        if not self._people.remove(organization, place.tenant_id, account_id, decide, now):
            return False
        self._note("scim_deleted", organization, account_id, now)
        self._endings.carry_out()
        return True

    # -- what may be ----------------------------------------------------------------------------------------------

    def _place(self, name: str) -> _Place:
        """Raises ``NotAllowed`` for an organisation that is not federated now: its people are not its directory's."""
        organization = self._organizations.current().get(name)
        connection = organization.connection if organization is not None else None
        if organization is None or connection is None or connection.tenant_id is None:
            raise NotAllowed("scim", "the organisation is not federated", explanation="not_connected")
        return _Place(organization, connection, connection.tenant_id)

    def _draft(self, place: _Place, user: ScimUser, now: datetime) -> NewAccount:
        fields = self._cleaned(place, user)
        sources = {name: SOURCES[name] for name in fields}
        email, domain = self._address(place, user)
        sources["email"] = SOURCES["email"]
        if "language" not in fields and place.organization.default_language:
            fields["language"], sources["language"] = place.organization.default_language, "organization"
        fill_names(fields, sources, email)
        account_id = self._entropy.uuid()
        sources["subject"] = "scim.externalId"
        return NewAccount(
            id=account_id,
            organization=place.organization.name,
            subject=subject_of(place.organization.name, place.tenant_id, user.external_id, account_id),
            email=email,
            email_domain=domain,
            email_verified=False,  # That the directory writes it proves nothing to the application; a sign-in may.
            first_name=fields["first_name"],
            last_name=fields["last_name"],
            display_name=fields["display_name"],
            role=place.organization.default_role,
            created_at=now,
            attributes={name: value for name, value in fields.items() if name not in EDITABLE_NAMES},
            attribute_sources=sources,
            attribute_stamps=stamped(sources, SCIM, now),
        )

    def _change(self, place: _Place, user: ScimUser, person: ScimPerson) -> ScimChange:
        """What of the whole new state of somebody is written; raises ``ScimRefused``."""
        account = person.account
        email, domain = self._address(place, user)
        fields = self._cleaned(place, user)
        sources = {name: SOURCES[name] for name in fields}
        sources["email"] = SOURCES["email"]
        if "language" not in fields and place.organization.default_language:
            fields["language"], sources["language"] = place.organization.default_language, "organization"
        fill_names(fields, sources, email)
        fills = {
            name: Fill(fields.get(name), sources.get(name, ""))
            for name in SOURCES.keys() & FILLABLE
            if owns(account, name) and not self._is_closed(place, name)
        }
        address = (email, domain) if owns(account, "email") and email != account.email else None
        return ScimChange(
            user.document,
            user_name_key(user.user_name),
            user.external_id,
            news(account, fills),
            address,
            new_subject(account, place.tenant_id, user.external_id),
            new_active(user.active, account),
        )

    def _cleaned(self, place: _Place, user: ScimUser) -> dict[str, str]:
        """The fields as they may be kept, without those that are empty or that no directory fills here."""
        found: dict[str, str] = {}
        for name, text in user.fields.items():
            if name not in SOURCES or name == "email" or self._is_closed(place, name):
                continue
            value = clean(text[: 4 * LIMITS[name]], LIMITS[name])
            if value:
                found[name] = value
        return found

    def _is_closed(self, place: _Place, name: str) -> bool:
        rule = place.organization.attributes.get(name)
        return rule is not None and rule.on == "never"

    def _address(self, place: _Place, user: ScimUser) -> tuple[str, str]:
        """The first usable address and its domain; raises ``ScimRefused``.

        One of another organisation's domain is nobody's here, as at a sign-in; one of no organisation's domain may be,
        and is not verified (threats UO-15, FE-14).
        """
        if not user.user_name.strip() or len(user.user_name) > MAX_NAME:
            raise ScimRefused("value", f"userName must have 1 to {MAX_NAME} characters")
        for text in (*user.emails, user.user_name):
            value = clean(text[: 4 * LIMITS["email"]], LIMITS["email"])
            if not value or not is_usable_address(value):
                continue
            domain = canonical_address(value).domain
            owner = self._organizations.current().owning_domain(domain)
            if owner is not None and owner.name != place.organization.name:
                raise ScimRefused("value", "the address is of a domain of another organisation")
            return value, domain
        raise ScimRefused("value", "a usable e-mail address is needed, in emails or as userName")

    def _note(self, event: str, organization: str, account_id: str, now: datetime, **detail: str) -> None:
        self._audit.add(Entry(event, organization, SCIM, now, account_id, detail or None))
        _log.info(event, org=organization, account=account_id, **detail)


def _require_version(person: ScimPerson, version: str | None) -> None:
    if version is not None and person.version != version:
        raise ScimRefused("version", "the resource changed meanwhile")


def _refusal(taken: ScimTaken) -> ScimRefused:
    sentences = {
        "user_name": "the userName is in use",
        "identity": "the person of this externalId has an account",
        "address": "somebody signed in here with this address before; the person takes the account over at their first"
        " sign-in with Microsoft, and can be provisioned after that",
    }
    return ScimRefused("taken", sentences[taken.what])


