"""An organisation that is not connected yet, with an administrator: for whoever wants to click *Sign on with AD*.

Made as an operator would: invited by command, and the invitation accepted at its page.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker.demo.processes import StageError
from broker.demo.stage import Stage

# Its tenant is at the simulator, and has not consented to anything.
CYCLADES_FERRIES: Final[Mapping[str, Any]] = {
    "organization": "cyclades-ferries",
    "display_name": "Cyclades Ferries",
    "plan": "enterprise",
    "domains": ["cyclades-ferries.example"],
    "language": "en",
    "federation": {"connection": {"kind": "from-consent"}},
}

_LINK: Final = re.compile(r"https://\S+/invitations/[A-Za-z0-9_-]+")
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who administers it at Pobuca, by password; and who administers its directory at the simulated Microsoft."""

    address: str
    first_name: str
    last_name: str
    password: str
    directory_administrator: str


NEFELI: Final = Administrator(
    "nefeli.drakou@cyclades-ferries.example",
    "Nefeli",
    "Drakou",
    "blue ferries leave at seven",
    "global.admin@cyclades-ferries.example",
)


def invite_administrator(stage: Stage, person: Administrator = NEFELI) -> None:
    """Makes the account; raises ``StageError`` if a step does not work. Again: nothing, if it is there already."""
    add = ("-m", "broker", "org", "administrator", "add", "--config", str(stage.directory / "config"))
    done = subprocess.run(
        [sys.executable, *add, str(CYCLADES_FERRIES["organization"]), person.address],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode == 0 and "already" in done.stdout:
        return
    link = _LINK.search(done.stdout)
    if done.returncode != 0 or link is None:
        raise StageError(f"the administrator was not invited: {done.stderr or done.stdout}")
    form = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "new_password": person.password,
        "new_password_again": person.password,
    }
    answer = stage.session().post(link[0], data=form, allow_redirects=False)
    if answer.status_code != 303:
        raise StageError(f"the invitation was not accepted: {answer.status_code}")
