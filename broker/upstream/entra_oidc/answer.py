"""The first look at what the browser brought back, before anything is sent anywhere."""

from __future__ import annotations

from broker.errors import LoginFailed
from broker.messages import UpstreamAnswer
from broker.upstream.entra.tenants import PLACEHOLDER, canonical_tenant, for_tenant
from broker.upstream.entra_oidc.asked import Asked
from broker.upstream.entra_oidc.errors import from_redirect


def require_issuer(answer: UpstreamAnswer, template: str) -> None:
    """If the answer names its issuer, it is the one that was asked (RFC 9207; threats UO-04). Entra does not name it
    today.

    At the shared authority it must be that of some tenant; the ID token must then name the same.
    """
    stated = answer.issuer
    if stated is None or (stated == template and PLACEHOLDER not in template):
        return
    before, placeholder, after = template.partition(PLACEHOLDER)
    tenant_id = canonical_tenant(stated[len(before) : len(stated) - len(after)]) if placeholder else None
    if tenant_id is None or for_tenant(template, tenant_id) != stated:
        raise LoginFailed("mixup", "the answer is of another issuer")


def require_code(answer: UpstreamAnswer, asked: Asked) -> str:
    """The code; raises ``LoginFailed`` or ``Busy`` for an error, and for an answer that has both or neither (threats
    UO-23).
    """
    if answer.error is not None and answer.code is not None:
        raise LoginFailed("upstream_error", "a code and an error together")
    if answer.error is not None:
        error = from_redirect(answer)
        error.log(asked)
        raise error.refusal()
    if not answer.code:
        raise LoginFailed("upstream_error", "neither a code nor an error")
    return answer.code
