"""What a simulated directory holds. Every value is frozen; a change replaces it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# The tenant that all personal Microsoft accounts live in (entra-id reference 1.1).
CONSUMER_TENANT_ID: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"

# Optional claims a real registration of ours has switched on (entra-id reference 8.4).
DEFAULT_OPTIONAL_CLAIMS: Final = frozenset(
    {"email", "xms_edov", "login_hint", "sid", "auth_time", "acct", "given_name", "family_name", "upn"}
)

OIDC_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})
# Delegated permissions of Microsoft Graph that exist here, and those of them that only an administrator may grant
# (entra-id reference 4.5).
GRAPH_SCOPES: Final = frozenset(
    {
        "User.Read",
        "User.ReadBasic.All",
        "User.Read.All",
        "GroupMember.Read.All",
        "Directory.Read.All",
        "Organization.Read.All",
        "User.RevokeSessions.All",
        "DelegatedPermissionGrant.Read.All",
        "DelegatedPermissionGrant.ReadWrite.All",
    }
)
ADMIN_SCOPES: Final = GRAPH_SCOPES - {"User.Read", "User.ReadBasic.All"}

# What the sign-in of Pobuca needs; none of it needs an administrator (entra-id reference 4.5).
USUAL_SCOPES: Final = OIDC_SCOPES | {"User.Read"}


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    is_default: bool = False
    is_initial: bool = False


@dataclass(frozen=True, slots=True)
class Tenant:
    tenant_id: str
    display_name: str
    domains: tuple[Domain, ...]
    region: str = "EU"
    country: str = "GR"
    user_consent_allowed: bool = True
    purpose: str = ""

    @property
    def initial_domain(self) -> str:
        """The ``….onmicrosoft.com`` name, which guests' user principal names end in."""
        return next((domain.name for domain in self.domains if domain.is_initial), self.domains[0].name)

    @property
    def is_consumer(self) -> bool:
        return self.tenant_id == CONSUMER_TENANT_ID

    def owns(self, address: str) -> bool:
        """Whether the domain of an e-mail address is verified here."""
        domain = address.rpartition("@")[2].lower()
        return any(domain == own.name for own in self.domains)


@dataclass(frozen=True, slots=True)
class HomeAccount:
    """Where a guest's own account is: the directory that checks the password."""

    tenant_id: str
    oid: str
    sign_in_name: str


@dataclass(frozen=True, slots=True)
class User:
    """A user object of one tenant. Field names are those of Microsoft Graph in snake case; ``oid`` is its ``id``."""

    tenant_id: str
    oid: str
    user_principal_name: str
    display_name: str
    purpose: str = ""
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    other_mails: tuple[str, ...] = ()
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    business_phones: tuple[str, ...] = ()
    mobile_phone: str | None = None
    fax_number: str | None = None
    street_address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    preferred_language: str | None = None
    employee_id: str | None = None
    usage_location: str | None = None
    account_enabled: bool = True
    user_type: str = "Member"
    home: HomeAccount | None = None
    has_photo: bool = False
    groups: frozenset[str] = frozenset()
    # Active ones, by id; those which the person could activate for some hours (PIM) are no roles yet.
    directory_roles: tuple[str, ...] = ()
    eligible_roles: tuple[str, ...] = ()
    app_roles: tuple[str, ...] = ()
    password: str = "Simulated-1"
    password_expired: bool = False
    mfa_required: bool = False
    blocked_by_policy: bool = False
    assigned: bool = True
    # In the recycle bin; who is gone from there as well is no longer in the directory at all.
    deleted: bool = False
    deleted_at: datetime | None = None
    sign_in_frequency_seconds: int | None = None
    # Counts "revoke sessions": what was given under an earlier number is void.
    session_generation: int = 0
    # Graph's signInSessionsValidFromDateTime: the moment of the last of them.
    sessions_valid_from: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.tenant_id, self.oid

    @property
    def account_key(self) -> tuple[str, str]:
        """The account behind it: that of the home tenant for a guest."""
        return (self.home.tenant_id, self.home.oid) if self.home else self.key

    @property
    def sign_in_name(self) -> str:
        """What the person types."""
        return self.home.sign_in_name if self.home else self.user_principal_name


@dataclass(frozen=True, slots=True)
class Group:
    group_id: str
    tenant_id: str
    display_name: str
    security_enabled: bool = True
    # The groups that this group is itself a member of.
    member_of: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClientSecret:
    value: str = field(repr=False)
    # NumericDate after which Entra answers 7000222; None: never.
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class AppRegistration:
    client_id: str
    display_name: str
    redirect_uris: tuple[str, ...] = ()
    # Where single sign-out tells it that a session is over; None: nowhere.
    front_channel_logout_url: str | None = None
    # What the registration asks for: admin consent with the scope .default grants all of it.
    delegated_permissions: frozenset[str] = USUAL_SCOPES
    application_permissions: frozenset[str] = frozenset()
    secrets: tuple[ClientSecret, ...] = ()
    # PEM texts of X.509 certificates for client assertions.
    certificates: tuple[str, ...] = ()
    optional_claims: frozenset[str] = DEFAULT_OPTIONAL_CLAIMS
    # None, SecurityGroup, DirectoryRole, ApplicationGroup or All.
    group_membership_claims: str | None = "All"
    # AzureADMyOrg, AzureADMultipleOrgs or AzureADandPersonalMicrosoftAccount.
    sign_in_audience: str = "AzureADMultipleOrgs"
    home_tenant_id: str = ""
    id_token_issuance: bool = False
    access_token_issuance: bool = False
    # Off as in registrations from before June 2023, so that an unverified address still reaches the relying party.
    remove_unverified_email_claim: bool = False


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """A registration as it is installed in one tenant."""

    client_id: str
    tenant_id: str
    # present, disabled or removed.
    state: str = "present"
    assignment_required: bool = False
    # Its object id, which is another one when it is installed again.
    object_id: str = ""
    # What an administrator has granted for everybody.
    tenant_wide_scopes: frozenset[str] = frozenset()
    # Application permissions, for client credentials.
    application_permissions: frozenset[str] = frozenset()
    # Groups assigned to the application, for groupMembershipClaims=ApplicationGroup.
    assigned_groups: frozenset[str] = frozenset()
