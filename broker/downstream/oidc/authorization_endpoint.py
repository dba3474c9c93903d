"""What an application may ask at the authorization endpoint, rule by rule (OpenID Connect Core 3.1.2.1, 3.1.2.2).

First the client and its redirect URI are proved: until then nothing is answered there (threats DO-01, DO-02, L3).
From then on every refusal goes to the application, in the response mode and with the state it asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from broker.downstream.oidc import claims_request, pkce
from broker.downstream.oidc.authorization_request import AuthorizationRequest, ReplyAddress, ResponseMode, dump
from broker.downstream.oidc.claims import OFFLINE
from broker.downstream.oidc.claims_request import ClaimsRequest
from broker.downstream.oidc.errors import AuthorizationRefused
from broker.downstream.oidc.minting import ID_TOKEN_TYPE
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.downstream.oidc.provider import AuthorizationMessage, BrokerProvider
from broker.errors import BadRequest
from broker.jose.errors import TokenRejected
from broker.jose.key_ring import KeyRing
from broker.messages import LoginRequest

# Characters. Applications keep whole addresses in their state; the certification suite's has 128.
_MAX_STATE: Final = 2048
_MAX_NONCE: Final = 1024
_MAX_HINT: Final = 320
_MAX_LIST: Final = 20
_MAX_ITEM: Final = 255

_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)

# An essential auth_time sets no limit to the age, but the time must be known (OpenID Connect Core section 2).
_ANY_AGE: Final = timedelta(days=365 * 30)

# What the library types and checks. Everything else is either dealt with here or not known to us, and ignored.
_TYPED: Final = ("client_id", "redirect_uri", "response_type", "state", "nonce", "max_age")


@dataclass(frozen=True, slots=True)
class ProvedRequest:
    """A request of a registered client with a redirect URI of its own: its refusal may be sent there."""

    party: RelyingParty
    reply_to: ReplyAddress
    parameters: Parameters


Rule = Callable[[ProvedRequest], None]


def one_of_each(request: ProvedRequest) -> None:
    """RFC 6749 section 3.1: no parameter more than once, and either in the query or in the body (threats DO-27)."""
    if request.parameters.repeated:
        raise AuthorizationRefused("invalid_request", "params", "A parameter is repeated.")
    if request.parameters.mixed:
        raise AuthorizationRefused("invalid_request", "params", "Parameters stand in both the query and the body.")


def acceptable_state(request: ProvedRequest) -> None:
    if request.parameters.get("state") is not None and request.reply_to.state is None:
        raise AuthorizationRefused("invalid_request", "params", "state is too long or has control characters.")


def code_only(request: ProvedRequest) -> None:
    """Nothing that puts a token into an address (RFC 9700 section 2.1.2, threats DO-10)."""
    response_type = request.parameters.get("response_type")
    if response_type is None:
        raise AuthorizationRefused("invalid_request", "params", "response_type is required.")
    if response_type != "code":
        raise AuthorizationRefused("unsupported_response_type", "grant", "The only response_type is code.")


def known_response_mode(request: ProvedRequest) -> None:
    """OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1 (threats DO-18)."""
    if request.parameters.get("response_mode") not in (None, "query", "form_post"):
        raise AuthorizationRefused("invalid_request", "response_mode", "response_mode is query or form_post.")


def no_request_object(request: ProvedRequest) -> None:
    """OpenID Connect Core 6: not supported, which must be said and not passed over (threats DO-13)."""
    if request.parameters.get("request") is not None:
        raise AuthorizationRefused("request_not_supported", "request_object", "request is not supported.")
    if request.parameters.get("request_uri") is not None:
        raise AuthorizationRefused("request_uri_not_supported", "request_object", "request_uri is not supported.")


def no_registration(request: ProvedRequest) -> None:
    """OpenID Connect Core 7.2.1."""
    if request.parameters.get("registration") is not None:
        raise AuthorizationRefused("registration_not_supported", "request_object", "registration is not supported.")


def openid_scope(request: ProvedRequest) -> None:
    if "openid" not in _words(request.parameters.get("scope")):
        raise AuthorizationRefused("invalid_scope", "scope", "scope must contain openid.")


def s256_challenge(request: ProvedRequest) -> None:
    _challenge(request)


def _start_at(party: RelyingParty, issuer: str) -> str | None:
    """OpenID Connect Core section 4: the application begins a sign-in when it is told with whom."""
    return f"{party.initiate_login_uri}?{urlencode({'iss': issuer})}" if party.initiate_login_uri else None


def _challenge(request: ProvedRequest) -> str | None:
    challenge, method = (request.parameters.get(name) for name in ("code_challenge", "code_challenge_method"))
    return pkce.read_challenge(challenge, method, required=request.party.pkce_required)


def acceptable_nonce(request: ProvedRequest) -> None:
    nonce = request.parameters.get("nonce")
    if nonce is not None and not _is_short_text(nonce, _MAX_NONCE):
        raise AuthorizationRefused("invalid_request", "params", "nonce is too long or has control characters.")


def none_stands_alone(request: ProvedRequest) -> None:
    """OpenID Connect Core 3.1.2.1, ``prompt``."""
    prompts = set(_words(request.parameters.get("prompt")))
    if "none" in prompts and len(prompts) > 1:
        raise AuthorizationRefused("invalid_request", "prompt", "prompt none stands alone.")


def countable_max_age(request: ProvedRequest) -> None:
    max_age = request.parameters.get("max_age")
    if max_age is not None and not _SECONDS.fullmatch(max_age):
        raise AuthorizationRefused("invalid_request", "params", "max_age is not a number of seconds.")


RULES: Final[Sequence[Rule]] = (
    one_of_each,
    acceptable_state,
    code_only,
    known_response_mode,
    no_request_object,
    no_registration,
    openid_scope,
    s256_challenge,
    acceptable_nonce,
    none_stands_alone,
    countable_max_age,
)


class AuthorizationEndpoint:
    """Turns the parameters of a request into a ``LoginRequest``, or says why not."""

    def __init__(
        self, responder: str, issuer: str, provider: BrokerProvider, parties: RelyingParties, keys: KeyRing
    ) -> None:
        self._responder = responder
        self._issuer = issuer
        self._provider = provider
        self._parties = parties
        self._keys = keys

    def prove(self, parameters: Parameters) -> ProvedRequest:
        """Proves client and redirect URI; raises ``BadRequest``, a page of ours without a ``Location``."""
        if parameters.too_long:
            raise BadRequest("size", "parameters are too long")
        client_id = parameters.get("client_id")
        party = self._parties.get(client_id) if client_id is not None else None
        if party is None:
            raise BadRequest("client", "client_id is missing, repeated or not registered")
        redirect_uri = parameters.get("redirect_uri")
        if redirect_uri is None or not party.registers(redirect_uri):
            raise BadRequest("redirect_uri", f"client {party.client_id}: missing, repeated or not registered")
        response_mode: ResponseMode = "form_post" if parameters.get("response_mode") == "form_post" else "query"
        state = parameters.get("state")
        kept = state if state is not None and _is_short_text(state, _MAX_STATE) else None
        return ProvedRequest(party, ReplyAddress(party.client_id, redirect_uri, response_mode, kept), parameters)

    def read(self, proved: ProvedRequest) -> LoginRequest:
        """What is asked; raises ``AuthorizationRefused``."""
        for rule in RULES:
            rule(proved)
        parameters, party = proved.parameters, proved.party
        asked = claims_request.parse(parameters.get("claims"), party.released)
        hinted = self._hinted_subject(proved)
        subjects = _acceptable_subjects(asked, hinted)
        message = self._provider.read_authorization_request(_for_the_library(proved))
        request = AuthorizationRequest(
            reply_to=proved.reply_to,
            scopes=message.scopes + _offline(proved),
            code_challenge=_challenge(proved),
            nonce=parameters.get("nonce"),
            id_token_claims=asked.id_token,
            userinfo_claims=asked.userinfo,
            subjects=subjects,
        )
        max_age = _max_age(message, asked)
        return LoginRequest(
            responder=self._responder,
            party=party.client_id,
            party_name=party.display_name,
            reply=dump(request),
            party_start=_start_at(party, self._issuer),
            organizations=party.organizations,
            silent="none" in message.prompts,
            force="login" in message.prompts or max_age == timedelta(0),
            choose_account="select_account" in message.prompts,
            max_age=max_age,
            strength=asked.acr or message.acr_values,
            strength_essential=asked.acr_essential,
            login_hint=_hint(parameters.get("login_hint")),
            # A pairwise subject cannot be turned back into an account; the responder compares it with the one who
            # signed in.
            account_hint=subjects[0] if subjects is not None and len(subjects) == 1 and not party.pairwise else None,
            ui_locales=message.ui_locales,
        )

    def _hinted_subject(self, proved: ProvedRequest) -> str | None:
        """The subject of ``id_token_hint``: signed by us for this client; it may have expired (Core 3.1.2.1)."""
        hint = proved.parameters.get("id_token_hint")
        if hint is None:
            return None
        try:
            claims = self._keys.verify_own(hint, typ=ID_TOKEN_TYPE, allow_expired=True)
            subject = claims.text("sub")
            if claims.text("iss") != self._issuer or claims.text("aud") != proved.party.client_id:
                raise TokenRejected("audience", "a hint of another issuer or client")
        except TokenRejected as error:
            said = "id_token_hint is not one of ours for this client."
            raise AuthorizationRefused("invalid_request", "id_token_hint", said, detail=error.reason) from error
        return subject


def _for_the_library(proved: ProvedRequest) -> dict[str, str]:
    """The parameters in the one spelling that the library reads without raising.

    Scopes that are not known or not allowed to the client are dropped (RFC 6749 section 3.3, threats DO-11), and so
    are prompt values that mean nothing to us.
    """
    parameters, party = proved.parameters, proved.party
    fields = {name: parameters.values[name] for name in _TYPED if name in parameters.values}
    lists = {
        # Without prompt=consent the library takes offline_access for an error; see ``_offline``.
        "scope": [s for s in _words(parameters.get("scope")) if s in party.scopes and s != OFFLINE],
        "prompt": [value for value in _words(parameters.get("prompt")) if value in _PROMPTS],
        "acr_values": _short(_words(parameters.get("acr_values"))),
        "ui_locales": _short(_words(parameters.get("ui_locales"))),
    }
    return fields | {name: " ".join(items) for name, items in lists.items() if items}


def _offline(proved: ProvedRequest) -> tuple[str, ...]:
    """``offline_access``, if it is asked for and the client's file has it; nobody else gets it (threats DO-11).

    OpenID Connect Core section 11 wants prompt=consent "unless other conditions for processing the request permitting
    offline access are in place". That condition is the file: applications are Pobuca's own, the organisation agreed to
    them, and there is no page on which its people could be asked. prompt=consent is accepted and changes nothing.
    """
    asked = OFFLINE in _words(proved.parameters.get("scope")) and OFFLINE in proved.party.scopes
    return (OFFLINE,) if asked else ()


# OpenID Connect Core 3.1.2.1. There is no consent to ask for: the organisation gave it.
_PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})


def _max_age(message: AuthorizationMessage, asked: ClaimsRequest) -> timedelta | None:
    if message.max_age_seconds is not None:
        return timedelta(seconds=message.max_age_seconds)
    return _ANY_AGE if asked.auth_time_essential else None


def _acceptable_subjects(asked: ClaimsRequest, hinted: str | None) -> tuple[str, ...] | None:
    if hinted is None:
        return asked.subjects
    if asked.subjects is not None and hinted not in asked.subjects:
        raise AuthorizationRefused("invalid_request", "claims_param", "Hint and claims ask for different subjects.")
    return (hinted,)


def _words(text: str | None) -> list[str]:
    """A space-delimited list without repetitions, in its order."""
    return list(dict.fromkeys(word for word in (text or "").split(" ") if word))


def _short(words: list[str]) -> list[str]:
    return [word for word in words if _is_short_text(word, _MAX_ITEM)][:_MAX_LIST]


def _hint(text: str | None) -> str | None:
    """A hint that is of use; any other is passed over (OpenID Connect Core 3.1.2.1)."""
    return text if text is not None and _is_short_text(text, _MAX_HINT) else None


def _is_short_text(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isprintable()
