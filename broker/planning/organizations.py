"""What changes in organisations mean for who gets in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from broker.claims.rules import OrganizationRules, Rule
from broker.federation.configuration import Configuration
from broker.federation.model import EntraConnection, OrganizationConfig
from broker.planning.effect import Direction, Effect


def of_organizations(old: Configuration, new: Configuration) -> Iterator[Effect]:
    """Of all that were, are, or are others."""
    before = {each.organization: each for each in old.organizations}
    after = {each.organization: each for each in new.organizations}
    for name in sorted({*before, *after}):
        was, will = before.get(name), after.get(name)
        if was is None and will is not None:
            yield from _new_organization(will)
        elif was is not None and will is None:
            yield from _gone_organization(was)
        elif was is not None and will is not None and (was, old.rules(name)) != (will, new.rules(name)):
            yield from _federation(was, will)
            yield from _domains(was, will)
            yield from _rules(name, old.rules(name), new.rules(name))
            yield from _hooks(was, will)


def _new_organization(config: OrganizationConfig) -> Iterator[Effect]:
    domains = ", ".join(config.domains)
    if isinstance(tenant := _tenant(config), str):
        sentence = f"people of {domains} sign in with the tenant {tenant}, and in no other way"
        yield Effect("stronger", config.organization, sentence)
    else:
        yield Effect("different", config.organization, f"a new organization, with {domains}")


def _gone_organization(config: OrganizationConfig) -> Iterator[Effect]:
    if _tenant(config) is not None:
        sentence = "its file is gone, and with it its rules; it stays enforced by the records until it is disconnected"
        yield Effect("weaker", config.organization, sentence)
    else:
        yield Effect("different", config.organization, "the organization is gone")


def _tenant(config: OrganizationConfig) -> str | None:
    trust = config.federation.connection if config.federation is not None else None
    return trust.tenant_id if isinstance(trust, EntraConnection) else None


def _federation(was: OrganizationConfig, will: OrganizationConfig) -> Iterator[Effect]:
    name, before, after = was.organization, _tenant(was), _tenant(will)
    if before is None and after is not None:
        yield Effect("stronger", name, f"its people sign in with the tenant {after}, and in no other way")
    elif before is not None and after is None:
        sentence = "its file no longer declares it federated; it stays so by the records until it is disconnected"
        yield Effect("weaker", name, sentence)
    elif before != after:
        yield Effect("different", name, f"its people come from the tenant {after}, and no more from {before}")
    if was.federation is None or will.federation is None:
        return
    if was.federation.guests != will.federation.guests:
        admits = will.federation.guests == "admit"
        yield Effect("weaker" if admits else "stronger", name, f"guests: {will.federation.guests}")
    if was.federation.default_role != will.federation.default_role:
        role = will.federation.default_role
        direction: Direction = "weaker" if role == "administrator" else "different"
        yield Effect(direction, name, f"new accounts have the role {role}, from {was.federation.default_role}")
    if was.scim is None and will.scim is not None:
        yield Effect("weaker", name, "its directory may create and change accounts by SCIM")
    elif was.scim is not None and will.scim is None:
        yield Effect("stronger", name, "SCIM in is off")


def _domains(was: OrganizationConfig, will: OrganizationConfig) -> Iterator[Effect]:
    for domain in sorted(set(will.domains) - set(was.domains)):
        yield Effect("different", was.organization, f"addresses at {domain} are its own")
    for domain in sorted(set(was.domains) - set(will.domains)):
        yield Effect("weaker", was.organization, f"addresses at {domain} are its own no more")


def _rules(name: str, old: OrganizationRules, new: OrganizationRules) -> Iterator[Effect]:
    for group, before, after in (("require", old.require, new.require), ("admit", old.admit, new.admit)):
        was, will = _by_name(before), _by_name(after)
        for key in dict.fromkeys((*was, *will)):
            label = f"{group} rule {key[1]}" + (f" of the set {key[0]}" if key[0] else "")
            if key not in was:
                yield Effect("stronger", name, f"{label}: {_source(will[key])}", will[key].that.location)
            elif key not in will:
                yield Effect("weaker", name, f"{label} is gone: {_source(was[key])}", was[key].that.location)
            elif was[key].that.source != will[key].that.source:
                sentence = f"{label} becomes {_source(will[key])}, from {_source(was[key])}"
                yield Effect("different", name, sentence, will[key].that.location)


def _by_name(rules: Sequence[Rule]) -> dict[tuple[str | None, str], Rule]:
    return {(rule.set_name, rule.name): rule for rule in rules}


def _source(rule: Rule) -> str:
    return " ".join(rule.that.source.split())


def _hooks(was: OrganizationConfig, will: OrganizationConfig) -> Iterator[Effect]:
    before = {hook.name: hook for hook in was.provisioning.hooks}
    after = {hook.name: hook for hook in will.provisioning.hooks}
    for name in sorted({*before, *after}):
        asked, will_be = _may_refuse(before.get(name)), _may_refuse(after.get(name))
        if asked and not will_be:
            yield Effect("weaker", was.organization, f"the hook {name} can refuse an account no more")
        elif will_be and not asked:
            yield Effect("stronger", was.organization, f"the hook {name} can refuse an account")


def _may_refuse(hook: Any) -> bool:
    return getattr(hook, "when", "after") == "before" and hook.on_failure == "refuse"
