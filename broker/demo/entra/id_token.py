"""ID tokens: which claims a person's token has, and how it is signed (entra-id reference 1.8, 1.9)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from broker.clock import epoch_seconds
from broker.demo.entra.directory import opaque_hint
from broker.demo.entra.grants import Authorization
from broker.demo.entra.keys import SigningKey
from broker.demo.entra.model import CONSUMER_TENANT_ID, AppRegistration, Tenant, User
from broker.demo.entra.mutations import TokenMutation
from broker.demo.entra.roles import WITHOUT_TEMPLATE
from broker.demo.entra.state import Simulator

# Observed: iat is 300 s in the past and the token is good for 3900 s from there (entra-id reference 1.7).
_BACKDATED: Final = timedelta(minutes=5)
_LIFETIME: Final = timedelta(seconds=3900)

# entra-id reference 1.9. For the implicit flow the documents disagree between five and six.
_MOST_GROUPS: Final = 200
_MOST_GROUPS_IMPLICIT: Final = 5

# What ordinary members show in wids; it is no administrator's role.
_ORDINARY_MEMBER: Final = "b79fbf4d-3ef9-4689-8143-76b194e85509"


def pairwise_subject(client_id: str, tenant_id: str, oid: str) -> str:
    """The ``sub``: the same for a person and an application, unlike for any other pair."""
    return _base64url(hashlib.sha256(f"{client_id} {tenant_id} {oid}".encode()).digest())


def issue_id_token(
    simulator: Simulator,
    authorization: Authorization,
    user: User,
    registration: AppRegistration,
    *,
    implicit: bool = False,
    **hashes: str,
) -> str:
    """A signed ID token.

    ``implicit`` is one from the authorize endpoint; only those carry ``hashes`` (c_hash, at_hash).
    """
    claims = _claims(simulator, authorization, user, registration, implicit=implicit) | hashes
    mutation = simulator.mutations.take()
    key = simulator.keys.signing("msa" if user.tenant_id == CONSUMER_TENANT_ID else "entra")
    header: dict[str, Any] = {"typ": "JWT", "alg": "RS256", "kid": key.kid}
    if mutation is None:
        token = _signed(header, json.dumps(claims, separators=(",", ":"), ensure_ascii=False), key, "RS256")
    else:
        token, header, claims = _mutated(simulator, mutation, header, claims, key)
    simulator.journal.note_token({"header": header, "claims": claims, "mutated": mutation is not None})
    return token


def _claims(
    simulator: Simulator, authorization: Authorization, user: User, registration: AppRegistration, *, implicit: bool
) -> dict[str, Any]:
    """In the order of the samples: the registered ones, then the alphabet. What has no value is absent."""
    tenant = simulator.directory.tenant(user.tenant_id)
    if tenant is None:
        raise LookupError(user.tenant_id)
    issued_at = simulator.clock.now() - _BACKDATED
    first: dict[str, Any] = {
        "aud": authorization.client_id,
        "iss": f"{simulator.base_url}/{user.tenant_id}/v2.0",
        "iat": epoch_seconds(issued_at),
        "nbf": epoch_seconds(issued_at),
        "exp": epoch_seconds(issued_at + _LIFETIME),
    }
    rest: dict[str, Any] = {
        "aio": f"AWQAm/8ZAAAA{secrets.token_urlsafe(48)}==",
        "nonce": authorization.nonce,
        "rh": f"1.{_base64url(b'simulated' + uuid.UUID(user.tenant_id).bytes)}.",
        "sub": pairwise_subject(authorization.client_id, user.tenant_id, user.oid),
        "tid": user.tenant_id,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
        "acrs": list(authorization.contexts) or None,
        "idp": _identity_provider(user),
        "roles": list(user.app_roles) or None,
    }
    if "profile" in authorization.scopes:
        rest |= {"name": user.display_name, "oid": user.oid, "preferred_username": user.sign_in_name}
    rest |= _e_mail(authorization, user, tenant, registration)
    rest |= _optional(authorization, user, tenant, registration.optional_claims)
    rest |= _groups(simulator, user, registration, implicit=implicit)
    return first | {name: rest[name] for name in sorted(rest) if rest[name] is not None}


def _identity_provider(user: User) -> str | None:
    if user.home is None:
        return None
    home = user.home.tenant_id
    return "live.com" if home == CONSUMER_TENANT_ID else f"https://sts.windows.net/{home}/"


def _e_mail(authorization: Authorization, user: User, tenant: Tenant, registration: AppRegistration) -> dict[str, Any]:
    """Unverified, unless ``xms_edov`` says that the tenant owns the domain."""
    wanted = "email" in authorization.scopes or "email" in registration.optional_claims or user.user_type == "Guest"
    if not wanted or user.mail is None:
        return {}
    owned = tenant.owns(user.mail)
    if registration.remove_unverified_email_claim and not owned:
        return {}
    return {"email": user.mail, "xms_edov": owned if "xms_edov" in registration.optional_claims else None}


def _optional(authorization: Authorization, user: User, tenant: Tenant, wanted: frozenset[str]) -> dict[str, Any]:
    """Optional claims of the registration (entra-id reference 1.8, O); some need the scope ``profile`` as well."""
    available: dict[str, Any] = {
        "acct": 1 if user.user_type == "Guest" else 0,
        "auth_time": epoch_seconds(authorization.auth_time) if authorization.auth_time else None,
        "ctry": user.usage_location,
        "login_hint": opaque_hint(user.account_key),
        "sid": authorization.sid or None,
        "tenant_ctry": tenant.country,
        "tenant_region_scope": tenant.region,
        "verified_primary_email": [user.mail] if user.mail and tenant.owns(user.mail) else None,
        "xms_pl": user.preferred_language.lower() if user.preferred_language else None,
    }
    if "profile" in authorization.scopes:
        available |= {
            "given_name": user.given_name,
            "family_name": user.surname,
            # Guests have one only with a further setting that is not simulated.
            "upn": user.user_principal_name if user.home is None else None,
        }
    return {name: value for name, value in available.items() if name in wanted}


def _groups(simulator: Simulator, user: User, registration: AppRegistration, *, implicit: bool) -> dict[str, Any]:
    wanted = registration.group_membership_claims
    claims: dict[str, Any] = {}
    if wanted in ("DirectoryRole", "All"):
        roles = [role for role in user.directory_roles if role not in WITHOUT_TEMPLATE]
        if user.user_type != "Guest":
            roles.append(_ORDINARY_MEMBER)
        claims["wids"] = roles or None
    if wanted in ("SecurityGroup", "All", "ApplicationGroup"):
        groups = sorted(_group_ids(simulator, user, registration, wanted))
        if implicit and len(groups) > _MOST_GROUPS_IMPLICIT:
            claims["hasgroups"] = True
        elif len(groups) > _MOST_GROUPS:
            # The host is the retired one that real tokens still name; nobody may follow it (entra-id reference 1.9).
            where = f"https://graph.windows.net/{user.tenant_id}/users/{user.oid}/getMemberObjects"
            claims["_claim_names"] = {"groups": "src1"}
            claims["_claim_sources"] = {"src1": {"endpoint": where}}
        else:
            claims["groups"] = groups or None
    return claims


def _group_ids(simulator: Simulator, user: User, registration: AppRegistration, wanted: str) -> frozenset[str]:
    if wanted == "ApplicationGroup":  # Assigned ones, without nesting.
        principal = simulator.directory.service_principal(registration.client_id, user.tenant_id)
        return user.groups & principal.assigned_groups if principal else frozenset()
    ids = simulator.directory.all_groups_of(user)
    if wanted == "All":
        return ids
    found = (simulator.directory.group(group_id) for group_id in ids)
    return frozenset(group.group_id for group in found if group and group.security_enabled)


def _mutated(
    simulator: Simulator, mutation: TokenMutation, header: dict[str, Any], claims: dict[str, Any], key: SigningKey
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The token that was ordered, and what it says."""
    if mutation.key:
        key = simulator.keys.signing(mutation.key)
        header = header | {"kid": key.kid}
    if mutation.version == "1.0":
        claims = claims | {"iss": f"https://sts.windows.net/{claims['tid']}/", "ver": "1.0"}
        header = header | {"x5t": key.kid}
    shifted = {name: claims[name] + by for name, by in mutation.shift.items() if name in claims}
    changed = {name: _with_base_url(value, simulator.base_url) for name, value in mutation.claims.items()}
    claims = {name: value for name, value in (claims | shifted | changed).items() if name not in mutation.drop}
    header = {
        name: value
        for name, value in (header | {"alg": mutation.algorithm} | mutation.header).items()
        if name not in mutation.drop_header
    }
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False)
    for name, value in mutation.repeat.items():
        payload = f"{payload[:-1]},{json.dumps(name)}:{json.dumps(value)}}}"
    token = _signed(header, payload, key, mutation.algorithm)
    if mutation.break_signature:
        body, _, signature = token.rpartition(".")
        token = f"{body}.{signature[:-8]}{'A' * 8 if not signature.endswith('A' * 8) else 'B' * 8}"
    return token, header, claims


def _with_base_url(value: Any, base_url: str) -> Any:
    return value.replace("{base_url}", base_url) if isinstance(value, str) else value


def _signed(header: dict[str, Any], payload: str, key: SigningKey, algorithm: str) -> str:
    encoded = json.dumps(header, separators=(",", ":")).encode()
    signing_input = f"{_base64url(encoded)}.{_base64url(payload.encode())}"
    if algorithm == "none":
        return f"{signing_input}."
    if algorithm == "HS256":  # The classic confusion: the public key as the secret.
        signature = hmac.digest(key.public_pem(), signing_input.encode(), "sha256")
    else:
        signature = key.private_key.sign(signing_input.encode(), PKCS1v15(), SHA256())
    return f"{signing_input}.{_base64url(signature)}"


def half_hash(value: str) -> str:
    """``c_hash`` and ``at_hash`` for RS256 (OpenID Connect Core 3.3.2.11)."""
    return _base64url(hashlib.sha256(value.encode()).digest()[:16])


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
