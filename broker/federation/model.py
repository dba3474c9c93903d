"""The typed shape of every file in ``config/``; ``docs/configuration.md`` is generated from it.

Unknown keys are refused, nothing is coerced, and what is left out has a safe value. Secrets stand here by name, never
by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from broker.federation.hook_shapes import Provisioning, ScimIn
from broker.federation.rule_shapes import AttributeRow, Condition, Release, Scope
from broker.federation.shapes import Section
from broker.federation.values import (
    Address,
    AuthenticationContext,
    ClaimName,
    ClientId,
    Day,
    DisplayName,
    Domain,
    FilePath,
    Guid,
    HostName,
    HttpsBase,
    HttpsOrigin,
    HttpsUrl,
    MailAddress,
    MailHost,
    Name,
    Network,
    PostgresqlUrl,
    RedirectUri,
    RedisUrl,
    SecretReference,
    SupportUrl,
    TenantId,
)


class Tls(Section):
    """The broker speaks TLS itself."""

    certificate: FilePath
    """PEM file: the certificate and its chain. A relative path starts at the configuration directory."""
    key: Annotated[FilePath, Field(examples=["tls/key.pem"])]
    """PEM file: the private key, readable by its owner only (mode 0600 or 0400)."""


class BehindProxy(Section):
    """A reverse proxy in front speaks TLS and forwards plain HTTP."""

    trusted_addresses: Annotated[list[Network], Field(min_length=1, examples=["[127.0.0.1]"])]
    """Addresses or networks of the proxy. Only its `X-Forwarded-For` is believed, and only its last entry."""


class Metrics(Section):
    """A listener of its own for metrics, in plain HTTP: for the machine itself or a network that is trusted."""

    host: Address = "127.0.0.1"
    """Address to bind."""
    port: Annotated[int, Field(ge=1, le=65535)] = 9464
    """Port to bind."""


class Listen(Section):
    """Where the broker listens. Exactly one of `tls` and `behind_proxy` is set."""

    host: Address = "127.0.0.1"
    """Address to bind: `0.0.0.0` or `::` for all of this machine's."""
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
    metrics: Metrics | None = None
    """Where Prometheus reads metrics; left out: nowhere."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if "tls" in values and "behind_proxy" in values:
            tls, proxy = values["tls"], values["behind_proxy"]
            if tls is None and proxy is None:
                yield "", "listen needs one of tls (the broker speaks TLS) and behind_proxy (a proxy in front does)"
            if tls is not None and proxy is not None:
                yield "behind_proxy", "behind_proxy and tls exclude each other: only one of them speaks TLS"


class SqliteStore(Section):
    """A file on this machine, safe for several workers."""

    kind: Literal["sqlite"]
    """Says that it is this one."""
    path: Annotated[FilePath, Field(examples=["/var/lib/pobuca-broker/state.sqlite"])]
    """The file; it is created, its folder is not. A relative path starts at the configuration directory."""


class RedisStore(Section):
    """A Redis server. Set its `maxmemory-policy` to `noeviction`."""

    kind: Literal["redis"]
    """Says that it is this one."""
    url: RedisUrl
    """`rediss://host:port/db`, `redis://…` on a trusted network, or `unix:///path`; without the password."""
    username: Annotated[str | None, Field(examples=["broker"])] = None
    """Redis ACL user."""
    password: Annotated[SecretReference | None, Field(examples=["env:BROKER_REDIS_PASSWORD"])] = None
    """Where the password is. Only a Redis on this machine may be without one."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Whoever reaches an open Redis holds every session (threats SS-09)."""
        if "url" not in values or "password" not in values or values["password"] is not None:
            return
        parts = urlsplit(values["url"])
        if parts.scheme != "unix" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            yield "url", "url is a Redis on another machine, which needs a password"


class PostgresqlStore(Section):
    """A PostgreSQL database; needs the extra `postgresql`."""

    kind: Literal["postgresql"]
    """Says that it is this one."""
    url: PostgresqlUrl
    """`postgresql://user@host:port/database`, without the password."""
    password: Annotated[SecretReference | None, Field(examples=["env:BROKER_DB_PASSWORD"])] = None
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
    """Says that it is this one."""
    secret: Annotated[SecretReference, Field(examples=["env:BROKER_ENTRA_CLIENT_SECRET"])]
    """Where the secret is."""
    expires_on: Day | None = None
    """The day on which Entra stops accepting the secret, as the portal shows it; the broker reminds 30, 14, 7 and 1
    days before.
    """


