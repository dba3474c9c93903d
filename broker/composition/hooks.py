"""The provisioning hooks that the configuration names, and the delivery of what they are to hear."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from broker.clock import Clock
from broker.composition.keys import derived
from broker.composition.surroundings import Surroundings
from broker.federation.hook_shapes import EntryPointHook, ScimPush, Webhook
from broker.federation.load import Configuration
from broker.hooks import entry_point
from broker.hooks.background import DeliveryThread
from broker.hooks.delivering import Deliverer
from broker.hooks.webhook import WebhookApplication
from broker.http_client import HttpClient
from broker.location import Location
from broker.provisioning.consulting import Consulting
from broker.provisioning.hooks import Application, Hook, Hooks, NoHooks


@dataclass(frozen=True, slots=True)
class ConfiguredHooks:
    """``Hooks`` as the files of the organisations name them."""

    by_organization: Mapping[str, Sequence[Hook]]

    def of(self, organization: str) -> Sequence[Hook]:
        return self.by_organization.get(organization, ())

    @classmethod
    def of_configuration(cls, configuration: Configuration, http: HttpClient, clock: Clock) -> ConfiguredHooks:
        """Raises ``HookNotLoaded`` where a package is missing, and ``ValueError`` for a secret that is none; the check
        of the configuration finds both before.
        """
        return cls(
            {
                each.organization: tuple(
                    _hook(configuration, each.organization, number, hook, http, clock)
                    for number, hook in enumerate(each.provisioning.hooks)
                )
                for each in configuration.organizations
                if each.provisioning.hooks
            }
        )


@dataclass(frozen=True, slots=True)
class HookSide:
    """Who is asked before an account is made, and who tells afterwards. ``app.extensions[HookSide.NAME]`` is an
    application's; the thread is started in the background of a worker.
    """

    NAME: ClassVar[str] = "hook_side"

    consulting: Consulting
    deliverer: Deliverer
    woken: threading.Event

    def thread(self) -> DeliveryThread:
        """What delivers in the background; not started yet."""
        return DeliveryThread(self.deliverer, self.woken)


def hook_side(
    configuration: Configuration, around: Surroundings, http: HttpClient, *, hooks: Hooks | None = None
) -> HookSide:
    """All of it; over other hooks for the twin of a proof, whose people are nobody's."""
    if hooks is None:
        hooks = ConfiguredHooks.of_configuration(configuration, http, around.clock)
    woken = threading.Event()
    consulting = Consulting(hooks, around.clock, key=derived(configuration, "account ids"), wake=woken.set)
    return HookSide(consulting, Deliverer(around.records.outbox, hooks, around.clock, around.entropy), woken)


def nobody_hears(around: Surroundings) -> Consulting:
    """For flows that make no account."""
    return Consulting(NoHooks(), around.clock, key=b"")


def _hook(
    configuration: Configuration,
    organization: str,
    number: int,
    hook: Webhook | ScimPush | EntryPointHook,
    http: HttpClient,
    clock: Clock,
) -> Hook:
    location = _location(configuration, organization, number)
    application = _application(configuration, hook, http, clock)
    fields = frozenset(hook.fields)
    if isinstance(hook, ScimPush):
        return Hook(hook.name, "after", application, fields, location=location)
    return Hook(
        name=hook.name,
        when=hook.when,
        application=application,
        fields=fields,
        may_set=frozenset(hook.may_set),
        deadline=timedelta(seconds=hook.deadline_seconds),
        on_failure=hook.on_failure,
        location=location,
    )


def _application(
    configuration: Configuration, hook: Webhook | ScimPush | EntryPointHook, http: HttpClient, clock: Clock
) -> Application:
    match hook:
        case Webhook():
            named = [hook.secret, *([hook.previous_secret] if hook.previous_secret else [])]
            return WebhookApplication(http, clock, hook.url, [configuration.secret(name) for name in named])
        case ScimPush():
            # The library is an extra, and only this needs it.
            from broker.hooks.scim_push import ScimApplication

            return ScimApplication(http, clock, hook.url, configuration.secret(hook.token))
        case EntryPointHook():
            secrets = {name: configuration.secret(reference) for name, reference in hook.secrets.items()}
            return entry_point.load(hook.entry_point, dict(hook.settings), secrets)


def _location(configuration: Configuration, organization: str, number: int) -> Location | None:
    return configuration.location("organization", organization, ("provisioning", "hooks", number))
