"""Habits that every file of ``broker/`` keeps."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import Module, modules, parse, real_name

# Where the world is read, and nowhere else: everything else is told.
HOMES = {
    "environment": (("os.environ", "os.environb", "os.getenv"), ("broker/cli/", "broker/__main__.py", "broker/demo/")),
    "wall clock": (
        ("time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"),
        ("broker/clock.py",),
    ),
    "randomness": (
        ("secrets", "random", "os.urandom", "uuid.uuid1", "uuid.uuid4"),
        ("broker/entropy.py", "broker/demo/", "broker/cli/"),
    ),
}


def reads(module: Module, names: tuple[str, ...]) -> set[str]:
    """The lines of a module that speak of one of these names, or of something inside it."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = real_name(module, node)
            if any(name == home or name.startswith(f"{home}.") for home in names):
                found.add(f"{module.path}:{node.lineno} {name}")
    return found


@pytest.mark.parametrize("what", HOMES)
def test_the_world_is_read_in_its_one_home(what: str) -> None:
    names, homes = HOMES[what]
    elsewhere = {line for module in modules() if not module.path.startswith(homes) for line in reads(module, names)}
    assert elsewhere == set()


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("environment", "import os\nos.environ['HOME']"),
        ("environment", "from os import environ as world\nworld.get('HOME')"),
        ("wall clock", "import datetime\ndatetime.datetime.now()"),
        ("wall clock", "from datetime import datetime as when\nwhen.now()"),
        ("randomness", "from secrets import token_bytes\ntoken_bytes()"),
        ("randomness", "import uuid\nmake = uuid.uuid4"),
    ],
)
def test_reading_the_world_is_noticed_however_it_is_written(what: str, text: str) -> None:
    assert reads(parse("broker/elsewhere.py", text), HOMES[what][0])


def test_no_check_is_an_assert_statement() -> None:
    """Python leaves them out when it is told to optimise."""
    found = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_a_package_file_is_a_docstring_and_nothing_else() -> None:
    # The command line's own entry point stands in its package, since that is the name that installers call.
    packages = [module for module in modules() if module.path.endswith("/__init__.py")]
    wordless = [module.path for module in packages if not ast.get_docstring(module.tree)]
    busy = [module.path for module in packages if len(module.tree.body) > 1 and module.path != "broker/cli/__init__.py"]
    assert (wordless, busy) == ([], [])


def test_every_folder_with_modules_is_a_package_with_a_docstring() -> None:
    folders = {module.path.rpartition("/")[0] for module in modules()}
    packages = {module.path.rpartition("/")[0] for module in modules() if module.path.endswith("/__init__.py")}
    # Alembic finds its scripts by their files.
    assert folders - {"broker/store/migrations/versions"} == packages