class CertificateCredential(Section):
    """A certificate of the app registration; the broker signs assertions with its key."""

    kind: Literal["certificate"]
    """Says that it is this one."""
    certificate: Annotated[FilePath, Field(examples=["entra/certificate.pem"])]
    """PEM file of the certificate that was uploaded to the app registration."""
    key: Annotated[SecretReference, Field(examples=["file:entra/key.pem"])]
    """Where the private key is, in PEM."""
    assertion: Literal["PS256", "RS256"] = "PS256"
    """`PS256` with `x5t#S256`, as Microsoft now documents it, or the older `RS256` with `x5t`."""


class EntraRegistration(Section):
    """The app registration at Microsoft Entra ID through which people sign in."""

    authority_host: HttpsOrigin = "https://login.microsoftonline.com"
    """Where Entra is: another address for a national cloud, or for a simulator."""
    graph_host: Annotated[HttpsOrigin, Field(examples=["https://graph.microsoft.com"])] = "https://graph.microsoft.com"
    """Where Microsoft Graph is."""
    client_id: Guid
    """Application (client) ID."""
    credential: Annotated[ClientSecret | CertificateCredential, Field(discriminator="kind")]
    """How the broker proves to Entra that it is this application."""
    response_mode: Literal["form_post", "query"] = "form_post"
    """How the answer comes back through the browser; `form_post` keeps codes out of addresses and logs."""
    authentication_contexts: Annotated[
        dict[str, AuthenticationContext], Field(examples=['{"urn:pobuca:acr:mfa": c1}'])
    ] = {}
    """Authentication context classes that applications may ask for by `acr_values`, and the Conditional Access
    authentication context (`c1` … `c25`) that gives each.
    """
    fetch_photo: bool = True
    """Whether a new account takes the photo from the directory."""
    check_minutes: Annotated[int, Field(ge=1, le=1440)] = 5
    """How long what the directory said of a person is good: an application that refreshes after that has the directory
    asked again.
    """
    check_grace_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """How long somebody stays whom the directory cannot be asked about, because it does not answer."""
    directory_watch: Literal["off", "application"] = "off"
    """`application`: the broker reads changes of each connected directory as an application, which needs the
    application permission User.Read.All and its consent. `off`: it looks with what people left at their sign-in.
    """
    watch_seconds: Annotated[int, Field(ge=10, le=3600)] = 60
    """How often each connected directory is looked at in the background."""
    notifications: bool = False
    """Whether Microsoft sends word of changes at once; needs `directory_watch: application`, and that Microsoft reaches
    the broker at `public_url`.
    """

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values.get("notifications") and values.get("directory_watch") == "off":
            yield "notifications", "notifications: true needs directory_watch: application"
        minutes, grace = values.get("check_minutes"), values.get("check_grace_minutes")
        if minutes is not None and grace is not None and grace < minutes:
            yield "check_grace_minutes", "check_grace_minutes is shorter than check_minutes"


class Outbound(Section):
    """Calls that the broker makes to others."""

    ca_bundle: Annotated[FilePath | None, Field(examples=["tls/emulator-authority.pem"])] = None
    """PEM file of further certificate authorities to trust, beside the usual ones."""
    allowed_private_addresses: Annotated[list[Network], Field(examples=["[10.30.0.0/16]"])] = []
    """Private networks or addresses that calls may reach; none by default."""
    timeout_seconds: Annotated[int, Field(ge=1, le=30)] = 5
    """Total time of one call."""


class DomainProof(Section):
    """How it is proved by DNS that an e-mail domain is an organisation's."""

    resolvers: Annotated[list[Address], Field(examples=["[192.0.2.53]"])] = []
    """Addresses of the DNS resolvers to ask; left out: those of this machine. Answers are believed as they come, so the
    way to the resolver must be trusted.
    """
    port: Annotated[int, Field(ge=1, le=65535)] = 53
    """Port of `resolvers`."""
    timeout_seconds: Annotated[int, Field(ge=1, le=30)] = 5
    """Total time of one look."""
    prove_again_hours: Annotated[int, Field(ge=1, le=720)] = 24
    """How often each proof is looked at again. One that is gone is reported, and changes nothing by itself."""


