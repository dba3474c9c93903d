"""Creates accounts at a SCIM 2.0 server (RFC 7644): the one home of the SCIM client's library."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from scim2_client import BaseSyncSCIMClient, SCIMClientException
from scim2_models import (
    Address,
    Email,
    EnterpriseUser,
    ListResponse,
    Name,
    PhoneNumber,
    ResourceType,
    SCIMException,
    ScimProvider,
    User,
)

from broker.clock import Clock
from broker.hooks.webhook import failed_by
from broker.http_client import HttpAnswer, HttpClient, HttpFailure
from broker.identity import Secret
from broker.provisioning.hooks import Answer, Event, HookFailed

# Bytes of an answer: a user as the server has it, and the schemas that it repeats.
MAX_ANSWER_BYTES: Final = 256 * 1024
_CONTENT_TYPE: Final = "application/scim+json"
_CONFLICT: Final = 409
_USER: Final = User[EnterpriseUser]

_T = TypeVar("_T")


class ScimApplication:
    """``Application`` that is a SCIM 2.0 server: it is told, and never asked.

    An account is created once, whatever is lost on the way: its id is the ``externalId``, by which it is looked for
    before every attempt. A user whom the server has under the same name, and not from us, is nobody whom we may touch.
    """

    def __init__(self, http: HttpClient, clock: Clock, url: str, token: Secret) -> None:
        """``url``: the base address, below which ``/Users`` is."""
        self._http = http
        self._clock = clock
        self._url = url.rstrip("/")
        self._token = token

    def ask(self, event: Event, within: timedelta) -> Answer:
        """SCIM has no way of asking; the configuration does not let anybody."""
        del event, within
        raise HookFailed("not_asked", is_final=True)

    def tell(self, event: Event, within: timedelta) -> None:
        """Returns when the server has the user."""
        server = _Server(self._http, self._clock, self._url, self._token, within)
        if server.has(event.account_id):
            return
        try:
            server.make(user_of(event))
        except HookFailed as failure:
            if failure.reason != f"status_{_CONFLICT}":
                raise
            if not server.has(event.account_id):  # Somebody else's user, then, and not one of a lost answer.
                raise HookFailed("name_taken", is_final=True) from failure


def user_of(event: Event) -> User[EnterpriseUser]:
    """The account as a SCIM user (RFC 7643 section 4.1), with the fields that the hook may know."""
    fields = event.fields
    email = fields.get("email")
    user = _USER(
        external_id=event.account_id,
        user_name=email or event.account_id,
        name=_some(Name, given_name=fields.get("first_name"), family_name=fields.get("last_name")),
        display_name=fields.get("display_name"),
        title=fields.get("job_title"),
        preferred_language=fields.get("language"),
        active=True,
    )
    if email:
        user.emails = [Email(value=email, type=Email.Type.work, primary=True)]
    kinds = {"work_phone": PhoneNumber.Type.work, "mobile_phone": PhoneNumber.Type.mobile}
    user.phone_numbers = [
        PhoneNumber(value=fields[name], type=kind) for name, kind in kinds.items() if name in fields
    ] or None
    address = _some(
        Address,
        street_address=fields.get("work_street"),
        locality=fields.get("work_city"),
        region=fields.get("work_state"),
        postal_code=fields.get("work_postal_code"),
    )
    if address is not None:
        address.type = Address.Type.work
        user.addresses = [address]
    enterprise = _some(EnterpriseUser, department=fields.get("department"), employee_number=fields.get("employee_id"))
    if enterprise is not None:
        user[EnterpriseUser] = enterprise
    return user


def _some(kind: type[Any], **values: str | None) -> Any:
    """One of this kind, or None if it would hold nothing."""
    given = {name: value for name, value in values.items() if value}
    return kind(**given) if given else None


class _Response:
    """``scim2_client``'s response over ours."""

    def __init__(self, answer: HttpAnswer) -> None:
        self.answer = answer
        self.status_code = answer.status
        self.text = answer.body.decode("utf-8", "replace")

    @property
    def headers(self) -> _Headers:
        return _Headers(self.answer.headers)


class _Headers:
    def __init__(self, by_lower_name: Mapping[str, str]) -> None:
        self._values = by_lower_name

    def get(self, key: str, /) -> str | None:
        return self._values.get(key.lower())


class _Server(BaseSyncSCIMClient):
    """The library's client over the one outbound client that there is (threats PR-05), for the calls of one event."""

    def __init__(self, http: HttpClient, clock: Clock, url: str, token: Secret, within: timedelta) -> None:
        super().__init__(
            provider=ScimProvider(models=[User, EnterpriseUser], resource_types=[ResourceType.from_resource(_USER)])
        )
        self._http = http
        self._clock = clock
        self._url = url
        self._secret = token
        self._ends_at = time.monotonic() + within.total_seconds()
        self._last: HttpAnswer | None = None

    def has(self, external_id: str) -> bool:
        """Whether there is a user of this ``externalId``; the library reads the answer."""
        found = self._carried_out(lambda: self.query(_USER, {"filter": f'externalId eq "{external_id}"'}))
        if not isinstance(found, ListResponse):
            raise HookFailed("answer")
        # Some servers do not know the filter and give everybody; and a count alone is nobody.
        return any(isinstance(each, User) and each.external_id == external_id for each in found.resources or [])

    def make(self, user: User[EnterpriseUser]) -> None:
        """Creates the user; raises ``HookFailed``, also if the answer is no user with an id."""
        made = self._carried_out(lambda: self.create(user))
        if not isinstance(made, User) or not made.id:
            raise HookFailed("answer")

    def request(self, method: str, url: str, **kwargs: Any) -> _Response:
        """What the library calls for each request, with ``params`` or ``json``."""
        query = urlencode(kwargs.get("params") or {}, doseq=True)
        body = json.dumps(kwargs["json"]).encode() if kwargs.get("json") is not None else None
        headers = {"Accept": _CONTENT_TYPE, "Authorization": f"Bearer {self._secret.reveal()}"}
        if body is not None:
            headers["Content-Type"] = _CONTENT_TYPE
        left = timedelta(seconds=self._ends_at - time.monotonic())
        if left <= timedelta(0):
            raise HookFailed("timeout", is_down=True)
        try:
            self._last = self._http.send(
                method,
                f"{self._url}{url}{'?' if query else ''}{query}",
                body,
                headers=headers,
                within=left,
                at_most=MAX_ANSWER_BYTES,
            )
        except HttpFailure as failure:
            raise HookFailed(failure.reason, is_down=True) from failure
        return _Response(self._last)

    def _carried_out(self, call: Callable[[], _T]) -> _T:
        """What the call gives; everything that can be wrong with an answer is a ``HookFailed``."""
        try:
            return call()
        except (SCIMClientException, SCIMException) as error:
            if self._last is not None and not 200 <= self._last.status < 300:
                raise failed_by(self._last, self._clock.now()) from error
            raise HookFailed("answer") from error
