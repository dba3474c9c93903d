"""The typed shape of provisioning: the systems that hear of new accounts, and SCIM in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from broker.federation.shapes import Section
from broker.federation.values import EntryPointName, HttpsBase, HttpsUrl, MapText, Name, SecretReference

# The group of entry points in which an installed package offers its hooks.
HOOK_ENTRY_POINTS: Final = "pobuca_broker.provisioning_hooks"

# What the answer of a hook may change: not the address, which takes part in who may come in.
SettableField = Literal[
    "first_name",
    "last_name",
    "display_name",
    "job_title",
    "work_phone",
    "mobile_phone",
    "department",
    "work_street",
    "work_city",
    "work_state",
    "work_postal_code",
    "work_country",
    "office",
    "language",
    "employee_id",
    "role",
]

# What a hook may be told of.
AccountField = Literal[SettableField, "email"]


class _Timed(Section):
    name: Annotated[Name, Field(examples=["connect"])]
    """Its name in the log and in `broker outbox list`; once in an organisation."""
    when: Literal["after", "before"] = "after"
    """`after`: it hears of the account once it is there, again and again until it took it. `before`: it is asked before
    the account is made, while the person waits, and may refuse or amend it.
    """
    deadline_seconds: Annotated[int, Field(ge=1, le=10)] = 3
    """Total time of one call."""
    on_failure: Literal["refuse", "continue"] = "refuse"
    """With `when: before`: whether the account is made when it fails or does not answer in time."""
    fields: Annotated[list[AccountField], Field(examples=["[email, display_name]"])] = []
    """The fields of the account that it is told beside its id and organisation; left out: none."""
    may_set: Annotated[list[SettableField], Field(examples=["[employee_id]"])] = []
    """With `when: before`: the fields that its answer may set; anything else in the answer is dropped."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values.get("when") == "after" and values.get("on_failure") == "continue":
            yield "on_failure", "on_failure: continue has a meaning only with when: before"
        if values.get("when") == "after" and values.get("may_set"):
            yield "may_set", "may_set has a meaning only with when: before"


class Webhook(_Timed):
    """A signed HTTPS request (Standard Webhooks)."""

    kind: Literal["webhook"]
    """Says that it is this one."""
    url: Annotated[HttpsUrl, Field(examples=["https://connect.pobuca.example/hooks/accounts"])]
    """Where it goes; a private address has to stand in `outbound.allowed_private_addresses`."""
    secret: Annotated[SecretReference, Field(examples=["env:CONNECT_HOOK_SECRET"])]
    """Where the secret is that signs it."""
    previous_secret: Annotated[SecretReference | None, Field(examples=["env:CONNECT_HOOK_SECRET_OLD"])] = None
    """While a secret is changed: where the one before is, which signs as well."""


class ScimPush(Section):
    """The account is created at a SCIM 2.0 server, once it is there."""

    kind: Literal["scim"]
    """Says that it is this one."""
    name: Annotated[Name, Field(examples=["crm"])]
    """Its name in the log and in `broker outbox list`; once in an organisation."""
    url: Annotated[HttpsBase, Field(examples=["https://crm.example/scim/v2"])]
    """The base address of the server, below which `/Users` is."""
    token: Annotated[SecretReference, Field(examples=["env:CRM_SCIM_TOKEN"])]
    """Where the bearer token is."""
    fields: Annotated[list[AccountField], Field(examples=["[email, display_name, department]"])] = [
        "email",
        "first_name",
        "last_name",
        "display_name",
    ]
    """The fields of the account that it is told; without `email`, the account id is the user name there."""


class EntryPointHook(_Timed):
    """Code of an installed package."""

    kind: Literal["entry-point"]
    """Says that it is this one."""
    entry_point: Annotated[EntryPointName, Field(examples=["acme"])]
    """The name of the package's entry point in the group `pobuca_broker.provisioning_hooks`."""
    settings: Annotated[dict[MapText, MapText], Field(examples=["{region: eu}"])] = {}
    """What the code gets to know, as it is."""
    secrets: Annotated[dict[MapText, SecretReference], Field(examples=["{token: env:ACME_TOKEN}"])] = {}
    """What it gets to know and files only name."""


class Provisioning(Section):
    """Who hears of new accounts."""

    hooks: list[Annotated[Webhook | ScimPush | EntryPointHook, Field(discriminator="kind")]] = []
    """The systems that do, in the order in which those `before` are asked."""


class ScimIn(Section):
    """The directory may create and change accounts by SCIM 2.0, beside their creation at the first sign-in."""

    token: Annotated[SecretReference, Field(examples=["env:AEGEAN_SCIM_TOKEN"])]
    """Where the bearer token is that the directory presents."""
    previous_token: Annotated[SecretReference | None, Field(examples=["env:AEGEAN_SCIM_TOKEN_OLD"])] = None
    """While the token is changed: where the one before is, which is good as well."""
