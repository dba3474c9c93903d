"""Redeems a person's refresh token, to hear whether the directory still lets them in (entra-id reference, sections 1.6
and 1.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from broker.clock import Clock
from broker.errors import Busy
from broker.http_client import HttpClient
from broker.identity import Secret
from broker.refreshing import Unavailable
from broker.upstream.entra.aadsts import meaning_of
from broker.upstream.entra_oidc.breaker import CircuitBreaker
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.errors import UpstreamError
from broker.upstream.entra_oidc.metadata import MetadataCache
from broker.upstream.entra_oidc.token import TokenEndpointDown, TokenEndpointRefused, redeem_refresh_token
from broker.watching.directory import Trouble, Verdict

# The word in log and audit; the numbers choose words only (section 2.1), what follows is decided by the error.
_REASONS: Final[Mapping[int, str]] = {
    number: word
    for word, numbers in {
        "disabled": (50057, 500571),
        "deleted": (50034, 50014, 16003),
        "unassigned": (50105,),
        "sessions_revoked": (50173, 50132, 50133),
        "grant_expired": (70043, 700082, 700084, 70008, 70000, 700003),
        "consent_revoked": (65001,),
        "app_removed": (700011, 700016),
        "app_disabled": (70001, 7000112),
        "verification_demanded": (50072, 50074, 50076, 50078, 50079),
        "blocked_by_policy": (50131, 53003, 53011, 530032, 530035, 50097, 53000, 53001, 53002),
        "password_expired": (50055, 50144),
    }.items()
    for number in numbers
}

_log = structlog.get_logger(__name__)


class EntraRedemption:
    """Safe for threads. Rests for a moment with a tenant whose endpoint does not answer (threats UO-24)."""

    def __init__(
        self,
        http: HttpClient,
        credential: ClientCredential,
        metadata: MetadataCache,
        clock: Clock,
        *,
        client_id: str,
    ) -> None:
        self._http = http
        self._credential = credential
        self._metadata = metadata
        self._client_id = client_id
        self._breaker = CircuitBreaker(clock)

    def redeem(self, tenant_id: str, refresh_token: Secret) -> Verdict:
        """At the tenant's own path, so that the answer is that of this directory."""
        try:
            self._breaker.enter(tenant_id)
            endpoint = self._metadata.of(tenant_id).token_endpoint
            renewed = redeem_refresh_token(
                self._http,
                self._credential,
                token_endpoint=endpoint,
                client_id=self._client_id,
                refresh_token=refresh_token,
            )
        except Busy as resting:
            return Verdict("unknown", "unreachable", retry_after_seconds=resting.retry_after_seconds)
        except Unavailable as failure:
            return Verdict("unknown", failure.reason)
        except TokenEndpointDown:
            self._breaker.failed(tenant_id)
            return Verdict("unknown", "unreachable")
        except TokenEndpointRefused as refused:
            return self._refused(tenant_id, refused.error)
        self._breaker.succeeded(tenant_id)
        return Verdict("stays", "works", refresh_token=renewed)

    def _refused(self, tenant_id: str, error: UpstreamError) -> Verdict:
        verdict = judge(error)
        if verdict.outcome == "unknown":
            self._breaker.failed(tenant_id)
        else:
            self._breaker.succeeded(tenant_id)
        _log.warning(
            "upstream_grant_refused",
            tenant=tenant_id,
            reason=verdict.reason,
            outcome=verdict.outcome,
            error=error.error,
            suberror=error.suberror,
            aadsts=list(error.numbers),
            trace_id=error.trace_id,
            correlation_id=error.correlation_id,
            status=error.status,
            for_operator=verdict.trouble == "credential_expired",
        )
        return verdict


def judge(error: UpstreamError) -> Verdict:
    """What an error of the token endpoint means for the person whose grant was redeemed (section 2.3).

    The person is ended by what the directory says of the person or of the trust. What is a fault of the road or of
    our own registration says nothing of anybody.
    """
    refusal = error.refusal()
    meaning = meaning_of(error.numbers)
    reason = next((_REASONS[number] for number in error.numbers if number in _REASONS), error.error)
    if error.error == "invalid_client":
        return Verdict("unknown", "credential", refusal.explanation, "credential_expired")
    passing = meaning is not None and (meaning.ours or meaning.explanation == "directory_busy")
    if isinstance(refusal, Busy) or passing:
        wait = refusal.retry_after_seconds if isinstance(refusal, Busy) else 5
        return Verdict("unknown", "unreachable", refusal.explanation, retry_after_seconds=wait)
    return Verdict("ended", reason, refusal.explanation, _trouble(error))


def _trouble(error: UpstreamError) -> Trouble | None:
    """Whether it is the trust that ended, and not only the person's part in it."""
    if error.error == "consent_required" or error.suberror == "consent_required" or 65001 in error.numbers:
        return "consent_revoked"
    return "app_disabled" if error.error == "unauthorized_client" else None
