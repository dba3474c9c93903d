"""FE-16: somebody of the operator's acts for a person of the organisation: there is no such way, and what comes nearest
to it, the break-glass, has a reason, a banner and a trail.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.glass.windows import CannotOpen
from tests.support.glass import GIORGOS, Glass
from tests.support.world import ELENI, World


def test_fe_16_the_operator_opens_and_the_person_alone_comes_in(world: World) -> None:
    """Opening gives the operator nothing: each named person comes in as themselves, with their own passkey."""
    glass = Glass(world)
    glass.ready()
    glass.ready(GIORGOS)
    with pytest.raises(CannotOpen, match="why"):
        glass.windows.open("aegean-foods", timedelta(minutes=5), " ", "operator")
    glass.open()
    browser = world.browser()
    assert glass.come_in(browser, ELENI).status_code == 303
    page = world.go(browser, "/").text
    assert "Eleni Markou" in page
    assert 'id="break-glass-banner"' in page
    used = world.around.records.audit.latest("aegean-foods", "break_glass_used")
    opened = world.around.records.audit.latest("aegean-foods", "break_glass_opened")
    assert used is not None
    assert opened is not None
    assert (used.entry.actor, used.entry.account) == (glass.account().id, glass.account().id)
    assert opened.entry.actor == "operator"
    assert (opened.entry.detail or {})["why"] == "drill"
    assert world.around.records.audit.first_broken() is None
