"""`serve` needs nothing but Python and its packages: no server on PATH, on old and new Python."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serving import Serving

PROJECT = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"
NEWER = "3.13"
INSTALL_SECONDS = 240


def serves(folder: Path, python: str) -> None:
    """Start `serve --demo` with an empty PATH; the Redis that it runs is that of the package."""
    empty = folder / "empty"
    empty.mkdir()
    serving = Serving(folder, python=python, PATH=str(empty))
    try:
        serving.start("--demo")
        assert Path(serving.family()["redis"].exe()).name == "valkey-server"
        assert serving.stop() == 0
    finally:
        serving.close()


def test_serve_starts_with_an_empty_path(tmp_path: Path) -> None:
    serves(tmp_path, sys.executable)


@pytest.fixture
def newer_python(tmp_path: Path) -> Iterator[str]:
    """A newer Python with the packages that hero_router needs to run, and no others."""
    found = next(_interpreters(), None)
    if found is None:
        pytest.skip(f"this machine has no Python {NEWER}")
    folder = tmp_path / "venv"
    python = str(folder / "bin" / "python")
    subprocess.run([found, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    needed = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]  # pip takes 20 s of CPU time
    subprocess.run([*uv, "--python", python, *needed], check=True, timeout=INSTALL_SECONDS)
    yield python
    shutil.rmtree(folder)


def _interpreters() -> Iterator[str]:
    """On PATH, or in a folder of pyenv: its command on PATH may lead nowhere."""
    kept = Path.home().glob(f".pyenv/versions/{NEWER}*/bin/python{NEWER}")
    for each in filter(None, (shutil.which(f"python{NEWER}"), *map(str, kept))):
        if subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode == 0:
            yield each


@pytest.mark.limit(INSTALL_SECONDS + 60)
def test_serve_starts_with_an_empty_path_on_a_newer_python(
    tmp_path: Path, newer_python: str
) -> None:
    serves(tmp_path, newer_python)
