"""Rules as values. Compiled at the load of the configuration; the language itself is in ``expressions``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from broker.location import Location

On = Literal["create", "always", "if_empty", "never"]
Target = Literal["id_token", "userinfo", "access_token"]


class RuleFailed(Exception):
    """An expression could not be decided; whoever asked refuses (threats CR-04). The text is for the log."""


class Values:
    """What the rules of one list see: variable to plain value. An absent variable is unknown, never empty.

    ``prepared`` is the language's own: what it made of the variables, once for all rules of a list.
    """

    __slots__ = ("prepared", "variables")

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = variables
        self.prepared: dict[int, Any] = {}


class Expression(Protocol):
    """Something to be decided or computed, compiled and bounded."""

    @property
    def source(self) -> str:
        """As it is written."""
        ...

    @property
    def location(self) -> Location:
        """Where it is written."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """The variables that it reads, with the key where one is named: ``identity.groups``, ``claims.acct``."""
        ...

    def evaluate(self, values: Values) -> Any:
        """A plain value of the declared type: bool, str, int, float, or a list of str; raises ``RuleFailed``."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that must hold. ``otherwise``: the word for the log; ``messages``: language to the sentence that the
    person reads. ``set_name``: the reusable set it stands in.
    """

    name: str
    that: Expression
    otherwise: str
    messages: Mapping[str, str] = field(default_factory=dict)
    set_name: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """How one field of an account is filled: from the first source that has a value, or by an expression.

    ``on``: who owns the field afterwards. ``create``: set once, at the first sign-in. ``always``: at each sign-in;
    ``if_empty``: at each sign-in that finds it empty; ``never``: the directory does not fill it. ``location`` is None
    for a row of the built-in table.
    """

    field: str
    sources: tuple[str, ...] = ()
    value: Expression | None = None
    on: On = "create"
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """One claim of one application. Without ``value`` the claim has its built-in value; ``when`` must hold for it.

    ``to``: where the claim goes. ``scope``: given only with this scope. ``optional``: a failure leaves the claim out
    instead of refusing.
    """

    name: str
    claim: str
    to: frozenset[Target]
    scope: str
    location: Location
    value: Expression | None = None
    when: Expression | None = None
    optional: bool = False
    set_name: str | None = None


@dataclass(frozen=True, slots=True)
class OrganizationRules:
    """The conditions of one organisation, in their order."""

    require: tuple[Rule, ...] = ()
    admit: tuple[Rule, ...] = ()


NO_RULES: Final = OrganizationRules()