class FederationSettings(Section):
    """What administrators may do with the federation of their organisation."""

    disconnect_delay_hours: Annotated[int, Field(ge=1, le=720)] = 24
    """Hours until a disconnection that an administrator asked for takes effect; any other one can call it off
    before.
    """


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
    refresh_token_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Refresh tokens: from the sign-in on, however often they were used; then the person signs in again."""
    refresh_token_idle_days: Annotated[int, Field(ge=1, le=365)] = 14
    """Refresh tokens that are not used for so long end."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values.get("refresh_token_idle_days", 1) > values.get("refresh_token_days", 365):
            yield "refresh_token_idle_days", "refresh_token_idle_days is longer than refresh_token_days"


class SmtpMail(Section):
    """A mail server takes the letters."""

    kind: Literal["smtp"]
    """Says that it is this one."""
    host: Annotated[MailHost, Field(examples=["smtp.pobuca.example"])]
    """Name or address of the server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port: 587 for `starttls`, 465 for `tls`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte (RFC 8314), `starttls`, or `none`, which only a server on this machine may have."""
    sender: Annotated[MailAddress, Field(examples=["no-reply@pobuca.example"])]
    """The address that letters come from."""
    username: Annotated[str | None, Field(examples=["broker"])] = None
    """Name for signing in at the server."""
    password: Annotated[SecretReference | None, Field(examples=["env:BROKER_MAIL_PASSWORD"])] = None
    """Where its password is."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values.get("security") == "none" and values.get("host") not in ("127.0.0.1", "::1", "localhost", None):
            yield "security", "security: none is for a mail server on this machine only: letters hold links that let in"
        given = [name for name in ("username", "password") if values.get(name) is not None]
        if len(given) == 1 and {"username", "password"} <= values.keys():
            yield given[0], "username and password go together"


class FolderMail(Section):
    """Letters become files, for a machine without a mail server."""

    kind: Literal["folder"]
    """Says that it is this one."""
    path: Annotated[FilePath, Field(examples=["/var/lib/pobuca-broker/mail"])]
    """The folder; it is created, its parent is not. A relative path starts at the configuration directory."""
    sender: Annotated[MailAddress, Field(examples=["no-reply@pobuca.example"])] = "no-reply@localhost.localdomain"
    """The address that letters come from."""


class NoMail(Section):
    """Letters go nowhere: the log says that there was one, and not what it says."""

    kind: Literal["log"]
    """Says that it is this one."""


class RateLimits(Section):
    """How often a password, a link, a letter or an app password may be tried. A limit slows down and never locks."""

    window_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """Attempts are counted for so long, and then forgotten."""
    attempts_by_client_for_person: Annotated[int, Field(ge=1, le=10_000)] = 10
    """By one client address for one person."""
    attempts_for_person: Annotated[int, Field(ge=1, le=100_000)] = 100
    """For one person, from anywhere: beyond it the person has to wait as well."""
    attempts_by_client: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """By one client address, for anybody: an office may stand behind one."""
    attempts: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    """By everybody: each password costs some 50 milliseconds of a core."""
    letters_for_person: Annotated[int, Field(ge=1, le=1000)] = 5
    """Letters to one address: resets and invitations, each counted for itself."""


class Explain(Section):
    """What is kept of sign-ins, so that they can be explained: redacted, sealed, and for a while."""

    keep_days: Annotated[int, Field(ge=0, le=90)] = 7
    """For how long; 0: nothing is recorded."""
    keep_claims: Annotated[list[ClaimName], Field(examples=["[division]"])] = []
    """Text claims of the directory that stay as they are in what is kept, beside those that the broker knows to name
    nobody (`department`, `groups`, …). What says who somebody is never stays.
    """


class Reload(Section):
    """Changed files take effect while the broker runs: all of them or none."""

    enabled: bool = True
    """Whether they do; `false`: at the next start."""


class BrokerConfig(Section):
    """`config/broker.yaml`: the service itself."""

    public_url: HttpsBase
    """The address under which browsers and applications reach the broker; it is the issuer of its tokens."""
    listen: Listen
    """Where the broker listens."""
    stores: Stores
    """What the broker remembers, and where."""
    sealing_key: Annotated[SecretReference, Field(examples=["env:BROKER_SEALING_KEY"])]
    """Where the key is that seals signing keys at rest: 32 random bytes in base64url (`broker keys sealing-key` makes
    one).
    """
    entra: EntraRegistration
    """The app registration at Microsoft Entra ID."""
    outbound: Outbound = Outbound()
    """Calls that the broker makes to others."""
    domains: DomainProof = DomainProof()
    """How it is proved that an e-mail domain is an organisation's."""
    federation: FederationSettings = FederationSettings()
    """What administrators may do with the federation of their organisation."""
    sessions: Sessions = Sessions()
    """How long a browser stays signed in."""
    tokens: Tokens = Tokens()
    """How long what applications receive is good."""
    mail: Annotated[SmtpMail | FolderMail | NoMail, Field(discriminator="kind")] | None = None
    """How letters leave: resets, invitations and notices. Left out: as files in the folder `mail` beside a directory
    store that is a file, else not at all.
    """
    rate_limits: RateLimits = RateLimits()
    """How often doors may be tried."""
    explain: Explain = Explain()
    """What is kept of sign-ins, so that they can be explained."""
    reload: Reload = Reload()
    """Whether changed files take effect while the broker runs."""
    default_language: Literal["en", "el"] = "en"
    """Language of the pages when the browser asks for none that we have."""
    support_url: SupportUrl | None = None
    """Where an error page sends people for help: an https or mailto address."""


