"""Microsoft Graph, as far as a sign-in needs it (entra-id reference, sections 4.1, 4.2 and 4.4).

The host comes from configuration; no address from a token or an answer is ever followed (threats UO-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from broker.http_client import HttpAnswer, HttpClient, HttpFailure
from broker.identity import Secret

# entra-id reference, section 4.1: without $select half of these are not given.
_FIELDS: Final = (
    "id,displayName,givenName,surname,mail,userPrincipalName,otherMails,jobTitle,department,companyName,officeLocation,"
    "businessPhones,mobilePhone,faxNumber,streetAddress,city,state,postalCode,country,preferredLanguage,employeeId,"
    "accountEnabled,userType"
)
# Bytes. A portrait of 240 pixels takes about 15,000; more is not one.
_MAX_PHOTO: Final = 256 * 1024
# What an image begins with decides what it is, not what its sender calls it: the broker serves it later from its own
# address.
_IMAGES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))
# Entra names at most a few thousand groups of one person; beyond this the answer is not believed.
_MAX_GROUPS: Final = 10_000


class GraphFailure(Exception):
    """Graph did not answer as it should. ``status`` is None when there was no answer; ``retry_after``: seconds, if it
    said.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, code: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether trying later is the right thing: no answer, throttled, or broken at their side."""
        return self.status is None or self.status == 429 or self.status >= 500 or self.status == 200


class Graph:
    """Reads as the person who has just signed in."""

    def __init__(self, http: HttpClient, host: str) -> None:
        self._http = http
        self._base = f"{host}/v1.0"

    def me(self, token: Secret) -> Mapping[str, Any]:
        """The person's properties; raises ``GraphFailure``."""
        return _object(self._get(f"/me?$select={_FIELDS}", token))

    def member_object_ids(self, token: Secret) -> tuple[str, ...]:
        """The object ids of every group and role of the person, nested ones too; raises ``GraphFailure``."""
        try:
            answer = self._http.post_json(
                f"{self._base}/me/getMemberObjects", {"securityEnabledOnly": False}, headers=_bearer(token)
            )
        except HttpFailure as failure:
            raise GraphFailure(str(failure)) from failure
        ids = _object(answer).get("value")
        if not isinstance(ids, list) or len(ids) > _MAX_GROUPS or not all(isinstance(item, str) for item in ids):
            raise GraphFailure("value is not a list of ids", status=200)
        return tuple(ids)

    def photo(self, token: Secret) -> tuple[str, bytes] | None:
        """Media type and bytes of the portrait, None if there is none; raises ``GraphFailure``."""
        answer = self._get("/me/photos/240x240/$value", token, accept="image/*")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise failure_of(answer)
        media_type = next((name for start, name in _IMAGES if answer.body.startswith(start)), None)
        if media_type is None or len(answer.body) > _MAX_PHOTO:
            raise GraphFailure("not a portrait", status=200)
        return media_type, answer.body

    def _get(self, path: str, token: Secret, accept: str = "application/json") -> HttpAnswer:
        try:
            return self._http.get(f"{self._base}{path}", headers={**_bearer(token), "Accept": accept})
        except HttpFailure as failure:
            raise GraphFailure(str(failure)) from failure


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}


def _object(answer: HttpAnswer) -> dict[str, Any]:
    if answer.status != 200:
        raise failure_of(answer)
    try:
        return answer.json_object()
    except HttpFailure as failure:
        raise GraphFailure(str(failure), status=200) from failure


def failure_of(answer: HttpAnswer) -> GraphFailure:
    """Keeps the code of the error body (section 4.6) and nothing else of it."""
    code = ""
    try:
        error = answer.json_object().get("error")
        if isinstance(error, dict) and isinstance(error.get("code"), str) and error["code"].isidentifier():
            code = error["code"][:60]
    except HttpFailure:
        code = ""  # A body that is no JSON has no code; the status says enough.
    return GraphFailure(
        f"status {answer.status} {code}".strip(),
        status=answer.status,
        code=code,
        retry_after=retry_after_seconds(answer.headers),
    )


def retry_after_seconds(headers: Mapping[str, str]) -> int | None:
    """``Retry-After`` in whole seconds, as Microsoft sends it, at most an hour (entra-id reference, section 2.3)."""
    text = headers.get("retry-after", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() and len(text) < 10 else None
