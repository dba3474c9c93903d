"""The dependency rule: ``.importlinter`` holds, covers every module, and notices each kind of breach."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import REPOSITORY, modules


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Runs the contracts over the ``broker`` package of ``root``; the working directory comes first on its path."""
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    outcome = lint_imports(REPOSITORY)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


BREACHES = [
    ("The road of a login", "broker.identity", "broker.login"),
    ("The road of a login", "broker.composition.parts", "broker.app"),
    ("The adapters beside the road", "broker.store.state", "broker.jose.key_ring"),
    ("The values know nothing", "broker.identity", "flask"),
    ("Flows and pages see ports", "broker.login", "broker.store.state_sqlite"),
    ("Flows know no HTTP", "broker.assurance", "flask"),
    ("Adapters know no flow", "broker.http_client", "broker.sessions"),
    ("Upstream does not import downstream", "broker.upstream.endpoints", "broker.downstream.responder"),
    ("Downstream does not import upstream", "broker.downstream.responder", "broker.upstream.connector"),
    ("Only the composition root", "broker.federation.registry", "broker.app"),
    ("Only the composition root", "broker.standing", "broker.composition.glass"),
    ("What is simulated is imported by the demo command", "broker.app", "broker.demo"),
    ("What is simulated is the other side", "broker.demo", "broker.addresses"),
    ("jwcrypto has one home", "broker.web.pages", "jwcrypto"),
    ("pyop and what it brings have one home", "broker.downstream.oidc.endpoints", "oic"),
    ("redis has one home", "broker.sessions", "redis"),
    ("SQL has one home", "broker.provisioning.just_in_time", "sqlalchemy"),
    ("YAML has one home", "broker.cli.check", "ruamel"),
    ("Outgoing HTTP has one home", "broker.upstream.entra_oidc.connector", "requests"),
    ("Flask stays at the edge", "broker.transactions", "werkzeug"),
    ("Flask stays at the edge", "broker.composition.entra", "flask"),
    ("The command line's libraries", "broker.federation.load", "click"),
    ("Keys and certificates are read", "broker.login", "cryptography"),
    ("The sample application's client library", "broker.jose.key_ring", "authlib"),
    ("Password hashing has one home", "broker.web.password", "argon2"),
    ("The spelling of domains has one home", "broker.organizations", "idna"),
    ("Passkeys are verified in one place", "broker.passkeys", "webauthn"),
    ("The DNS is asked in one place", "broker.domains", "dns"),
    (
        "Only a proof of enforcement reads an organisation as if it were not federated",
        "broker.web",
        "broker.proving.as_if",
    ),
    ("Metrics are counted in one place", "broker.watching", "prometheus_client"),
    ("The language of the rules has one home", "broker.claims.judging", "cel_expr_python"),
    ("Webhooks are signed in one place", "broker.provisioning.hooks", "standardwebhooks"),
    ("SCIM is spoken where", "broker.provisioning.hooks", "scim2_models"),
]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said, contract by contract, of a copy of the house into which every breach has been built."""
    root = tmp_path_factory.mktemp("breached")
    shutil.copytree(REPOSITORY / "broker", root / "broker", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / ".importlinter", root)
    for _, importer, imported in BREACHES:
        path = root / importer.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        file.write_text(f"{file.read_text('utf-8')}\nimport {imported}\n", "utf-8")
    outcome = lint_imports(root)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    _, _, details = outcome.stdout.partition("Broken contracts")
    # Each contract's part is its name, underlined, and what it found.
    parts = re.split(r"^(\S.*)\n-+\n", details, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("contract", "importer", "imported"), BREACHES, ids=[contract for contract, _, _ in BREACHES])
def test_a_breach_of_the_contract_is_noticed(
    complaints: dict[str, str], contract: str, importer: str, imported: str
) -> None:
    said = [text for name, text in complaints.items() if name.startswith(contract)]
    assert len(said) == 1
    assert f"{importer} -> {imported} (" in said[0]


def test_every_contract_has_a_breach_that_it_notices() -> None:
    contracts = _contracts()
    names = [contracts[section]["name"] for section in contracts.sections() if section.startswith("importlinter:")]
    assert [name for name in names if not any(name.startswith(start) for start, _, _ in BREACHES)] == []


def test_every_module_has_its_place_in_a_list_of_layers() -> None:
    contracts = _contracts()
    lists = [contracts[section]["layers"] for section in contracts.sections() if "layers" in contracts[section]]
    words = " ".join(lists).replace("|", " ").replace(":", " ").replace("(", " ").replace(")", " ").split()
    # The simulated side stands beside the house: its own contracts say what it may know and who may know it.
    placed = {*words, "broker.demo"}
    homeless = [
        module.name
        for module in modules()
        if not module.path.endswith("/__init__.py")
        and not any(module.name == name or module.name.startswith(f"{name}.") for name in placed)
    ]
    assert homeless == []


def test_every_outside_library_has_a_home() -> None:
    contracts = _contracts()
    homes = " ".join(section.get("protected_modules", "") for section in contracts.values()).split()
    # Records to and from bytes, events, and what exists only for the type checker.
    everywhere = {"pydantic", "pydantic_core", "annotated_types", "structlog", "_typeshed"}
    outside = {
        name.partition(".")[0]
        for module in modules()
        for name in module.imports.values()
        if name.partition(".")[0] not in {"broker", *sys.stdlib_module_names}
    }
    assert outside - everywhere - set(homes) == set()


def _contracts() -> configparser.ConfigParser:
    contracts = configparser.ConfigParser()
    contracts.read(REPOSITORY / ".importlinter", "utf-8")
    return contracts