class EntraConnection(Section):
    """The organisation signs in at Entra over OpenID Connect."""

    kind: Literal["entra-oidc"]
    """Says that it is this one."""
    tenant_id: TenantId
    """The directory (tenant) ID."""


class FromConsent(Section):
    """An administrator of the organisation connects it in the browser; until then it is not federated."""

    kind: Literal["from-consent"]
    """Says that it is this one."""


class Federation(Section):
    """The organisation signs in with its directory, and in no other way."""

    connection: Annotated[EntraConnection | FromConsent, Field(discriminator="kind")]
    """The trust: with the tenant that this file names, or with the one whose administrator consents."""
    guests: Literal["refuse", "admit"] = "refuse"
    """Whether guests of the directory are let in."""
    default_role: Annotated[Name, Field(examples=["contributor"])] = "editor"
    """Pobuca role of a new account."""
    claim_rules: Annotated[list[Name], Field(examples=["[corporate]"])] = []
    """Sets of `config/claim_rules/`, whose rules stand before the own ones."""
    require: list[Condition] = []
    """What must hold of what the directory said, before anything is made of it."""
    attributes: dict[str, AttributeRow] = {}
    """Fields of an account that are filled in another way than the built-in table says."""
    admit: list[Condition] = []
    """What must hold of the person and the account, at every sign-in and every refresh, after what is built in."""


