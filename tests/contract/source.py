"""Reading the services' source as syntax trees, for rules that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of core and of the services: its path from the root, and its tree."""
    for folder in (ROOT / "libs" / "core" / "src", *sorted((ROOT / "services").glob("*/src"))):
        for path in sorted(folder.rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def calls_of(tree: ast.Module, method: str) -> Iterator[ast.Call]:
    """Every call `something.method(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node
