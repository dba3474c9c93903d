"""The typed shape of every file in ``config/``; ``docs/configuration.md`` is generated from it.

Unknown keys are refused, nothing is coerced, and what is left out has a safe value. Secrets stand here by name, never
by value.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from broker.addresses import canonical_domain
from broker.identity import CONSUMER_TENANT, parse_guid


class Section(BaseModel):
    """Closed, frozen, strict: a mistyped key or type is an error, not a default (threats CF-03, CF-04)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def _secret_reference(text: str) -> str:
    scheme, _, rest = text.partition(":")
    if scheme not in ("env", "file") or not rest:
        raise ValueError("a secret is named, not written: use env:NAME or file:PATH")
    return text


def _https_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise ValueError("must be an https URL with a host and without user information")
    if parts.query or parts.fragment or "#" in text or "?" in text:
        raise ValueError("must have no query and no fragment")
    if parts.port is not None and not 0 < parts.port < 65536:
        raise ValueError("the port is out of range")
    return text


def _origin_url(text: str) -> str:
    if urlsplit(_https_url(text)).path not in ("", "/"):
        raise ValueError("must be only a scheme, a host and perhaps a port, without a path")
    return text.removesuffix("/")


def _base_url(text: str) -> str:
    if _https_url(text).endswith("/"):
        raise ValueError("must not end with a slash, since other addresses are built by appending to it")
    return text


def _redirect_uri(text: str) -> str:
    parts = urlsplit(text)
    if "#" in text or "*" in text:
        raise ValueError("must have no fragment and no wildcard")
    if parts.username or parts.password or not text.isascii() or any(c.isspace() or ord(c) < 33 for c in text):
        raise ValueError("must be plain ASCII without user information")
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")
    if not (parts.scheme == "https" and parts.hostname) and not loopback:
        raise ValueError("must be https (or http on 127.0.0.1 or [::1] for a native application)")
    return text


def _guid(text: str) -> str:
    return parse_guid(text)


def _tenant(text: str) -> str:
    tenant = parse_guid(text)
    if tenant == CONSUMER_TENANT:
        raise ValueError("this is the tenant of personal Microsoft accounts; it is nobody's organisation")
    return tenant


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


