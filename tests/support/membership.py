"""The membership flows over a world's stores, as another worker would have them: for what has no page."""

from __future__ import annotations

from pathlib import Path

from broker.admission import Gate
from broker.composition.membership import membership
from broker.composition.surroundings import live_organizations
from broker.federation.load import load
from broker.mailing.configured import configured_mailer
from broker.membership.assembly import Membership
from tests.support.world import ENVIRON, World


def membership_of(world: World, folder: Path) -> Membership:
    """``folder`` is the world's."""
    configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
    organizations = live_organizations(configuration, world.around)
    gate = Gate(organizations, world.clock)
    mailer = configured_mailer(configuration, world.clock, world.around.entropy)
    return membership(configuration, organizations, gate, world.around, mailer, lambda _: None)
