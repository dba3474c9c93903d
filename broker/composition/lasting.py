"""What an application leaves to the one that takes its place when the configuration changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

from broker.composition.entra import http_client
from broker.composition.surroundings import Surroundings, ca_bundle
from broker.federation.load import Configuration
from broker.federation.model import SmtpMail
from broker.http_client import HttpClient
from broker.jose.key_ring import KeyRing
from broker.mail import Mailer
from broker.mailing.configured import configured_mailer
from broker.upstream.entra_oidc.memory import EntraMemory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Part = Literal["http", "memory", "mailer"]


class Application(Protocol):
    """What ``broker.app.create_app`` makes, as far as it is exchanged for another one."""

    @property
    def extensions(self) -> dict[str, Any]: ...

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse, /) -> Iterable[bytes]: ...


@dataclass(frozen=True, slots=True)
class Lasting:
    """Connections to others, what is remembered of Entra, our opened keys, and letters that wait: so that nobody who
    signs in after a change waits for what was there before it. ``app.extensions[Lasting.NAME]`` is an application's.

    ``made_of``: the settings that a part was made with. It is taken over while they are the same, and made anew
    otherwise; the keys always, since neither stores nor sealing key change while the broker runs.
    """

    NAME: ClassVar[str] = "lasting"

    http: HttpClient
    memory: EntraMemory
    mailer: Mailer
    keys: KeyRing
    made_of: Mapping[Part, object] = field(repr=False)

    @classmethod
    def of(cls, configuration: Configuration, around: Surroundings, before: Self | None = None) -> Self:
        """For an application with this configuration over the same stores as ``before``."""
        made_of = _made_of(configuration)

        def kept(part: Part) -> Self | None:
            return before if before is not None and before.made_of[part] == made_of[part] else None

        http = held.http if (held := kept("http")) else http_client(configuration)
        host = configuration.broker.entra.authority_host
        return cls(
            http=http,
            memory=held.memory if (held := kept("memory")) else EntraMemory.empty(http, around.clock, host),
            mailer=held.mailer
            if (held := kept("mailer"))
            else configured_mailer(configuration, around.clock, around.entropy),
            keys=before.keys
            if before is not None
            else KeyRing.open(around.directory, configuration.sealing_key(), around.clock),
            made_of=made_of,
        )


def _made_of(configuration: Configuration) -> Mapping[Part, object]:
    settings = configuration.broker
    bundle = ca_bundle(configuration)
    # A file of the same name whose content was replaced is another one.
    outbound = (settings.outbound, configuration.marks.get(bundle) if bundle is not None else None)
    password = settings.mail.password if isinstance(settings.mail, SmtpMail) else None
    secret = hashlib.sha256(configuration.secret(password).reveal().encode()).digest() if password is not None else None
    return {
        "http": outbound,
        "memory": (outbound, settings.entra.authority_host),
        "mailer": (settings.mail, secret, outbound, settings.stores.directory),
    }
