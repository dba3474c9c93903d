"""``broker check --online``: who is asked what.

Nobody signs in, nothing is sent or changed, and no hook hears of it: documents that are public are fetched, addresses
are connected to, and at the mail server the broker proves itself and leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from broker.clock import SystemClock
from broker.composition.entra import http_client
from broker.dns.records import DnsUnanswered
from broker.dns.resolving import DnsTextRecords
from broker.entropy import SystemEntropy
from broker.federation.findings import Finding
from broker.federation.hook_shapes import ScimPush, Webhook
from broker.federation.load import Configuration
from broker.federation.model import EntraConnection, SmtpMail
from broker.federation.values import host_of
from broker.http_client import HttpClient, HttpFailure
from broker.jose.key_set import KeySetRefused, parse_key_set
from broker.mail import NotSent
from broker.mailing.configured import smtp_server
from broker.mailing.smtp import SmtpMailer
from broker.reaching import Probe, Unreachable, reach_all
from broker.refreshing import Unavailable
from broker.upstream.entra.tenants import ORGANIZATIONS
from broker.upstream.entra_oidc.metadata import read_metadata

_WITHIN: Final = timedelta(seconds=60)


def check_online(configuration: Configuration, within: timedelta = _WITHIN) -> list[Finding]:
    """Every finding about others that the configuration names, each at the key that names them."""
    http = http_client(configuration)
    try:
        return reach_all(list(_Others(configuration, http).probes()), within)
    finally:
        http.close()


@dataclass(frozen=True, slots=True)
class _Others:
    configuration: Configuration
    http: HttpClient

    def probes(self) -> Iterator[Probe]:
        yield from self._entra()
        yield from self._organizations()
        yield from self._applications()
        yield from self._resolvers()
        yield from self._mail_server()

    def _entra(self) -> Iterator[Probe]:
        entra = self.configuration.broker.entra
        at = self.configuration.location("broker", path=("entra", "authority_host"))
        yield Probe(at, f"{entra.authority_host} (sign-in)", partial(self._authority, None))
        at = self.configuration.location("broker", path=("entra", "graph_host"))
        yield Probe(at, f"{entra.graph_host} (Graph)", partial(self._answers, f"{entra.graph_host}/v1.0/me"))

    def _authority(self, tenant_id: str | None) -> None:
        """Its metadata, its keys, and whether its token endpoint answers."""
        host = self.configuration.broker.entra.authority_host
        address = f"{host}/{tenant_id or ORGANIZATIONS}/v2.0/.well-known/openid-configuration"
        try:
            answer = self.http.get(address)
            if answer.status in (400, 404) and tenant_id is not None:
                raise Unreachable(f"no such directory there (status {answer.status})")
            if answer.status != 200:
                raise Unreachable(f"no metadata (status {answer.status})")
            metadata = read_metadata(answer.json_object(), host, tenant_id)
            answer = self.http.get(metadata.jwks_uri)
            if answer.status != 200 or not parse_key_set(answer.json()):
                raise Unreachable(f"no keys at {metadata.jwks_uri} (status {answer.status})")
        except HttpFailure as failure:
            raise Unreachable(str(failure)) from failure
        except (Unavailable, KeySetRefused) as refusal:
            raise Unreachable(str(refusal)) from refusal
        self._answers(metadata.token_endpoint)

    def _answers(self, url: str) -> None:
        """Any answer will do that is not the server's own trouble."""
        try:
            answer = self.http.get(url)
        except HttpFailure as failure:
            raise Unreachable(str(failure)) from failure
        if answer.status >= 500:
            raise Unreachable(f"{url} answers with status {answer.status}")

    def _connects(self, url: str) -> None:
        try:
            self.http.reach(url)
        except HttpFailure as failure:
            raise Unreachable(str(failure)) from failure

    def _organizations(self) -> Iterator[Probe]:
        for organization in self.configuration.organizations:
            name = organization.organization
            federation = organization.federation
            if federation is not None and isinstance(federation.connection, EntraConnection):
                tenant_id = federation.connection.tenant_id
                at = self.configuration.location("organization", name, ("federation", "connection", "tenant_id"))
                yield Probe(at, f"the directory {tenant_id}", partial(self._authority, tenant_id))
            for index, hook in enumerate(organization.provisioning.hooks):
                if isinstance(hook, Webhook | ScimPush):
                    at = self.configuration.location("organization", name, ("provisioning", "hooks", index, "url"))
                    yield Probe(at, f"the hook {hook.name}", partial(self._connects, hook.url))

    def _applications(self) -> Iterator[Probe]:
        for party in self.configuration.relying_parties:
            if party.backchannel_logout_uri is not None:
                at = self.configuration.location("relying_party", party.client_id, ("backchannel_logout_uri",))
                yield Probe(at, "backchannel_logout_uri", partial(self._connects, party.backchannel_logout_uri))

    def _resolvers(self) -> Iterator[Probe]:
        domains = self.configuration.broker.domains
        host = host_of(self.configuration.broker.public_url)
        for index, address in enumerate(domains.resolvers):
            records = DnsTextRecords([address], domains.port, timedelta(seconds=domains.timeout_seconds))
            at = self.configuration.location("broker", path=("domains", "resolvers", index))
            yield Probe(at, f"the resolver {address}", partial(_resolves, records, host))

    def _mail_server(self) -> Iterator[Probe]:
        mail = self.configuration.broker.mail
        if isinstance(mail, SmtpMail):
            mailer = SmtpMailer(smtp_server(self.configuration, mail), SystemClock(), SystemEntropy())
            at = self.configuration.location("broker", path=("mail", "host"))
            yield Probe(at, f"the mail server {mail.host}", partial(_takes_letters, mailer))


def _resolves(records: DnsTextRecords, host: str) -> None:
    try:
        records.lookup(host)  # That there is no such name is an answer as well.
    except DnsUnanswered as failure:
        raise Unreachable(str(failure)) from failure


def _takes_letters(mailer: SmtpMailer) -> None:
    try:
        mailer.greet()
    except NotSent as failure:
        raise Unreachable(str(failure)) from failure
