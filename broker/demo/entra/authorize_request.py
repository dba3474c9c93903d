"""Reading an authorization request (entra-id reference 1.5).

In two steps, because of where errors go: until the application and its reply address are proven every error is a page;
from then on it is an answer to the application.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from werkzeug.datastructures import MultiDict

from broker.demo.entra.directory import Authority, SimulatedDirectory
from broker.demo.entra.errors import refusal
from broker.demo.entra.model import AppRegistration
from broker.demo.entra.scopes import delegated_scopes

_RESPONSE_TYPES: Final = frozenset({"code", "id_token", "token"})
_PROMPTS: Final = frozenset({"login", "none", "consent", "select_account", "create"})
_MODES: Final = frozenset({"query", "fragment", "form_post"})
# RFC 7636 section 4.2.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CONTEXT: Final = re.compile(r"c([1-9]|1[0-9]|2[0-5])")


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where an answer may go: registered with the application."""

    registration: AppRegistration
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True, slots=True)
class AdminConsent:
    """What an administrator is asked to grant for everybody (entra-id reference 3.1)."""

    # The v2.0 endpoint, or the v1-style one, whose answers look different.
    version: Literal[1, 2]
    delegated: frozenset[str]
    # Permissions of the application itself. None: not asked for, and what was granted before stays.
    application: frozenset[str] | None
    # The permissions as the answer says them back.
    scope: str


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    authority: Authority
    reply: ReplyAddress
    response_types: frozenset[str]
    scopes: frozenset[str]
    scope: str
    nonce: str | None = None
    prompt: str = ""
    login_hint: str = ""
    domain_hint: str = ""
    challenge: str | None = None
    challenge_method: str = "plain"
    contexts: tuple[str, ...] = ()
    evaluates_continuously: bool = False
    client_info: bool = False
    # Set when this is no sign-in to the application but a question to the tenant's administrator.
    admin_consent: AdminConsent | None = None

    @property
    def client_id(self) -> str:
        return self.reply.registration.client_id


def prove_reply_address(
    parameters: MultiDict[str, str], authority: Authority, directory: SimulatedDirectory
) -> ReplyAddress:
    """The registered application and address; raises ``EntraError``, which must not be redirected anywhere."""
    check_once(parameters, "client_id", "response_type", "scope")
    client_id = parameters["client_id"]
    registration = directory.registration(client_id)
    if registration is None:
        raise refusal(700016, client=client_id, tenant=authority.segment)
    redirect_uri = registered_address(registration, parameters.get("redirect_uri"))
    check_audience(registration, authority)
    usual = "query" if parameters["response_type"].split() == ["code"] else "fragment"
    mode = parameters.get("response_mode") or usual
    return ReplyAddress(registration, redirect_uri, mode if mode in _MODES else usual, parameters.get("state"))


def check_once(parameters: MultiDict[str, str], *required: str) -> None:
    """Raises ``EntraError`` for a parameter that is there twice, and for a required one that is not."""
    for name, values in parameters.lists():
        if len(values) > 1:
            raise refusal(9000411, parameter=name)
    for name in required:
        if not parameters.get(name, "").strip():
            raise refusal(900144, parameter=name)


def registered_address(registration: AppRegistration, redirect_uri: str | None) -> str:
    """The address, which is registered exactly so; raises ``EntraError``."""
    if redirect_uri is None:
        if not registration.redirect_uris:
            raise refusal(500113)
        # Entra takes any of them; the first is one of any.
        redirect_uri = registration.redirect_uris[0]
    if redirect_uri not in registration.redirect_uris:
        raise refusal(50011, uri=redirect_uri, client=registration.client_id)
    return redirect_uri


def check_audience(registration: AppRegistration, authority: Authority) -> None:
    """Raises ``EntraError`` where the application does not take the accounts of this authority."""
    audience = registration.sign_in_audience
    if audience == "AzureADMyOrg":
        if authority.tenant is None:
            raise refusal(50194, client=registration.client_id)
        if authority.tenant.tenant_id != registration.home_tenant_id:
            raise refusal(700016, client=registration.client_id, tenant=authority.segment)
    if audience == "AzureADMultipleOrgs" and authority.tenant is not None and authority.tenant.is_consumer:
        raise refusal(700016, client=registration.client_id, tenant=authority.segment)


def read_request(
    parameters: Mapping[str, str], authority: Authority, reply: ReplyAddress, base_url: str, granted: frozenset[str]
) -> AuthorizeRequest:
    """The rest of the request; raises ``EntraError``, which the application is told."""
    response_types = _response_types(parameters, reply)
    nonce = parameters.get("nonce")
    scopes = delegated_scopes(parameters["scope"], base_url, granted)
    if "id_token" in response_types:
        if not nonce:
            raise refusal(900144, parameter="nonce")
        if "openid" not in scopes:
            raise refusal(70011, scope=parameters["scope"])
    prompt = parameters.get("prompt", "")
    if prompt and prompt not in _PROMPTS:
        raise refusal(90023, parameter="prompt")
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method", "plain")
    if method not in ("plain", "S256"):
        raise refusal(90023, parameter="code_challenge_method")
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise refusal(501491)
    contexts, continuously = _claims_request(parameters.get("claims"))
    return AuthorizeRequest(
        authority,
        reply,
        response_types,
        scopes,
        parameters["scope"],
        nonce=nonce,
        prompt=prompt,
        login_hint=parameters.get("login_hint", ""),
        domain_hint=parameters.get("domain_hint", "").lower(),
        challenge=challenge,
        challenge_method=method,
        contexts=contexts,
        evaluates_continuously=continuously,
        client_info=parameters.get("client_info") == "1",
    )


def _response_types(parameters: Mapping[str, str], reply: ReplyAddress) -> frozenset[str]:
    found = frozenset(parameters["response_type"].split())
    if not found <= _RESPONSE_TYPES or found == {"code", "token"}:
        raise refusal(90023, parameter="response_type")
    if "id_token" in found and not reply.registration.id_token_issuance:
        raise refusal(700054)
    if "token" in found and not reply.registration.access_token_issuance:
        raise refusal(700051)
    mode = parameters.get("response_mode")
    if mode and (mode not in _MODES or (mode == "query" and found != {"code"})):
        raise refusal(70007, response_mode=mode)
    return found


def _claims_request(text: str | None) -> tuple[tuple[str, ...], bool]:
    """The authentication contexts that are wanted, and whether the client knows Continuous Access Evaluation."""
    if not text:
        return (), False
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(9002313) from error
    if not isinstance(wanted, dict):
        raise refusal(9002313)
    contexts = [
        value
        for part in ("access_token", "id_token")
        for value in _values(wanted.get(part), "acrs")
        if _CONTEXT.fullmatch(value)
    ]
    return tuple(dict.fromkeys(contexts)), "cp1" in _values(wanted.get("access_token"), "xms_cc")


def _values(part: Any, name: str) -> list[str]:
    """``value`` and ``values`` of a claims request's member (OpenID Connect Core 5.5.1)."""
    member = part.get(name) if isinstance(part, dict) else None
    if not isinstance(member, dict):
        return []
    values = member.get("values", member.get("Values", []))
    found = [member.get("value"), *(values if isinstance(values, list) else [])]
    return [value for value in found if isinstance(value, str)]
