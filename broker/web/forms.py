"""The tokens of forms that change something (threats DO-15)."""

from __future__ import annotations

from typing import Final

from flask import request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import UnsupportedMediaType

from broker.errors import BadRequest
from broker.identity import Account

# A page that stays open longer than a session may last must be loaded again before its buttons work.
_SECONDS: Final = 12 * 3600


class FormTokens:
    """Makes a token for the forms of one account's pages, and demands it back."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="form")

    def token(self, account: Account) -> str:
        """For a hidden field named ``token``."""
        return self._serializer.dumps(account.id)

    def require(self, account: Account) -> None:
        """Raises ``BadRequest`` unless the form at hand came from a page of this account."""
        try:
            belongs_to = self._serializer.loads(request.form.get("token", ""), max_age=_SECONDS)
        except BadSignature as error:
            raise BadRequest("csrf", "form token") from error
        if belongs_to != account.id:
            raise BadRequest("csrf", "form token of another account")


def require_form() -> None:
    """For ``before_request``: a POST is a form and nothing else (threats WE-09)."""
    if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
