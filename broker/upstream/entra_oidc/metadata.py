"""Entra's discovery documents, one for each authority that is used (OpenID Connect Discovery 4.3; threats UO-22)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from broker.clock import Clock
from broker.http_client import HttpClient, HttpFailure
from broker.refreshing import Background, Refreshing, Schedule, Unavailable, in_thread
from broker.upstream.entra.tenants import ORGANIZATIONS, issuer_template


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was checked of a document. ``issuer`` has the tenant's placeholder when ``tenant_id`` is None."""

    tenant_id: str | None
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    cloud_instance_name: str | None


class MetadataCache:
    """Gives the metadata of an authority. There are no more of them than connections."""

    def __init__(
        self,
        http: HttpClient,
        clock: Clock,
        authority_host: str,
        *,
        schedule: Schedule | None = None,
        background: Background = in_thread,
    ) -> None:
        self._http = http
        self._clock = clock
        self._host = authority_host
        self._schedule = schedule
        self._background = background
        self._lock = threading.Lock()
        self._documents: dict[str | None, Refreshing[Metadata]] = {}

    def of(self, tenant_id: str | None) -> Metadata:
        """The metadata of a tenant, or of the authority of all work accounts; raises ``Unavailable``."""
        with self._lock:
            document = self._documents.get(tenant_id)
            if document is None:
                document = self._documents[tenant_id] = Refreshing(
                    self._address(tenant_id),
                    lambda: self._fetch(tenant_id),
                    self._clock,
                    self._schedule,
                    self._background,
                )
        return document.get()

    def _address(self, tenant_id: str | None) -> str:
        return f"{self._host}/{tenant_id or ORGANIZATIONS}/v2.0/.well-known/openid-configuration"

    def _fetch(self, tenant_id: str | None) -> Metadata:
        try:
            answer = self._http.get(self._address(tenant_id))
            if answer.status != 200:
                raise Unavailable("metadata", f"status {answer.status}")
            return read_metadata(answer.json_object(), self._host, tenant_id)
        except HttpFailure as failure:
            raise Unavailable("metadata", str(failure)) from failure


def read_metadata(document: Mapping[str, Any], authority_host: str, tenant_id: str | None) -> Metadata:
    """Checks a document; raises ``Unavailable`` (``metadata``).

    The issuer must be the one that belongs to the authority asked, and every endpoint must be on its host, so that no
    document can send a code, our credential or our trust elsewhere.
    """
    if document.get("issuer") != issuer_template(authority_host, tenant_id):
        raise Unavailable("metadata", "the issuer is not that of the authority asked")
    cloud = document.get("cloud_instance_name")
    if cloud is not None and not isinstance(cloud, str):
        raise Unavailable("metadata", "cloud_instance_name is not a string")
    return Metadata(
        tenant_id=tenant_id,
        issuer=document["issuer"],
        authorization_endpoint=_endpoint(document, "authorization_endpoint", authority_host),
        token_endpoint=_endpoint(document, "token_endpoint", authority_host),
        jwks_uri=_endpoint(document, "jwks_uri", authority_host),
        cloud_instance_name=cloud,
    )


def _endpoint(document: Mapping[str, Any], name: str, authority_host: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        raise Unavailable("metadata", f"{name} is missing or not an address")
    try:
        parts, host = urlsplit(value), urlsplit(authority_host)
        same = (parts.scheme, parts.netloc) == (host.scheme, host.netloc)
    except ValueError as error:
        raise Unavailable("metadata", f"{name} is not an address") from error
    if not same or parts.fragment:
        raise Unavailable("metadata", f"{name} is on another host than the authority")
    return value