class OrganizationConfig(Section):
    """`config/organizations/*.yaml`: one customer a file."""

    organization: Name
    """The name by which files and records know the organisation."""
    display_name: DisplayName
    """The name that people see."""
    plan: Literal["enterprise", "standard"]
    """Federation needs the Enterprise plan."""
    domains: Annotated[list[Domain], Field(min_length=1)]
    """The e-mail domains that belong to the organisation; their sub-domains as well."""
    language: Literal["en", "el"] | None = None
    """Language of new accounts for which the directory gives none."""
    federation: Federation | None = None
    """The trust with the organisation's directory."""
    provisioning: Provisioning = Provisioning()
    """Who hears of new accounts."""
    scim: ScimIn | None = None
    """SCIM 2.0 in, for an organisation that wants its directory's own provisioning; left out: off."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values.get("federation") is not None and values.get("plan", "enterprise") != "enterprise":
            yield "federation", f"federation needs plan: enterprise, and the plan is {values['plan']}"
        if values.get("scim") is not None and values.get("federation", "") is None:
            yield "scim", "scim needs a federation: accounts come from the directory that people sign in with"


ApiScope = Literal[
    "federation.read", "co_workers.read", "co_workers.write", "invitations.write", "app_passwords.verify"
]


class RelyingPartyConfig(Section):
    """`config/relying_parties/*.yaml`: one OpenID Connect application a file."""

    client_id: Annotated[ClientId, Field(examples=["connect"])]
    """The identifier that the application sends."""
    display_name: Annotated[DisplayName, Field(examples=["Pobuca Connect"])]
    """The name that people see."""
    redirect_uris: Annotated[list[RedirectUri], Field(examples=["[https://connect.pobuca.example/callback]"])]
    """Where answers may go; compared character by character. `[]` is for an application that signs nobody in."""
    application_type: Literal["web", "native"] = "web"
    """`native`: a loopback redirect URI may have any port (RFC 8252 section 7.3)."""
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] = "client_secret_basic"
    """How the application proves itself at the token endpoint; `none` is a public client."""
    client_secret: Annotated[SecretReference | None, Field(examples=["env:CONNECT_CLIENT_SECRET"])] = None
    """Where the secret is that the application has."""
    pkce: Literal["required", "optional"] = "required"
    """`optional` is for a confidential application that cannot send `code_challenge`, such as a certification suite."""
    scopes: Annotated[list[Scope], Field(min_length=1)] = ["openid", "profile", "email"]
    """What the application may ask for. `offline_access` gives it refresh tokens, for the time when nobody is there."""
    id_token_signed_response_alg: Literal["RS256", "ES256", "PS256", "EdDSA"] = "RS256"
    """How its ID tokens are signed."""
    subject_type: Literal["public", "pairwise"] = "public"
    """`public`: `sub` is the account id, the same for all applications; `pairwise`: different for each sector."""
    sector_identifier: HostName | None = None
    """Host that groups pairwise applications; needed when the redirect URIs have several hosts."""
    organizations: Annotated[list[Name] | None, Field(examples=["[aegean-foods]"])] = None
    """The organisations whose people the application may sign in; left out: all."""
    initiate_login_uri: HttpsUrl | None = None
    """Where a person is sent to start a sign-in again (OpenID Connect Core section 4)."""
    api_scopes: Annotated[list[ApiScope], Field(examples=["[co_workers.read]"])] = []
    """What the application may do at the broker's own API in its own name (`client_credentials`); nothing by
    default.
    """
    claim_rules: Annotated[list[Name], Field(examples=["[corporate]"])] = []
    """Sets of `config/claim_rules/`, whose `release` stands before the own one."""
    release: list[Release] = []
    """Claims that the application gets beside the built-in ones, or computed in another way."""
    introspect: bool = False
    """Whether it is a resource server, which may ask whether other applications' access tokens are good."""
    backchannel_logout_uri: Annotated[
        HttpsUrl | None, Field(examples=["https://connect.pobuca.example/backchannel-logout"])
    ] = None
    """Where the application hears, from server to server, that somebody is out."""
    backchannel_logout_session_required: bool = False
    """Whether it wants to hear of each session by its `sid`, also when all of a person's end."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield from _secret_and_method(values)
        if "openid" not in values.get("scopes", ["openid"]):
            yield "scopes", "scopes must contain openid (OpenID Connect Core 3.1.2.1)"
        yield from _ways_in(values)
        uris = values.get("redirect_uris", [])
        if values.get("application_type") == "web" and any(uri.startswith("http:") for uri in uris):
            yield "redirect_uris", "redirect_uris has an http URI, which is for application_type: native only"
        yield from _sector(values, {urlsplit(uri).hostname for uri in uris})


def _secret_and_method(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "token_endpoint_auth_method" not in values or "client_secret" not in values:
        return
    method, secret = values["token_endpoint_auth_method"], values["client_secret"]
    if method == "none" and values.get("pkce") == "optional":
        yield "pkce", "pkce: optional is not for a public client, whose codes nothing else protects (RFC 9700 2.1.1)"
    if method == "none" and secret is not None:
        yield "client_secret", "client_secret has no place with token_endpoint_auth_method: none (a public client)"
    if method != "none" and secret is None:
        yield "", f"client_secret is missing: token_endpoint_auth_method is {method}"


def _ways_in(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the application is there for: signing people in, calling the API, or answering for others' tokens."""
    other = values.get("api_scopes") or values.get("introspect")
    if values.get("redirect_uris") == [] and not other:
        yield "redirect_uris", "redirect_uris is empty: only an application with api_scopes or introspect does without"
    if other and values.get("token_endpoint_auth_method") == "none":
        key = "api_scopes" if values.get("api_scopes") else "introspect"
        yield key, f"{key} needs a client secret, and token_endpoint_auth_method is none (a public client)"
    if values.get("backchannel_logout_session_required") and values.get("backchannel_logout_uri", "") is None:
        key = "backchannel_logout_session_required"
        yield key, f"{key} needs a backchannel_logout_uri"


def _sector(values: Mapping[str, Any], hosts: set[str | None]) -> Iterator[tuple[str, str]]:
    if "subject_type" not in values or "sector_identifier" not in values:
        return
    pairwise, sector = values["subject_type"] == "pairwise", values["sector_identifier"]
    if pairwise and sector is None and len(hosts) > 1:
        yield "subject_type", "subject_type: pairwise needs a sector_identifier, since redirect_uris has several hosts"
    if not pairwise and sector is not None:
        yield "sector_identifier", "sector_identifier has a meaning only with subject_type: pairwise"
