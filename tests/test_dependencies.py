"""Libraries whose private parts the router uses have an upper bound, and the reason is written."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
REASONS = dict(
    re.findall(
        r"^\| ([a-z-]+) \| ([0-9.]+) \| .+ \|$",
        (ROOT / "docs" / "dependencies.md").read_text("utf-8"),
        re.MULTILINE,
    )
)
BOUNDED = ("aiohttp", "gunicorn", "httptools", "prometheus-client", "redis", "uvloop")


def test_the_page_explains_each_bound_that_there_is() -> None:
    pattern = re.compile(r"^([a-z-]+)[^<;]*<([0-9.]+)")
    bounds = {found[1]: found[2] for each in DECLARED if (found := pattern.match(each))}
    assert bounds == REASONS
    assert set(BOUNDED) == bounds.keys()


@pytest.mark.parametrize("name", BOUNDED)
def test_the_version_that_is_tested_lies_below_its_bound(name: str) -> None:
    def parts(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split(".")[:2])

    assert parts(version(name)) < parts(REASONS[name])
