"""What the rules see: an authentication as plain facts that can be kept, and the variables of each list made of them.

Groups are object ids in lower case; a name in their place is no id and is left out, since anybody may give a group any
name (threats CR-05). ``groups`` is None when the upstream did not say: unknown, and never "in no group".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Protocol

from broker.addresses import Address, canonical_address
from broker.claims.rules import Values
from broker.claims.vocabulary import MAX_GROUPS, MAX_LIST, MAX_TEXT
from broker.identity import Authentication
from broker.organizations import Organization

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class HasFields(Protocol):
    """An account, or the draft of one."""

    @property
    def email(self) -> str | None: ...
    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What the upstream said of somebody, without what only the protocol needs.

    ``email`` is empty if there is none. ``claims`` are those of the verified ID token: texts, numbers, truth values and
    lists of texts.
    """

    organization: str
    connection: str
    issuer: str
    tenant_id: str
    object_id: str
    acr: str
    amr: tuple[str, ...]
    email: str
    email_verified: bool
    is_guest: bool
    groups: tuple[str, ...] | None
    app_roles: tuple[str, ...]
    claims: Mapping[str, Any]

    @classmethod
    def of(cls, authentication: Authentication) -> Facts:
        """The facts of a fresh sign-in."""
        return cls(
            organization=authentication.organization,
            connection=authentication.connection,
            issuer=authentication.issuer,
            tenant_id=authentication.subject.authority,
            object_id=authentication.subject.identifier,
            acr=authentication.acr,
            amr=authentication.amr,
            email=authentication.email or "",
            email_verified=authentication.email_owner_verified,
            is_guest=authentication.is_guest,
            groups=_object_ids(authentication.groups),
            app_roles=_texts(authentication.claims.get("roles")),
            claims={name: _plain(value) for name, value in authentication.claims.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """As values that JSON can hold; ``from_json`` reads them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {**kept, "claims": dict(self.claims)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Facts:
        """Reads ``as_json``; raises ``ValueError`` if it is anything else."""
        if kept.keys() != {field.name for field in fields(cls)}:
            raise ValueError("facts have other members")
        claims, groups = kept["claims"], kept["groups"]
        if not isinstance(claims, Mapping):
            raise ValueError("the claims are a map")
        return cls(
            organization=_text(kept["organization"]),
            connection=_text(kept["connection"]),
            issuer=_text(kept["issuer"]),
            tenant_id=_text(kept["tenant_id"]),
            object_id=_text(kept["object_id"]),
            acr=_text(kept["acr"]),
            amr=_all_texts(kept["amr"]),
            email=_text(kept["email"]),
            email_verified=_truth(kept["email_verified"]),
            is_guest=_truth(kept["is_guest"]),
            groups=None if groups is None else _object_ids(_all_texts(groups)),
            app_roles=_all_texts(kept["app_roles"]),
            claims=dict(claims),
        )


def fields_of(account: HasFields) -> dict[str, str]:
    """The fields of an account that have a text, by Pobuca's names."""
    said = {
        "email": account.email or "",
        "first_name": account.first_name,
        "last_name": account.last_name,
        "display_name": account.display_name,
        "role": account.role,
        **account.attributes,
    }
    return {name: value for name, value in said.items() if value}


def require_values(facts: Facts) -> Values:
    """What ``require`` sees."""
    return Values(_upstream(facts))


def attribute_values(facts: Facts, profile_values: Mapping[str, str]) -> Values:
    """What ``attributes`` sees. ``profile_values``: source name (``graph.jobTitle``) to text."""
    graph = {name.removeprefix("graph."): value for name, value in profile_values.items() if name.startswith("graph.")}
    return Values({**_upstream(facts), "graph": graph})


def admit_values(facts: Facts, account_fields: Mapping[str, str]) -> Values:
    """What ``admit`` sees. ``account_fields``: as ``fields_of`` gives them."""
    return Values({**_identity(facts, account_fields), "account": dict(account_fields)})


def release_values(
    facts: Facts | None, account_fields: Mapping[str, str], organization: Organization, client_id: str
) -> Values:
    """What ``release`` sees. Without facts, of somebody who did not come through an upstream, the rest of ``identity``
    is unknown.
    """
    identity = _identity(facts, account_fields) if facts is not None else _address(account_fields.get("email", ""))
    return Values(
        {
            **identity,
            "identity.organization": organization.name,
            "account": dict(account_fields),
            "organization.name": organization.name,
            "organization.display_name": organization.display_name,
            "application.client_id": client_id,
        }
    )


def _upstream(facts: Facts) -> dict[str, Any]:
    known: dict[str, Any] = {
        "claims": facts.claims,
        "upstream.tenant_id": facts.tenant_id,
        "upstream.object_id": facts.object_id,
        "upstream.issuer": facts.issuer,
        "upstream.connection": facts.connection,
        "upstream.acr": facts.acr,
        "upstream.amr": facts.amr,
        "upstream.is_guest": facts.is_guest,
        "upstream.email": facts.email,
        "upstream.email_verified": facts.email_verified,
    }
    if facts.groups is not None:
        known["upstream.groups"] = facts.groups
    return known


def _identity(facts: Facts, account_fields: Mapping[str, str]) -> dict[str, Any]:
    email = account_fields.get("email", "")
    known: dict[str, Any] = {
        "identity.tenant_id": facts.tenant_id,
        "identity.object_id": facts.object_id,
        "identity.organization": facts.organization,
        "identity.connection": facts.connection,
        **_address(email),
        # Of the address that the upstream named; the account may have another one.
        "identity.email_verified": facts.email_verified and _is_same(email, facts.email),
        "identity.is_guest": facts.is_guest,
        "identity.app_roles": facts.app_roles,
        "identity.acr": facts.acr,
        "identity.amr": facts.amr,
    }
    if facts.groups is not None:
        known["identity.groups"] = facts.groups
    return known


def _address(email: str) -> dict[str, Any]:
    known = _canonical(email)
    return {"identity.email": email, "identity.email_domain": known.domain if known is not None else ""}


def _is_same(one: str, other: str) -> bool:
    return _canonical(one) is not None and _canonical(one) == _canonical(other)


# Rules are judged several times in one sign-in, of the same person.
@lru_cache(maxsize=1024)
def _canonical(email: str) -> Address | None:
    try:
        return canonical_address(email)
    except ValueError:
        return None


def _object_ids(groups: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if groups is None or len(groups) > MAX_GROUPS:
        return None
    return tuple(group for group in map(str.lower, groups) if _GUID.fullmatch(group))


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_LIST:
        return ()
    texts = tuple(item for item in value if isinstance(item, str) and len(item) <= MAX_TEXT)
    return texts if len(texts) == len(value) else ()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a fact is no text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a fact is no truth value")
    return value


def _all_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError("a fact is no list of texts")
    return tuple(value)
