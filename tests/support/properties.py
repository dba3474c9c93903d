"""How property tests run: as many examples as usual, however busy the machine is."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

# A deadline for one example would be a timing assertion.
steady: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
