"""The typed shape of claim rules, wherever they stand: in organisations, in applications, and in sets of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from broker.claims.rules import On, Target
from broker.federation.shapes import Section
from broker.federation.values import (
    ClaimName,
    Expression,
    LogWord,
    MapText,
    Name,
    Prose,
    Words,
)

# What an application may ask for (OpenID Connect Core 5.4, and Pobuca's own).
Scope = Literal["openid", "profile", "email", "phone", "address", "organization", "offline_access"]


class Message(Section):
    """What the person reads when the rule refuses."""

    en: Annotated[Prose | None, Field(examples=["Ask your administrator for access."])] = None
    """In English."""
    el: Annotated[Prose | None, Field(examples=["Ζητήστε πρόσβαση από τον διαχειριστή σας."])] = None
    """In Greek."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values == {"en": None, "el": None}:
            yield "", "message needs a sentence in en or el"


class Condition(Section):
    """A condition that must hold, or the sign-in is refused."""

    name: Annotated[Name, Field(examples=["members-only"])]
    """Its name in the log, and wherever a sign-in is explained; once in a list."""
    that: Annotated[Expression, Field(examples=['"claims.acct == 0"'])]
    """What must hold: a CEL expression that is true or false ([rules](rules.md)). What cannot be decided refuses."""
    otherwise: Annotated[LogWord | None, Field(examples=["guests_not_allowed"])] = None
    """The reason for the log when it does not hold; left out: the name, with `_` for `-`."""
    message: Message | None = None
    """What the person reads then; left out: that the organisation's rules do not allow it."""


class AttributeRow(Section):
    """How one field of an account is filled, and whose it is afterwards."""

    from_: Annotated[
        str | Annotated[list[str], Field(min_length=1)] | None,
        Field(alias="from"),
        Words("a source, or a list of sources", "[graph.companyName, graph.department]"),
    ] = None
    """A source (`graph.jobTitle`, `id_token.name`), or several: the first that has a value wins. Left out, and without
    `value`: as in the built-in table.
    """
    value: Annotated[Expression | None, Field(examples=['"claims.department.upperAscii()"'])] = None
    """Instead of `from`: a CEL expression that gives text."""
    on: On = "create"
    """`create`: filled once, when the account is made. `always`: at every sign-in. `if_empty`: at every sign-in that
    finds it empty. `never`: the directory does not fill it.
    """

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if not {"from_", "value", "on"} <= values.keys():
            return
        given = [name for name, key in (("from", "from_"), ("value", "value")) if values[key] is not None]
        if len(given) == 2:
            yield "value", "value and from exclude each other: a field is copied or computed"
        if values["on"] == "never" and given:
            yield given[0], f"{given[0]} has no meaning with on: never"
        if values["on"] == "create" and not given:
            yield "", "this row says nothing: it needs from, value or on"


class Release(Section):
    """One claim that an application gets."""

    name: Annotated[Name, Field(examples=["roles"])]
    """Its name wherever a sign-in is explained; once in a list."""
    claim: Annotated[ClaimName, Field(examples=["roles"])]
    """The claim's name in the token."""
    value: Annotated[Expression | None, Field(examples=["\"lookup_all('app-roles', identity.groups)\""])] = None
    """A CEL expression for its value: text, a number, true or false, or a list of texts. Left out: the built-in value
    of this name.
    """
    when: Annotated[Expression | None, Field(examples=['"identity.email_verified"'])] = None
    """The claim is given only if this CEL expression holds."""
    to: Annotated[list[Target], Field(min_length=1)] = ["userinfo"]
    """Where it goes. `access_token`: what introspection says to a resource server."""
    scope: Annotated[Scope | None, Field(examples=["organization"])] = None
    """Given only to who asked for this scope; left out: the scope of the built-in claim, else `profile`."""
    optional: bool = False
    """Whether an expression that cannot be decided leaves the claim out, instead of refusing the whole answer."""


class ClaimRules(Section):
    """`config/claim_rules/*.yaml`: rules and maps that organisations and applications share, one set a file."""

    claim_rules: Annotated[Name, Field(examples=["corporate"])]
    """The name of the set."""
    description: Prose | None = None
    """What it is for."""
    require: list[Condition] = []
    """What must hold of what the upstream said, in the organisations that name the set."""
    admit: list[Condition] = []
    """What must hold of the person, in the organisations that name the set."""
    release: list[Release] = []
    """What the applications that name the set get."""
    maps: Annotated[
        dict[Name, dict[MapText, MapText | Annotated[list[MapText], Field(min_length=1)]]],
        Field(examples=['{app-roles: {"0d6c8f8f-5b61-4a3c-9a4e-0f6c1d2b3a49": administrator}}']),
    ] = {}
    """Tables for `lookup` and `lookup_all`, by name: from a text, such as a group's id, to a text or a list of texts.
    Every rule can use them.
    """
