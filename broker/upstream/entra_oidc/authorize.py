"""The request with which a person is sent to Entra (entra-id reference, section 1.5)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Final
from urllib.parse import urlencode

from broker.errors import LoginFailed
from broker.messages import Transaction
from broker.upstream.entra_oidc.settings import EntraOidcSettings

# User.Read is for the profile of a new account and for the groups of somebody in very many (sections 1.9 and 4.5);
# offline_access for the refresh token with which the directory is asked later whether the person stays (section 1.7).
SCOPES: Final = "openid profile email offline_access User.Read"


def authorize_url(endpoint: str, settings: EntraOidcSettings, transaction: Transaction, state: str) -> str:
    """The address; everything in it that must come back or be proved later stands in the transaction."""
    fields = {
        "client_id": settings.client_id,
        "response_type": "code",
        "redirect_uri": transaction.redirect_uri,
        "response_mode": settings.response_mode,
        "scope": SCOPES,
        "state": state,
        "nonce": transaction.nonce,
        "code_challenge": s256(transaction.code_verifier),
        "code_challenge_method": "S256",
        **_prompt(transaction),
    }
    if transaction.upstream_acr is not None:
        context = settings.authentication_contexts.get(transaction.upstream_acr)
        if context is None:
            raise LoginFailed("assurance", "the authentication context is not configured any more")
        demand = {"id_token": {"acrs": {"essential": True, "value": context}}}
        fields["claims"] = json.dumps(demand, separators=(",", ":"))
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"


def _prompt(transaction: Transaction) -> dict[str, str]:
    """Entra takes one prompt at a time, and no login_hint beside the account picker (section 1.5)."""
    request = transaction.request
    if request.choose_account and not request.force:
        return {"prompt": "select_account"}
    fields = {"prompt": "login"} if request.force else {}
    if transaction.login_hint is not None and not request.choose_account:
        fields["login_hint"] = transaction.login_hint
    return fields


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
