"""Fixtures of the scanner's tests: a short-lived root and services that really listen in it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.scan.node import Node
from tests.scan.services import Services


@pytest.fixture
def root() -> Iterator[Path]:
    """An empty root with a path short enough to bind sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="root"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def services(root: Path) -> AsyncIterator[Services]:
    """Starts services below the root and stops them all at the end."""
    started = Services(root)
    yield started
    await started.stop()


@pytest.fixture
def node(root: Path) -> Node:
    """A node with an empty root and an empty store."""
    return Node(root)