SecretReference = Annotated[str, AfterValidator(_secret_reference)]
HttpsOrigin = Annotated[str, AfterValidator(_origin_url)]
HttpsBase = Annotated[str, AfterValidator(_base_url)]
RedirectUri = Annotated[str, AfterValidator(_redirect_uri)]
Guid = Annotated[str, AfterValidator(_guid)]
TenantId = Annotated[str, AfterValidator(_tenant)]
Domain = Annotated[str, AfterValidator(canonical_domain)]
Network = Annotated[str, AfterValidator(_network)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
Seconds = Annotated[int, Field(ge=1)]


class Tls(Section):
    """The broker speaks TLS itself."""

    certificate: str
    """PEM file: the certificate and its chain. A relative path starts at the configuration directory."""
    key: str
    """PEM file: the private key, readable by the owner only."""


class BehindProxy(Section):
    """A reverse proxy in front speaks TLS and forwards plain HTTP."""

    trusted_addresses: Annotated[list[Network], Field(min_length=1)]
    """Addresses or networks of the proxy. Only its `X-Forwarded-For` is believed, and only its last entry."""


class Listen(Section):
    """Where the broker listens. Exactly one of `tls` and `behind_proxy` is set."""

    host: str = "127.0.0.1"
    """Address to bind."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8443
    """Port to bind."""
    tls: Tls | None = None
    """Certificate and key, when the broker speaks TLS itself."""
    behind_proxy: BehindProxy | None = None
    """The proxy to trust, when one speaks TLS in front."""
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    """Worker processes; left out: as many as cores."""
    blocking_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads of each worker; more help only when Microsoft answers slowly."""

    @model_validator(mode="after")
    def _one_way(self) -> Listen:
        if (self.tls is None) == (self.behind_proxy is None):
            raise ValueError("set exactly one of tls and behind_proxy")
        return self


class SqliteStore(Section):
    """A file on this machine, safe for several workers."""

    kind: Literal["sqlite"]
    path: str
    """The file; it is created. A relative path starts at the configuration directory."""


class RedisStore(Section):
    """A Redis server. Set its `maxmemory-policy` to `noeviction`."""

    kind: Literal["redis"]
    url: Annotated[str, Field(pattern=r"^(rediss?://[^@\s]+|unix://\S+)$")]
    """`rediss://host:port/db`, `redis://…` on a trusted network, or `unix:///path`; without the password."""
    username: str | None = None
    """Redis ACL user."""
    password: SecretReference | None = None
    """Where the password is."""


class PostgresqlStore(Section):
    """A PostgreSQL database; needs the extra `postgresql`."""

    kind: Literal["postgresql"]
    url: Annotated[str, Field(pattern=r"^postgresql://\S+$")]
    """`postgresql://user@host:port/database`, without the password."""
    password: SecretReference | None = None
    """Where the password is."""


class Stores(Section):
    """What the broker remembers, and where."""

    state: Annotated[SqliteStore | RedisStore, Field(discriminator="kind")]
    """Sessions, transactions, codes, tokens: everything that expires."""
    directory: Annotated[SqliteStore | PostgresqlStore, Field(discriminator="kind")]
    """Accounts and keys: everything that stays."""


class ClientSecret(Section):
    """A client secret of the app registration."""

    kind: Literal["client_secret"]
    secret: SecretReference
    """Where the secret is."""


class CertificateCredential(Section):
    """A certificate of the app registration; the broker signs assertions with its key."""

    kind: Literal["certificate"]
    certificate: str
    """PEM file of the certificate that was uploaded to the app registration."""
    key: SecretReference
    """Where the private key is, in PEM."""
    assertion: Literal["PS256", "RS256"] = "PS256"
    """`PS256` with `x5t#S256`, as Microsoft now documents it, or the older `RS256` with `x5t`."""


class EntraRegistration(Section):
    """The app registration at Microsoft Entra ID through which people sign in."""

    authority_host: HttpsOrigin = "https://login.microsoftonline.com"
    """Where Entra is: another address for a national cloud, or for a simulator."""
    graph_host: HttpsOrigin = "https://graph.microsoft.com"
    """Where Microsoft Graph is."""
    client_id: Guid
    """Application (client) ID."""
    credential: Annotated[ClientSecret | CertificateCredential, Field(discriminator="kind")]
    """How the broker proves to Entra that it is this application."""
    response_mode: Literal["form_post", "query"] = "form_post"
    """How the answer comes back through the browser; `form_post` keeps codes out of addresses and logs."""
    authentication_contexts: dict[str, Annotated[str, Field(pattern=r"^c([1-9]|1\d|2[0-5])$")]] = {}
    """Authentication context classes that applications may ask for by `acr_values`, and the Conditional Access
    authentication context (`c1` … `c25`) that gives each.
    """
    fetch_photo: bool = True
    """Whether a new account takes the photo from the directory."""


class Outbound(Section):
    """Calls that the broker makes to others."""

    ca_bundle: str | None = None
    """PEM file of further certificate authorities to trust, beside the usual ones."""
    allowed_private_addresses: list[Network] = []
    """Private networks or addresses that calls may reach; none by default."""
    timeout_seconds: Annotated[int, Field(ge=1, le=30)] = 5
    """Total time of one call."""


class Sessions(Section):
    """How long a browser stays signed in at the broker."""

    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """Ends when it was not used for so long."""
    absolute_hours: Annotated[int, Field(ge=1, le=168)] = 12
    """Ends so long after the sign-in, used or not."""


class Tokens(Section):
    """How long what applications receive is good."""

    code_seconds: Annotated[int, Field(ge=10, le=60)] = 60
    """Authorization code."""
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    """Access token."""
    id_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    """ID token."""


class BrokerConfig(Section):
    """`config/broker.yaml`: the service itself."""

    public_url: HttpsBase
    """The address under which browsers and applications reach the broker; it is the issuer of its tokens."""
    listen: Listen
    """Where the broker listens."""
    stores: Stores
    """What the broker remembers, and where."""
    sealing_key: SecretReference
    """Where the key is that seals signing keys at rest: 32 random bytes in base64url (`broker keys sealing-key` makes
    one).
    """
    entra: EntraRegistration
    """The app registration at Microsoft Entra ID."""
    outbound: Outbound = Outbound()
    """Calls that the broker makes to others."""
    sessions: Sessions = Sessions()
    """How long a browser stays signed in."""
    tokens: Tokens = Tokens()
    """How long what applications receive is good."""
    default_language: Literal["en", "el"] = "en"
    """Language of the pages when the browser asks for none that we have."""
    support_url: str | None = None
    """Where an error page sends people for help: an https or mailto address."""


class AttributeSources(Section):
    """Where one field of a new account comes from."""

    from_: Annotated[str | list[str], Field(alias="from")]
    """A source (`graph.jobTitle`, `id_token.name`), or several: the first that has a value wins."""


class EntraConnection(Section):
    """The organisation signs in at Entra over OpenID Connect."""

    kind: Literal["entra-oidc"]
    tenant_id: TenantId
    """The directory (tenant) ID."""


class Federation(Section):
    """The organisation signs in with its directory, and in no other way."""

    connection: EntraConnection
    """The trust."""
    guests: Literal["refuse", "admit"] = "refuse"
    """Whether guests of the directory are let in."""
    default_role: Name = "editor"
    """Pobuca role of a new account."""
    attributes: dict[str, AttributeSources] = {}
    """Fields of a new account that are filled in another way than the built-in table says."""


class OrganizationConfig(Section):
    """`config/organizations/*.yaml`: one customer a file."""

    organization: Name
    """The name by which files and records know the organisation."""
    display_name: Annotated[str, Field(min_length=1, max_length=120)]
    """The name that people see."""
    plan: Literal["enterprise", "standard"]
    """Federation needs the Enterprise plan."""
    domains: Annotated[list[Domain], Field(min_length=1)]
    """The e-mail domains that belong to the organisation; their sub-domains as well."""
    language: Literal["en", "el"] | None = None
    """Language of new accounts for which the directory gives none."""
    federation: Federation | None = None
    """The trust with the organisation's directory."""

    @model_validator(mode="after")
    def _plan_allows(self) -> OrganizationConfig:
        if self.federation is not None and self.plan != "enterprise":
            raise ValueError("federation needs plan: enterprise")
        return self


Scope = Literal["openid", "profile", "email", "phone", "address", "organization"]


class RelyingPartyConfig(Section):
    """`config/relying_parties/*.yaml`: one OpenID Connect application a file."""

    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,128}$")]
    """The identifier that the application sends."""
    display_name: Annotated[str, Field(min_length=1, max_length=120)]
    """The name that people see."""
    redirect_uris: Annotated[list[RedirectUri], Field(min_length=1)]
    """Where answers may go; compared character by character."""
    application_type: Literal["web", "native"] = "web"
    """`native`: a loopback redirect URI may have any port (RFC 8252 section 7.3)."""
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] = "client_secret_basic"
    """How the application proves itself at the token endpoint; `none` is a public client."""
    client_secret: SecretReference | None = None
    """Where the secret is that the application has."""
    scopes: Annotated[list[Scope], Field(min_length=1)] = ["openid", "profile", "email"]
    """What the application may ask for."""
    id_token_signed_response_alg: Literal["RS256", "ES256", "PS256", "EdDSA"] = "RS256"
    """How its ID tokens are signed."""
    subject_type: Literal["public", "pairwise"] = "public"
    """`public`: `sub` is the account id, the same for all applications; `pairwise`: different for each sector."""
    sector_identifier: str | None = None
    """Host that groups pairwise applications; needed when the redirect URIs have several hosts."""
    organizations: list[Name] | None = None
    """The organisations whose people the application may sign in; left out: all."""
    initiate_login_uri: Annotated[str, AfterValidator(_https_url)] | None = None
    """Where a person is sent to start a sign-in again (OpenID Connect Core section 4)."""

    @model_validator(mode="after")
    def _fits_together(self) -> RelyingPartyConfig:
        public = self.token_endpoint_auth_method == "none"
        if public and self.client_secret is not None:
            raise ValueError("a public client has no client_secret")
        if not public and self.client_secret is None:
            raise ValueError("client_secret is needed for this token_endpoint_auth_method")
        if "openid" not in self.scopes:
            raise ValueError("scopes must contain openid")
        if self.application_type == "web" and any(uri.startswith("http:") for uri in self.redirect_uris):
            raise ValueError("an http redirect URI is for application_type: native only")
        hosts = {urlsplit(uri).hostname for uri in self.redirect_uris}
        if self.subject_type == "pairwise" and self.sector_identifier is None and len(hosts) > 1:
            raise ValueError("sector_identifier is needed, since the redirect URIs have several hosts")
        return self
