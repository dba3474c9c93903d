"""Entra's error answers (entra-id reference, sections 2.1 and 2.2), and what they become here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from broker.errors import BrokerError, Busy, LoginFailed
from broker.http_client import HttpAnswer, HttpFailure
from broker.messages import UpstreamAnswer
from broker.upstream.entra.aadsts import MEANINGS, meaning_of, numbers_in
from broker.upstream.entra.graph import retry_after_seconds
from broker.upstream.entra.text import loggable
from broker.upstream.entra_oidc.asked import Asked

_log = structlog.get_logger(__name__)

_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_TRACE: Final = re.compile(r"(Trace|Correlation) ID: ([0-9A-Fa-f-]{36})")
# Seconds; what Microsoft's own library waits for when nothing is said (section 2.3).
_DEFAULT_WAIT: Final = 5

# Errors of RFC 6749 sections 4.1.2.1 and 5.2 that mean: later, perhaps.
_PASSING: Final = frozenset({"temporarily_unavailable", "server_error"})
# Errors that no sign-in of anybody can mend: the operator has to (threats UO-24).
_OURS: Final = frozenset(
    {
        "invalid_client",
        "invalid_scope",
        "invalid_resource",
        "invalid_request",
        "invalid_tenant",
        "unsupported_response_type",
        "unsupported_response_mode",
        "unsupported_grant_type",
    }
)
# What the person reads when no number says more.
_BY_SUBERROR: Final[Mapping[str, str]] = {
    "basic_action": "mfa_needed",
    "additional_action": "blocked_by_policy",
    "consent_required": "admin_approval",
    "user_password_expired": "password_expired",
    "protection_policy_required": "blocked_by_policy",
    "device_authentication_failed": "blocked_by_policy",
    "bad_token": "start_again",
    "token_expired": "start_again",
}
_BY_ERROR: Final[Mapping[str, str]] = {
    "access_denied": "consent_declined",
    "consent_required": "admin_approval",
    "interaction_required": "mfa_needed",
    "login_required": "start_again",
    "invalid_grant": "start_again",
    "user_password_expired": "password_expired",
    "unauthorized_client": "app_not_installed",
}


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """What Entra said, read and bounded: nothing of it is shown to a person (threats UO-23).

    ``endpoint`` is ``authorize`` or ``token``; ``status`` is that of the token endpoint.
    """

    endpoint: str
    error: str
    suberror: str | None = None
    numbers: tuple[int, ...] = ()
    trace_id: str | None = None
    correlation_id: str | None = None
    description: str = ""
    status: int | None = None
    retry_after: int | None = None

    def refusal(self) -> BrokerError:
        """The error to raise: ``Busy`` when it is not the person's sign-in that failed, else ``LoginFailed``."""
        meaning = meaning_of(self.numbers)
        wording = (
            (meaning.explanation if meaning else None)
            or _BY_SUBERROR.get(self.suberror or "")
            or _BY_ERROR.get(self.error)
        )
        detail = f"{self.endpoint} {self.error} {' '.join(map(str, self.numbers))}".strip()
        if self.error in _PASSING or self.status == 429 or (self.status is not None and self.status >= 500):
            wait = self.retry_after or _DEFAULT_WAIT
            return Busy("upstream_down", detail, explanation="directory_busy", retry_after_seconds=wait)
        if self.error in _OURS and self.endpoint == "token":
            return Busy("upstream_down", detail, explanation="upstream_misconfigured", retry_after_seconds=60)
        if self.error in _OURS:  # Anybody's browser can say so; that must not look like a fault of ours.
            return LoginFailed("upstream_error", detail, explanation=wording or "upstream_misconfigured")
        # A code that does not fit, was used, or is another browser's (threats UO-14); a number can say better.
        reason = "code" if self.error == "invalid_grant" and wording == "start_again" else "upstream_error"
        return LoginFailed(reason, detail, explanation=wording)

    def log(self, asked: Asked) -> None:
        """Says in the log what happened and who has to do what."""
        meaning = meaning_of(self.numbers)
        ours = self.error in _OURS or (meaning is not None and meaning.ours)
        (_log.error if ours else _log.warning)(
            "upstream_error",
            org=asked.organization,
            conn=asked.connection,
            reason="upstream_down" if isinstance(self.refusal(), Busy) else "upstream_error",
            endpoint=self.endpoint,
            error=self.error,
            suberror=self.suberror,
            aadsts=list(self.numbers),
            advice=meaning.advice if meaning else None,
            for_operator=ours,
            trace_id=self.trace_id,
            correlation_id=self.correlation_id,
            status=self.status,
            upstream_text=self.description,
        )


def from_redirect(answer: UpstreamAnswer) -> UpstreamError:
    """The error that a browser brought back; anybody could have written it, so it only ever refuses."""
    description = answer.error_description or ""
    traces = dict(_TRACE.findall(description))
    return UpstreamError(
        "authorize",
        _word(answer.error) or "unreadable",
        numbers=numbers_in(description),
        trace_id=traces.get("Trace"),
        correlation_id=traces.get("Correlation"),
        description=loggable(description),
    )


def from_token_answer(answer: HttpAnswer) -> UpstreamError:
    """The error of the token endpoint; an answer that is none in form counts as a broken server."""
    body: dict[str, Any] = {}
    try:
        body = answer.json_object()
    except HttpFailure:
        body = {}
    error = _word(body.get("error"))
    if error is None:  # A proxy's page or nonsense: that is a fault of the road, not of the sign-in.
        error = "server_error"
    description = body.get("error_description")
    text = description if isinstance(description, str) else ""
    return UpstreamError(
        "token",
        error,
        suberror=_word(body.get("suberror")),
        numbers=_numbers(body.get("error_codes")) or numbers_in(text),
        trace_id=_word(body.get("trace_id")),
        correlation_id=_word(body.get("correlation_id")),
        description=loggable(text),
        status=answer.status,
        retry_after=retry_after_seconds(answer.headers),
    )


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and _WORD.match(value) else None


def _numbers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    numbers = [item for item in value if isinstance(item, int) and not isinstance(item, bool)]
    known = [number for number in numbers if number in MEANINGS]
    return tuple(known + [number for number in numbers if number not in MEANINGS])[:8]
