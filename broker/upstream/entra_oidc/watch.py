"""Reads a directory as an application: changes of its people, one person, subscriptions (entra-id reference, section
4.7).

Links in Graph's answers are never followed (threats UO-21): of one that is where it must be, the token is taken, and
the next address is made from configuration again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from broker.clock import Clock
from broker.http_client import HttpAnswer, HttpClient, HttpFailure
from broker.identity import Secret, parse_guid
from broker.refreshing import Unavailable
from broker.upstream.entra.graph import GraphFailure
from broker.upstream.entra.graph import failure_of as graph_failure
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.metadata import MetadataCache
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.entra_oidc.token import TokenEndpointDown, TokenEndpointRefused, ask_for_itself
from broker.watching.directory import CursorExpired, LookFailed, Page, PersonState, Trouble

NOTIFICATIONS_PATH: Final = "/upstream/entra/notifications"

_GLOBAL_GRAPH: Final = "https://graph.microsoft.com"
# Graph of the national clouds is the resource of its own tokens; anything else stands in for the global one.
_NATIONAL: Final = (
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)
_SELECT: Final = "id,accountEnabled,signInSessionsValidFromDateTime"
_TOKEN_NAMES: Final = ("$skiptoken", "$deltatoken")
# Characters; Graph's are a few hundred.
_LONGEST_TOKEN: Final = 8192
# People on one page: Graph gives 100 to 200 of a delta query, and 1 MiB (threats G8) holds no more than this.
_MOST_PEOPLE: Final = 5_000
# A token is replaced so long before its end.
_BEFORE_END: Final = timedelta(minutes=5)
# Graph says so when a delta token is too old or damaged, besides the status 410.
_RESYNC: Final = frozenset({"resyncRequired", "syncStateNotFound", "syncStateInvalid"})

_TROUBLES: Final[Mapping[str, Trouble]] = {
    "invalid_client": "credential_expired",
    "unauthorized_client": "app_disabled",
}


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret
    until: datetime


class EntraDirectoryReader:
    """With the application permission ``User.Read.All`` in each tenant. Safe for threads."""

    def __init__(
        self,
        http: HttpClient,
        credential: ClientCredential,
        metadata: MetadataCache,
        clock: Clock,
        settings: EntraOidcSettings,
        *,
        public_url: str,
    ) -> None:
        self._http = http
        self._credential = credential
        self._metadata = metadata
        self._clock = clock
        self._client_id = settings.client_id
        self._base = f"{settings.graph_host}/v1.0"
        resource = settings.graph_host if settings.graph_host in _NATIONAL else _GLOBAL_GRAPH
        self._scope = f"{resource}/.default"
        self._notifications = f"{public_url}{NOTIFICATIONS_PATH}"
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    # -- reading ----------------------------------------------------------------------------------------------

    def changes(self, tenant_id: str, cursor: str | None) -> Page:
        """A page of ``/users/delta``, tracking what decides who stays and nothing else."""
        query = json.loads(cursor) if cursor is not None else {"$select": _SELECT}
        answer = self._get(tenant_id, f"/users/delta?{urlencode(query)}")
        if answer.status == 410 or (answer.status >= 400 and graph_failure(answer).code in _RESYNC):
            raise CursorExpired(f"status {answer.status}")
        body = self._object(answer, tenant_id)
        items = body.get("value")
        if not isinstance(items, list) or len(items) > _MOST_PEOPLE:
            raise LookFailed("value is not a list of people")
        people = tuple(state for state in map(_person, items) if state is not None)
        more, end = body.get("@odata.nextLink"), body.get("@odata.deltaLink")
        return Page(people, self._cursor(more if more is not None else end), is_last=more is None)

    def person(self, tenant_id: str, object_id: str) -> PersonState:
        """One person now; somebody who is not found is gone."""
        wanted = parse_guid(object_id)
        answer = self._get(tenant_id, f"/users/{wanted}?{urlencode({'$select': _SELECT})}")
        if answer.status == 404 and graph_failure(answer).code == "Request_ResourceNotFound":
            return PersonState(wanted, gone=True)
        state = _person(self._object(answer, tenant_id))
        if state is None or state.object_id != wanted:
            raise LookFailed("Graph answered for another person")
        return state

    # -- subscriptions ----------------------------------------------------------------------------------------

    def subscribe(self, tenant_id: str, client_state: Secret, until: datetime) -> str:
        """To changes and deletions of everybody in the directory."""
        wanted = {
            "changeType": "updated,deleted",
            "notificationUrl": self._notifications,
            "resource": "users",
            "expirationDateTime": _written(until),
            "clientState": client_state.reveal(),
        }
        answer = self._send("POST", tenant_id, "/subscriptions", wanted)
        if answer.status not in (200, 201):
            raise self._failed(answer, tenant_id)
        name = self._json(answer).get("id")
        try:
            return parse_guid(name)
        except ValueError as error:
            raise LookFailed("the subscription has no id") from error

    def renew(self, tenant_id: str, subscription: str, until: datetime) -> bool:
        wanted = {"expirationDateTime": _written(until)}
        answer = self._send("PATCH", tenant_id, f"/subscriptions/{parse_guid(subscription)}", wanted)
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self._failed(answer, tenant_id)
        return True

    # -- shared -----------------------------------------------------------------------------------------------

    def _get(self, tenant_id: str, path: str) -> HttpAnswer:
        token = self._token(tenant_id)
        try:
            return self._http.get(f"{self._base}{path}", headers={**_bearer(token), "Accept": "application/json"})
        except HttpFailure as failure:
            raise LookFailed(str(failure)) from failure

    def _send(self, method: str, tenant_id: str, path: str, body: Mapping[str, str]) -> HttpAnswer:
        token = self._token(tenant_id)
        send = self._http.post_json if method == "POST" else self._http.patch_json
        try:
            return send(f"{self._base}{path}", dict(body), headers=_bearer(token))
        except HttpFailure as failure:
            raise LookFailed(str(failure)) from failure

    def _token(self, tenant_id: str) -> Secret:
        now = self._clock.now()
        with self._lock:
            held = self._held.get(tenant_id)
        if held is not None and now < held.until:
            return held.token
        try:
            endpoint = self._metadata.of(tenant_id).token_endpoint
            got = ask_for_itself(
                self._http, self._credential, token_endpoint=endpoint, client_id=self._client_id, scope=self._scope
            )
        except (TokenEndpointDown, Unavailable) as failure:
            raise LookFailed(str(failure)) from failure
        except TokenEndpointRefused as refused:
            error = refused.error
            detail = f"{error.error} {' '.join(map(str, error.numbers))}"
            raise LookFailed(detail, _TROUBLES.get(error.error)) from refused
        until = now + max(timedelta(seconds=got.expires_in) - _BEFORE_END, timedelta(seconds=1))
        with self._lock:
            self._held[tenant_id] = _Held(got.access_token, until)
        return got.access_token

    def _object(self, answer: HttpAnswer, tenant_id: str) -> Mapping[str, Any]:
        if answer.status != 200:
            raise self._failed(answer, tenant_id)
        return self._json(answer)

    def _json(self, answer: HttpAnswer) -> Mapping[str, Any]:
        try:
            return answer.json_object()
        except HttpFailure as failure:
            raise LookFailed(str(failure)) from failure

    def _failed(self, answer: HttpAnswer, tenant_id: str) -> LookFailed:
        """A token that is refused is not used again: the permission may have come meanwhile, or gone."""
        failure: GraphFailure = graph_failure(answer)
        if answer.status in (401, 403):
            with self._lock:
                self._held.pop(tenant_id, None)
        trouble: Trouble | None = "permission_missing" if answer.status == 403 else None
        return LookFailed(failure.detail, trouble, retry_after_seconds=failure.retry_after or 0)

    def _cursor(self, link: object) -> str:
        try:
            parts = urlsplit(link) if isinstance(link, str) and len(link) <= 2 * _LONGEST_TOKEN else None
            query = parse_qs(parts.query, max_num_fields=16) if parts is not None else {}
        except ValueError as error:
            raise LookFailed("a link is no address") from error
        expected = urlsplit(f"{self._base}/users/delta")
        if parts is None or (parts.scheme, parts.netloc, parts.path) != expected[:3]:
            raise LookFailed("a link leads elsewhere than to the changes of people")
        tokens = {name: query[name][0] for name in _TOKEN_NAMES if name in query}
        once = all(len(query[name]) == 1 and query[name][0].isprintable() for name in tokens)
        if len(tokens) != 1 or not once:
            raise LookFailed("a link has no token, or several")
        return json.dumps(tokens)


def _person(item: object) -> PersonState | None:
    if not isinstance(item, dict):
        return None
    try:
        object_id = parse_guid(item.get("id"))
    except ValueError:
        return None
    enabled = item.get("accountEnabled")
    return PersonState(
        object_id,
        gone="@removed" in item,
        enabled=enabled if isinstance(enabled, bool) else None,
        sessions_valid_from=_moment(item.get("signInSessionsValidFromDateTime")),
    )


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")



def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}
