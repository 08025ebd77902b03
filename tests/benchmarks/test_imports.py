"""The imports between tests and benchmarks, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]

SHARED = ("tests.support", "tests.deploy.topology")
"""What benchmarks may take from the tests: the helpers, and the whole deployment as processes."""


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def imports(folder: str, head: str) -> dict[str, set[str]]:
    """The modules below `head` that each file of a folder imports."""
    found = {
        str(path.relative_to(TOP)): {name for name in imported(path) if name.startswith(head)}
        for path in (TOP / folder).rglob("*.py")
    }
    return {path: names for path, names in found.items() if names}


def test_only_the_tests_of_benchmarks_import_benchmarks() -> None:
    assert {path for path in imports("tests", "benchmarks") if "tests/benchmarks/" not in path} == (
        set()
    )


def test_benchmarks_import_only_the_shared_helpers_of_the_tests() -> None:
    taken = {name for names in imports("benchmarks", "tests").values() for name in names}
    assert {name for name in taken if not name.startswith(SHARED)} == set()


def test_benchmarks_do_import_helpers() -> None:
    """Otherwise the rules above would hold for a reader that finds no import at all."""
    assert imports("benchmarks", "tests")
