"""docs/faults.md tells which test holds what: each of them exists, and no line is without one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINES = [line for line in PAGE.splitlines() if re.match(r"\| (?!fault or bad input)", line)]


@cache
def named_in(path: Path) -> frozenset[str]:
    """What a file defines that pytest collects: functions, classes, and values that are classes."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if name.lower().startswith("test"))


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_each_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert name in named_in(ROOT / file)


def test_each_fault_has_an_answer_and_a_test() -> None:
    assert len(LINES) > 40
    for line in LINES:
        _, fault, answer, held_by, _ = line.split("|")
        assert fault.strip()
        assert answer.strip()
        assert TEST.sub("", held_by).strip() == "", f"not only tests: {held_by}"
        assert TEST.search(held_by), f"no test holds: {fault}"


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/faults.md)" in (ROOT / "README.md").read_text("utf-8")
