"""What is copied from npm is what was published, no file more, and its licences go with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from vendor.update import LIST, STATIC, digests, folder

PACKAGES: list[dict[str, Any]] = json.loads(LIST.read_text("utf-8"))


def path_of(package: dict[str, Any]) -> Path:
    return folder(package, package["version"])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_each_file_is_as_it_was_published(package: dict[str, Any]) -> None:
    assert digests(path_of(package), list(package["files"])) == package["files"]
    assert package["integrity"].startswith("sha512-")


def test_there_is_no_file_that_nobody_wrote_down() -> None:
    known = {path_of(package) / name for package in PACKAGES for name in package["files"]}
    assert {path for path in STATIC.rglob("*") if path.is_file()} == known


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_its_licence_goes_with_it(package: dict[str, Any]) -> None:
    """`static/` is a part of the wheel as it is: tests/release looks into the wheel itself."""
    assert package["licence_files"]
    assert set(package["licence_files"]) <= set(package["files"])
    files = [path_of(package) / name for name in package["licence_files"]]
    text = "".join(file.read_text("utf-8") for file in files)
    assert "Permission is hereby granted" in text
    assert "Copyright" in text
