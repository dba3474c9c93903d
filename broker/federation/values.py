"""The kinds of value that stand in configuration files: what each must look like, and how that is said in words.

Every check raises ``ValueError`` with a sentence that goes on after the key's name and never repeats the value, since
that may be a secret in the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from broker.addresses import canonical_address, canonical_domain
from broker.identity import CONSUMER_TENANT, parse_guid

MAX_EXPRESSION: Final = 2_000  # characters of one rule

# A POSIX environment variable name (IEEE Std 1003.1 section 8.1, plus lower case, which container platforms allow).
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Words:
    """What a value is, for documentation and for the sentence of a finding; ``secret`` values are never shown.

    ``pattern``: what editors can say of it while it is typed (ECMA 262); the check itself knows more.
    """

    text: str
    example: str = ""
    secret: bool = False
    pattern: str = ""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        if self.pattern and schema.get("type") == "string":
            schema["pattern"] = self.pattern
            schema["patternErrorMessage"] = f"must be {self.text.replace('`', '')}"
        return schema


def _secret_reference(text: str) -> str:
    scheme, _, rest = text.partition(":")
    if scheme not in ("env", "file") or not rest:
        raise ValueError("must name a secret, not hold it: write env:NAME or file:PATH")
    if scheme == "env" and not _ENVIRONMENT_NAME.fullmatch(rest):
        raise ValueError("must have the name of an environment variable after env:")
    if scheme == "file":
        _path(rest)
    return text


def _path(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must be a path")
    if text.startswith("~"):
        raise ValueError("must be a path without '~', which only a shell understands")
    return text


def _day(text: str) -> str:
    """Quoted in YAML, where a bare one is a date for some readers and a text for others."""
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError as error:
        raise ValueError("must be a day, written as 2027-06-30") from error
    raise ValueError("must be a day, written as 2027-06-30")


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("must be a URL") from error
    if port is not None and port == 0:
        raise ValueError("must have a port between 1 and 65535")
    return parts


def _https_url(text: str) -> str:
    if not text.isascii() or any(ord(c) <= 32 or ord(c) == 127 for c in text):
        raise ValueError("must be plain ASCII without spaces")
    parts = _split(text)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("must be an https URL with a host")
    if "@" in parts.netloc:
        raise ValueError("must have no user information before the host")
    if "?" in text or "#" in text:
        raise ValueError("must have no query and no fragment")
    return text


def _origin_url(text: str) -> str:
    if _split(_https_url(text)).path not in ("", "/"):
        raise ValueError("must be only a scheme, a host and perhaps a port, without a path")
    return text.removesuffix("/")


def _base_url(text: str) -> str:
    if _https_url(text).endswith("/"):
        raise ValueError("must not end with a slash, since other addresses are built by appending to it")
    return text


def _redirect_uri(text: str) -> str:
    if not text.isascii() or any(ord(c) <= 32 or ord(c) == 127 for c in text):
        raise ValueError("must be plain ASCII without spaces")
    parts = _split(text)
    if "#" in text or "*" in text:
        raise ValueError("must have no fragment and no wildcard")
    if "@" in parts.netloc:
        raise ValueError("must have no user information before the host")
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")
    if not (parts.scheme == "https" and parts.hostname) and not loopback:
        raise ValueError("must be https (or http on 127.0.0.1 or [::1] for a native application)")
    return text


def _support_url(text: str) -> str:
    if text.startswith("mailto:"):
        if not re.fullmatch(r"mailto:[^\s@?&]+@[^\s@?&]+", text):
            raise ValueError("must have one address after mailto:")
        return text
    if _split(text).scheme != "https" or not _split(text).hostname:
        raise ValueError("must be an https or mailto address")
    return text


def _redis_url(text: str) -> str:
    parts = _split(text)
    if "@" in text or "password" in parts.query:
        raise ValueError("must hold neither user nor password: they have keys of their own")
    remote = parts.scheme in ("redis", "rediss") and parts.hostname
    if not remote and not (parts.scheme == "unix" and parts.path.startswith("/")):
        raise ValueError("must be rediss://HOST:PORT/DB, redis://HOST:PORT/DB or unix:///PATH")
    return text


def _postgresql_url(text: str) -> str:
    parts = _split(text)
    if parts.scheme != "postgresql" or not parts.path.strip("/"):
        raise ValueError("must be postgresql://USER@HOST:PORT/DATABASE")
    if parts.password is not None or "password" in parts.query:
        raise ValueError("must not hold the password: it has a key of its own")
    return text


def _guid(text: str) -> str:
    try:
        return parse_guid(text)
    except ValueError as error:
        raise ValueError("must be a GUID in its 8-4-4-4-12 form, and not the all-zero one") from error


def _tenant(text: str) -> str:
    tenant = _guid(text)
    if tenant == CONSUMER_TENANT:
        raise ValueError("is the tenant of personal Microsoft accounts, which is nobody's organisation")
    return tenant


def _domain(text: str) -> str:
    try:
        return canonical_domain(text)
    except ValueError as error:
        raise ValueError("must be a domain name with at least two labels") from error


def _host(text: str) -> str:
    if text != text.lower() or not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", text):
        raise ValueError("must be a host name in lower case, without scheme, port and path")
    return text


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("must be an IP address of this machine, such as 127.0.0.1 or 0.0.0.0, not a name") from error


def _mail_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _host(text)


def _mail_address(text: str) -> str:
    try:
        canonical_address(text)
    except ValueError as error:
        raise ValueError("must be an e-mail address such as no-reply@pobuca.example") from error
    if not text.isascii():
        raise ValueError("must be an e-mail address in ASCII: not every mail server takes others as a sender")
    return text


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError("must be an address or a network in CIDR form without host bits") from error
    if network.prefixlen == 0:
        raise ValueError("must not be the whole address space: name the networks that are meant")
    return str(network)


def _expression(text: str) -> str:
    if not text.strip():
        raise ValueError("must be an expression and is empty")
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"must be shorter: an expression has {MAX_EXPRESSION:,} characters at most")
    return text


def _prose(text: str) -> str:
    if not 1 <= len(text.strip()) <= len(text) <= 500 or not all(c.isprintable() or c == "\n" for c in text):
        raise ValueError("must be text of 1 to 500 characters, without control characters")
    return text


def _map_text(text: str) -> str:
    if not 1 <= len(text) <= 256 or text != text.strip() or not text.isprintable():
        raise ValueError("must be text of 1 to 256 characters, without control characters and outer spaces")
    return text


SecretReference = Annotated[
    str,
    AfterValidator(_secret_reference),
    Words(
        "the name of a secret: `env:NAME` or `file:PATH`",
        "env:BROKER_CLIENT_SECRET",
        secret=True,
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^~].*)$",
    ),
]
FilePath = Annotated[str, AfterValidator(_path), Words("a path", "tls/certificate.pem")]
HttpsUrl = Annotated[
    str,
    AfterValidator(_https_url),
    Words("an https URL", "https://connect.example/sign-in", pattern=r"^[Hh][Tt][Tt][Pp][Ss]://[^?#]+$"),
]
HttpsOrigin = Annotated[
    str,
    AfterValidator(_origin_url),
    Words("an https URL without a path", "https://login.microsoftonline.com", pattern=r"^[Hh][Tt][Tt][Pp][Ss]://[^?#]+$"),
]
HttpsBase = Annotated[
    str,
    AfterValidator(_base_url),
    Words(
        "an https URL without a slash at its end", "https://login.pobuca.example", pattern=r"^[Hh][Tt][Tt][Pp][Ss]://[^?#]*[^/?#]$"
    ),
]
RedirectUri = Annotated[
    str,
    AfterValidator(_redirect_uri),
    Words(
        "an absolute https URI",
        "https://connect.pobuca.example/callback",
        pattern=r"^([Hh][Tt][Tt][Pp][Ss]|[Hh][Tt][Tt][Pp])://[^#*]+$",
    ),
]
SupportUrl = Annotated[
    str,
    AfterValidator(_support_url),
    Words("an https or mailto address", "mailto:help@pobuca.example", pattern=r"^([Hh][Tt][Tt][Pp][Ss]://|mailto:).+$"),
]
RedisUrl = Annotated[
    str,
    AfterValidator(_redis_url),
    Words("a Redis address", "rediss://redis.internal:6380/0", pattern=r"^(rediss?://|unix:///)[^@]+$"),
]
PostgresqlUrl = Annotated[
    str,
    AfterValidator(_postgresql_url),
    Words(
        "a PostgreSQL address without the password",
        "postgresql://broker@db.internal:5432/broker",
        pattern=r"^postgresql://(?![^/@]*:[^/@]*@).+/.+$",
    ),
]
Guid = Annotated[
    str,
    AfterValidator(_guid),
    Words(
        "a GUID",
        "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f",
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    ),
]
TenantId = Annotated[
    str,
    AfterValidator(_tenant),
    Words(
        "a GUID",
        "5b5e363c-6ca9-4f41-8070-9565fe497145",
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    ),
]
Domain = Annotated[str, AfterValidator(_domain), Words("a domain name", "aegeanfoods.example", pattern=r"\.")]
HostName = Annotated[str, AfterValidator(_host), Words("a host name", "connect.pobuca.example")]
Address = Annotated[str, AfterValidator(_address), Words("an IP address", "192.0.2.10")]
MailHost = Annotated[str, AfterValidator(_mail_host), Words("a host name or an IP address", "smtp.pobuca.example")]
MailAddress = Annotated[str, AfterValidator(_mail_address), Words("an e-mail address", "no-reply@pobuca.example")]
Network = Annotated[str, AfterValidator(_network), Words("an address or a network in CIDR form", "10.0.0.0/8")]
Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"),
    Words("a name of lower-case letters, digits and inner hyphens, 64 at most", "aegean-foods"),
]
ClientId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._~-]{1,128}$"),
    Words("a name of letters, digits and `.` `_` `~` `-`, 128 at most", "connect-web"),
]
# entra-id reference, section 1.5.
AuthenticationContext = Annotated[
    str, Field(pattern=r"^c([1-9]|1\d|2[0-5])$"), Words("an authentication context, `c1` to `c25`", "c1")
]
DisplayName = Annotated[str, Field(min_length=1, max_length=120), Words("text of 1 to 120 characters", "Aegean Foods")]


Day = Annotated[
    str,
    AfterValidator(_day),
    Words('a day, as `"2027-06-30"` in quotes', '"2027-06-30"', pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
]


# What is written in CEL, for one rule; the language itself has bounds of its own.
Expression = Annotated[
    str,
    AfterValidator(_expression),
    Words("a CEL expression, 2,000 characters at most", "\"'admins' in identity.groups\""),
]
LogWord = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]{0,63}$"),
    Words("a word of lower-case letters, digits and `_`, 64 at most", "not_assigned"),
]
# JWT claims: a plain name, or a URI for one that cannot collide (RFC 7519 section 4.2).
ClaimName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.:/-]{0,127}$"),
    Words("a claim's name of letters, digits and `_` `.` `:` `/` `-`, 128 at most", "roles"),
]
Prose = Annotated[
    str, AfterValidator(_prose), Words("text of 1 to 500 characters", "Ask your administrator for access.")
]
MapText = Annotated[str, AfterValidator(_map_text), Words("text of 1 to 256 characters", "administrator")]
EntryPointName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"),
    Words("the name of an entry point", "acme"),
]


def host_of(url: str) -> str:
    """The host of a valid URL in lower case, without port and brackets."""
    return _split(url).hostname or ""
