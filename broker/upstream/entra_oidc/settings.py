"""What the connector has to know of the app registration, without knowing configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from broker.federation.model import EntraRegistration


@dataclass(frozen=True, slots=True)
class EntraOidcSettings:
    """One app registration. ``authentication_contexts``: our context class to Entra's (``c1`` … ``c25``)."""

    authority_host: str
    graph_host: str
    client_id: str
    response_mode: Literal["form_post", "query"] = "form_post"
    authentication_contexts: Mapping[str, str] = field(default_factory=dict)
    fetch_photo: bool = True

    @classmethod
    def of(cls, registration: EntraRegistration) -> EntraOidcSettings:
        """The settings that configuration gives; the credential is apart."""
        return cls(
            authority_host=registration.authority_host,
            graph_host=registration.graph_host,
            client_id=registration.client_id,
            response_mode=registration.response_mode,
            authentication_contexts=dict(registration.authentication_contexts),
            fetch_photo=registration.fetch_photo,
        )
