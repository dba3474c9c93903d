"""The source of ``broker/`` as syntax trees, with the names of imports resolved."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One file: ``path`` from the repository's root, ``name`` as imported, ``imports`` what its names stand for."""

    path: str
    name: str
    tree: ast.Module
    imports: Mapping[str, str]


def parse(path: str, text: str) -> Module:
    """The module of a text that stands, or might stand, at ``path``."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    tree = ast.parse(text, filename=path)
    return Module(path, name, tree, _imports(tree))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of ``broker/``."""
    files = sorted((REPOSITORY / "broker").rglob("*.py"))
    return tuple(parse(str(file.relative_to(REPOSITORY)), file.read_text("utf-8")) for file in files)


def real_name(module: Module, expression: ast.expr) -> str:
    """The dotted name that an expression stands for, after its imports: ``os.environ``, ``broker.identity.Account``.

    A name that the module does not import is its own. Empty for an expression that is no dotted name.
    """
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return ""
    first = module.imports.get(expression.id, f"{module.name}.{expression.id}")
    return ".".join([first, *reversed(parts)])


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the real name of what is called."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, real_name(module, node.func)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def parameter_types(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The parameters' annotations as written."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [ast.unparse(argument.annotation) for argument in arguments if argument.annotation is not None]


def _imports(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
