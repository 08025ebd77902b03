"""Copies files of an npm package into `static/vendor/`, and writes down what was copied.

`make vendor NAME=… VERSION=…` runs `npm pack`, compares the archive with the integrity that the
registry states, copies the files that `vendor.json` names for the package, and writes version,
licence, integrity and the SHA-256 of each file into `vendor.json`. Files that the archive lacks,
as a licence that only the package's repository holds, are kept from the version before.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIST = HERE / "vendor.json"
STATIC = HERE.parent / "static" / "vendor"
PLACES = ("static/js", "tests", "docs")
"""Where the path of a copied file may be named."""


def folder(package: Mapping[str, Any], version: str) -> Path:
    """The folder of one version of a package; a scope becomes a part of the name."""
    return STATIC / folder_name(str(package["name"])) / version


def folder_name(name: str) -> str:
    """`@scope/name` as `scope-name`."""
    return name.removeprefix("@").replace("/", "-")


def digests(root: Path, names: list[str]) -> dict[str, str]:
    """The SHA-256 of each file, in hex."""
    return {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in sorted(names)}


def packed(name: str, version: str, into: Path) -> tuple[Path, str]:
    """Fetch a package's archive; its path and integrity. Raises ValueError if they do not agree."""
    spec = f"{name}@{version}"
    stated = _npm(into, "view", spec, "dist.integrity").strip().strip('"')
    archive = into / _npm(into, "pack", "--silent", spec).strip().splitlines()[-1]
    actual = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if stated != f"sha512-{actual}":
        raise ValueError(f"{spec}: the archive has the integrity sha512-{actual}, not {stated}")
    return archive, stated


def _npm(where: Path, *words: str) -> str:
    return subprocess.run(
        ["npm", *words], cwd=where, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def update(name: str, version: str) -> None:
    """Replace the copied files of a package by those of this version."""
    known = json.loads(LIST.read_text("utf-8"))
    package = next(each for each in known if each["name"] == name)
    old, new = folder(package, str(package["version"])), folder(package, version)
    with tempfile.TemporaryDirectory() as temporary:
        archive, integrity = packed(name, version, Path(temporary))
        with tarfile.open(archive) as opened:
            opened.extractall(temporary, filter="data")
        unpacked = Path(temporary) / "package"
        for file in package["files"]:
            source = unpacked / file if (unpacked / file).is_file() else old / file
            target = new / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if source != target:
                shutil.copyfile(source, target)
        manifest = json.loads((unpacked / "package.json").read_text("utf-8"))
    if manifest["license"] != package["licence"]:
        raise ValueError(f"{name} {version} has the licence {manifest['license']}")
    package |= {"version": version, "integrity": integrity}
    package["files"] = digests(new, list(package["files"]))
    LIST.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
    if old != new:
        shutil.rmtree(old)
        _rename(f"{old.parent.name}/{old.name}/", f"{new.parent.name}/{new.name}/")


def _rename(old: str, new: str) -> None:
    """Write the new path where the old one is named."""
    for place in PLACES:
        for path in (HERE.parent / place).rglob("*.*"):
            if path.suffix in (".js", ".py", ".md") and old in (text := path.read_text("utf-8")):
                path.write_text(re.sub(re.escape(old), new, text), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        sys.exit("usage: make vendor NAME=<package> VERSION=<version>")
    update(*sys.argv[1:])
