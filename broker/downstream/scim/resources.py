"""The user resource that is served, and its ways from and to what an account is.

What the schema names is kept; anything else that a directory sends is ignored (RFC 7644 section 3.3). ``emails`` is
required, since the address is Pobuca's user name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Meta,
    Patch,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from broker.identity import SCIM, Account
from broker.provisioning.scim_users import PLACEHOLDER, ScimUser
from broker.store.scim import ScimPerson

MOST_RESULTS: Final = 200


class Name(ComplexAttribute):
    """RFC 7643 section 4.1.1."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    """RFC 7643 section 4.1.2."""

    value: Annotated[str | None, Required.true] = None
    type: str | None = None
    primary: bool | None = None


class PhoneNumber(ComplexAttribute):
    """RFC 7643 section 4.1.2. ``type``: ``work`` and ``mobile`` are of an account."""

    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class Address(ComplexAttribute):
    """RFC 7643 section 4.1.2. ``type``: ``work`` is of an account."""

    formatted: str | None = None
    street_address: str | None = None
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    type: str | None = None
    primary: bool | None = None


class User(Resource[AnyExtension]):
    """RFC 7643 section 4.1, as far as an account has a place for it."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    preferred_language: str | None = None
    active: bool | None = None
    emails: Annotated[list[Email] | None, Required.true] = None
    phone_numbers: list[PhoneNumber] | None = None
    addresses: list[Address] | None = None


class EnterpriseUser(Extension):
    """RFC 7643 section 4.3, as far as an account has a place for it."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: str | None = None
    department: str | None = None


_SINGLE: Final[Mapping[str, str]] = {
    "display_name": "display_name",
    "job_title": "title",
    "language": "preferred_language",
}
_ADDRESS: Final[Mapping[str, str]] = {
    "work_street": "street_address",
    "work_city": "locality",
    "work_state": "region",
    "work_postal_code": "postal_code",
    "work_country": "country",
}


def provider() -> ScimProvider:
    """What is served. Lenient where Microsoft Entra's provisioning departs from the letter of RFC 7644."""
    policy = ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    )
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="The token of the organisation, as the operator configured it.",
                primary=True,
            )
        ],
    )
    types = [ResourceType.from_resource(User[EnterpriseUser])]
    return ScimProvider(models=[User, EnterpriseUser], resource_types=types, config=config, policy=policy)


# -- from the directory -----------------------------------------------------------------------------------------------


def user_of(resource: Any) -> ScimUser:
    """What a directory wants, out of the whole new state of a resource."""
    document = resource.model_dump()
    for name in ("id", "meta"):
        document.pop(name, None)
    fields = {name: text for name, text in _fields(resource) if text}
    return ScimUser(
        user_name=resource.user_name or "",
        external_id=resource.external_id,
        fields=fields,
        emails=[email.value for email in sorted(resource.emails or [], key=_rank) if email.value],
        active=resource.active,
        document=document,
    )


def _fields(resource: Any) -> Iterator[tuple[str, str | None]]:
    name = resource.name or Name()
    yield "first_name", name.given_name
    yield "last_name", name.family_name
    yield "display_name", resource.display_name or name.formatted
    yield "job_title", resource.title
    yield "language", resource.preferred_language
    extension = resource[EnterpriseUser]
    if extension is not None:
        yield "department", extension.department
        yield "employee_id", extension.employee_number
    for field, kind in (("work_phone", "work"), ("mobile_phone", "mobile")):
        phone = _of_kind(resource.phone_numbers, kind)
        yield field, phone.value if phone is not None else None
    address = _of_kind(resource.addresses, "work")
    if address is not None:
        for field, part in _ADDRESS.items():
            yield field, getattr(address, part)


def _rank(email: Email) -> tuple[bool, bool]:
    """The primary one first, then those for work; otherwise as written."""
    return not email.primary, _kind(email) != "work"


def _of_kind(entries: list[Any] | None, kind: str) -> Any:
    return next((entry for entry in entries or [] if _kind(entry) == kind), None)


def _kind(entry: Any) -> str:
    return (entry.type or "").lower()


# -- to the directory -------------------------------------------------------------------------------------------------


def resource_of(person: ScimPerson) -> Any:
    """The resource: what the directory wrote, and the account's own value wherever that is not the directory's."""
    account = person.account
    document = dict(person.document or {})
    resource = User[EnterpriseUser].model_validate({"schemas": [str(User.__schema__)], **document})
    resource.id = account.id
    resource.meta = Meta(
        resource_type="User",
        created=account.created_at,
        last_modified=person.modified_at,
        version=person.version,
    )
    if person.document is None:
        resource.user_name = account.email or account.id
        if account.subject.kind != PLACEHOLDER:
            resource.external_id = account.subject.identifier
    _show_account(resource, account)
    return resource


def _show_account(resource: Any, account: Account) -> None:
    if not account.active:
        resource.active = False
    elif resource.active is False or not account.attribute_stamps:
        resource.active = True
    others = {name: _value(account, name) for name in _SHOWN if not _is_scims(account, name)}
    name = resource.name or Name()
    for field, part in (("first_name", "given_name"), ("last_name", "family_name")):
        if others.get(field):
            setattr(name, part, others[field])
            resource.name = name
    for field, attribute in _SINGLE.items():
        if field in others:
            setattr(resource, attribute, others[field] or None)
    if others.get("email"):
        resource.emails = [Email(value=others["email"], type="work", primary=True)]
    _show_enterprise(resource, others)
    _show_phones(resource, others)
    _show_address(resource, others)


def _show_enterprise(resource: Any, others: Mapping[str, str]) -> None:
    extension = resource[EnterpriseUser] or EnterpriseUser()
    for field, attribute in (("department", "department"), ("employee_id", "employee_number")):
        if field in others:
            setattr(extension, attribute, others[field] or None)
    if extension.department or extension.employee_number:
        resource[EnterpriseUser] = extension
        urn = str(EnterpriseUser.__schema__)
        if urn not in resource.schemas:
            resource.schemas = [*resource.schemas, urn]


def _show_phones(resource: Any, others: Mapping[str, str]) -> None:
    for field, kind in (("work_phone", "work"), ("mobile_phone", "mobile")):
        if not others.get(field):
            continue
        phone = _of_kind(resource.phone_numbers, kind)
        if phone is None:
            resource.phone_numbers = [*(resource.phone_numbers or []), PhoneNumber(value=others[field], type=kind)]
        else:
            phone.value = others[field]


def _show_address(resource: Any, others: Mapping[str, str]) -> None:
    shown = {part: others[field] for field, part in _ADDRESS.items() if others.get(field)}
    if not shown:
        return
    address = _of_kind(resource.addresses, "work")
    if address is None:
        address = Address(type="work")
        resource.addresses = [*(resource.addresses or []), address]
    for part, value in shown.items():
        setattr(address, part, value)


_SHOWN: Final = (
    "email",
    "first_name",
    "last_name",
    "display_name",
    "job_title",
    "language",
    "department",
    "employee_id",
    "work_phone",
    "mobile_phone",
    *_ADDRESS,
)


def _value(account: Account, name: str) -> str:
    if name in ("email", "first_name", "last_name", "display_name"):
        return getattr(account, name) or ""
    return account.attributes.get(name, "")


def _is_scims(account: Account, name: str) -> bool:
    """Whether the directory's own word on this field is what the account has, or the account has none."""
    stamp = account.attribute_stamps.get(name)
    if stamp is not None:
        return stamp.by == SCIM
    return not _value(account, name)
