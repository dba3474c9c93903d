"""The configuration directory of a demonstration: what an operator would write by hand for these two organisations.

Written without the broker's own loader, as plain YAML, so that the broker reads it as it reads anybody's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from broker.demo.certificates import write_private

# Two organisations whose tenants the simulator has (reference users of both are in its seed).
AEGEAN_FOODS: Final[Mapping[str, Any]] = {
    "organization": "aegean-foods",
    "display_name": "Aegean Foods",
    "plan": "enterprise",
    "domains": ["aegeanfoods.example"],
    "language": "el",
    "federation": {"connection": {"kind": "entra-oidc", "tenant_id": "5b5e363c-6ca9-4f41-8070-9565fe497145"}},
}
HELIOS_SHIPPING: Final[Mapping[str, Any]] = {
    "organization": "helios-shipping",
    "display_name": "Helios Shipping",
    "plan": "enterprise",
    "domains": ["helios-shipping.example"],
    "federation": {"connection": {"kind": "entra-oidc", "tenant_id": "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"}},
}

# Groups of Aegean Foods' directory (the simulator's seed).
STAFF: Final = "0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11"
CRETE_SALES: Final = "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"

# What the demonstration adds, so that rules can be seen at work: one that keeps somebody out, one that transforms, and
# a map from groups to what the sample application calls a role.
AEGEAN_FOODS_RULED: Final[Mapping[str, Any]] = {
    **AEGEAN_FOODS,
    "federation": {
        **AEGEAN_FOODS["federation"],
        "require": [
            {
                "name": "no-shared-accounts",
                "that": 'upstream.email != "petros.makris@aegeanfoods.example"',
                "otherwise": "shared_account",
                "message": {
                    "en": "Shared accounts do not sign in here. Use your own.",
                    "el": "Οι κοινόχρηστοι λογαριασμοί δεν συνδέονται εδώ. Χρησιμοποιήστε τον δικό σας.",
                },
            }
        ],
        "attributes": {
            "department": {"value": 'has(graph.department) ? graph.department.upperAscii() : ""', "on": "create"}
        },
    },
}
ROLES: Final[Mapping[str, Any]] = {
    "claim_rules": "roles",
    "description": "What people may do in an application, by their groups in the directory.",
    "release": [
        {
            "name": "roles",
            "claim": "roles",
            "value": 'lookup_all("app-roles", identity.groups)',
            "to": ["id_token", "userinfo"],
            "optional": True,
        }
    ],
    "maps": {"app-roles": {STAFF: "reader", CRETE_SALES: ["editor", "reader"]}},
}

# A word that YAML 1.2 reads as a string, whatever reads it: no number, no date, no boolean, no null.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z_-]*(?: [A-Za-z_-]+)*")
_NOT_PLAIN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def write_configuration(
    directory: Path,
    *,
    broker: Mapping[str, Any],
    organizations: Sequence[Mapping[str, Any]],
    relying_parties: Sequence[Mapping[str, Any]],
    claim_rules: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Writes ``broker.yaml`` and one file for each organisation, relying party and set of rules; older ones are taken
    away.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(directory / "broker.yaml", broker)
    _write_folder(directory / "organizations", "organization", organizations)
    _write_folder(directory / "relying_parties", "client_id", relying_parties)
    if claim_rules:
        _write_folder(directory / "claim_rules", "claim_rules", claim_rules)


def _write_folder(folder: Path, key: str, files: Sequence[Mapping[str, Any]]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for content in files:
        _write(folder / f"{content[key]}.yaml", content)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    text = "# Written by the demonstration, anew at every start.\n" + "".join(_block(content, ""))
    write_private(path, text.encode())


def _block(mapping: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in mapping.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{_scalar(key)}:\n", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_flow(value)}\n")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return json.dumps(value, ensure_ascii=False)  # Every JSON scalar is a YAML scalar (YAML 1.2.2, 1.3).
