"""The words of the rules: which variables each list has, of what type, how large they get, and whom they can be trusted
from (threats CR-05).

The documentation here is what ``docs/rules.md`` and the messages of ``broker check`` are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

# Characters of one text and members of one list of the upstream's claims, and of all claims together: an ID token is
# no larger (``upstream/entra/person.py``, ``jose/verifying.py``).
MAX_TEXT: Final = 1024
MAX_LIST: Final = 250
MAX_CLAIMS: Final = 64
MAX_CLAIM_NAME: Final = 128
MAX_ALL_CLAIMS: Final = 16 * 1024
# Groups of one person. Entra puts at most 200 into a token and Graph names a few thousand; the library goes round
# 10,000 times in one expression, and once over all groups shall be possible.
MAX_GROUPS: Final = 9_000
GUID_CHARACTERS: Final = 36


class Type(Enum):
    """What a variable is; ``value`` is how people are told."""

    TEXT = "a text"
    TRUTH = "a truth value"
    TEXTS = "a list of texts"
    CLAIMS = "a map of claims"
    FIELDS = "a map of texts"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a list. ``keys``: the members that a map can have; None where any name is possible.

    ``trusted``: it comes from the directory's own ids, from its administrators' assignments, from our configuration or
    from Pobuca, and not from what a person, or who edits people's profiles, writes (threats CR-05).
    """

    name: str
    type: Type
    documentation: str
    trusted: bool = False
    keys: frozenset[str] | None = None
    trusted_keys: frozenset[str] = frozenset()


# What Entra puts into an ID token of version 2 (entra-id reference, section 1.8), with the optional claims. Other names
# are possible, so one that merely resembles these is doubted and not refused.
KNOWN_CLAIMS: Final = frozenset(
    {"acct", "acrs", "amr", "aud", "auth_time", "azp", "ctry", "email", "exp", "family_name", "fwd", "given_name"}
    | {"groups", "iat", "idp", "in_corp", "ipaddr", "iss", "login_hint", "name", "nbf", "nonce", "oid", "onprem_sid"}
    | {"preferred_username", "pwd_exp", "pwd_url", "roles", "sid", "sub", "tenant_ctry", "tenant_region_scope", "tid"}
    | {"upn", "ver", "verified_primary_email", "verified_secondary_email", "vnet", "wids", "xms_edov", "xms_mirid"}
    | {"xms_pdl", "xms_pl", "xms_tpl", "xms_cc", "ztdid", "department", "companyname", "employeeid", "jobtitle"}
    | {"displayname", "country", "city", "state", "mail", "mailnickname", "othermail", "facsimiletelephonenumber"}
    | {"telephonenumber", "mobilephone", "streetaddress", "postalcode", "surname", "givenname"}
)

# The user's properties that a sign-in asks Graph for and that are one text (entra-id reference, section 4.1).
GRAPH_PROPERTIES: Final = frozenset(
    {"displayName", "givenName", "surname", "mail", "userPrincipalName", "jobTitle", "department", "companyName"}
    | {"officeLocation", "businessPhones", "mobilePhone", "faxNumber", "streetAddress", "city", "state", "postalCode"}
    | {"country", "preferredLanguage", "employeeId", "userType", "id"}
)

# The fields of an account by Pobuca's names.
ACCOUNT_FIELDS: Final = frozenset(
    {"email", "first_name", "last_name", "display_name", "role", "job_title", "work_phone", "mobile_phone"}
    | {"department", "work_street", "work_city", "work_state", "work_postal_code", "work_country", "office"}
    | {"language", "employee_id"}
)

_UPSTREAM: Final = (
    Variable("claims", Type.CLAIMS, "The claims of the verified ID token, by their own names."),
    Variable("upstream.tenant_id", Type.TEXT, "The Entra tenant that vouches for the person.", trusted=True),
    Variable("upstream.object_id", Type.TEXT, "The person's object id in that tenant.", trusted=True),
    Variable("upstream.issuer", Type.TEXT, "The issuer of the ID token.", trusted=True),
    Variable("upstream.connection", Type.TEXT, "The name of the connection.", trusted=True),
    Variable("upstream.acr", Type.TEXT, "How strongly the person proved themselves, in Pobuca's words.", trusted=True),
    Variable("upstream.amr", Type.TEXTS, "The methods the directory says were used: none in Entra v2.0 tokens.", True),
    Variable("upstream.is_guest", Type.TRUTH, "Whether the person is a guest of the directory.", trusted=True),
    Variable("upstream.email", Type.TEXT, "The address that the token names; empty if none."),
    Variable("upstream.email_verified", Type.TRUTH, "Whether Entra says that its domain's owner is verified.", True),
    Variable("upstream.groups", Type.TEXTS, "The object ids of the groups the person is in, in lower case.", True),
)

_PROFILE: Final = Variable(
    "graph", Type.FIELDS, "The person's properties in Microsoft Graph that have a text.", keys=GRAPH_PROPERTIES
)

_IDENTITY: Final = (
    Variable("identity.tenant_id", Type.TEXT, "The Entra tenant that vouches for the person.", trusted=True),
    Variable("identity.object_id", Type.TEXT, "The person's object id in that tenant.", trusted=True),
    Variable("identity.organization", Type.TEXT, "The name of the organisation, as in its file.", trusted=True),
    Variable("identity.connection", Type.TEXT, "The name of the connection.", trusted=True),
    Variable("identity.email", Type.TEXT, "The account's address; empty if there is none."),
    Variable("identity.email_domain", Type.TEXT, "The domain of that address in its canonical spelling."),
    Variable("identity.email_verified", Type.TRUTH, "Whether Entra says that its domain's owner is verified.", True),
    Variable("identity.is_guest", Type.TRUTH, "Whether the person is a guest of the directory.", trusted=True),
    Variable("identity.groups", Type.TEXTS, "The object ids of the groups the person is in, in lower case.", True),
    Variable("identity.app_roles", Type.TEXTS, "The app roles that the directory assigned (claim `roles`).", True),
    Variable("identity.acr", Type.TEXT, "How strongly the person proved themselves, in Pobuca's words.", trusted=True),
    Variable("identity.amr", Type.TEXTS, "The methods the directory says were used: none in Entra v2.0 tokens.", True),
    Variable(
        "account",
        Type.FIELDS,
        "The fields of the person's account that have a text.",
        keys=ACCOUNT_FIELDS,
        # Given by Pobuca; the directory never fills it.
        trusted_keys=frozenset({"role"}),
    ),
)

_RELEASE: Final = (
    Variable("organization.name", Type.TEXT, "The name of the organisation, as in its file.", trusted=True),
    Variable("organization.display_name", Type.TEXT, "Its name for people.", trusted=True),
    Variable("application.client_id", Type.TEXT, "The application that the claims are for.", trusted=True),
)

LISTS: Final[Mapping[str, tuple[Variable, ...]]] = {
    "require": _UPSTREAM,
    "attributes": (*_UPSTREAM, _PROFILE),
    "admit": _IDENTITY,
    "release": (*_IDENTITY, *_RELEASE),
}


def variables(list_name: str) -> Mapping[str, Variable]:
    """The variables of ``require``, ``attributes``, ``admit`` or ``release``, by name."""
    return {variable.name: variable for variable in LISTS[list_name]}


def is_trusted(read: str) -> bool:
    """Whether what an expression reads, as ``Expression.reads`` names it, is of trusted origin."""
    for variable in _ALL:
        if read == variable.name:
            return variable.trusted
        if read.startswith(f"{variable.name}."):
            return variable.trusted or read.removeprefix(f"{variable.name}.") in variable.trusted_keys
    return False


_ALL: Final = tuple({variable.name: variable for listed in LISTS.values() for variable in listed}.values())
