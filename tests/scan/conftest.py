"""Fixtures of the scanner's tests: a short-lived root and services that really listen in it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hero_router.scan import scan_cycle, scan_loop
from tests.scan.node import Node
from tests.scan.services import Services
from tests.support.wait import PATIENCE_SECONDS


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
def whole_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are published at the end of each scan alone.

    Else a service whose probe is slow, as on a busy machine, is first published as unknown: one
    event more.
    """
    monkeypatch.setattr(scan_loop, "FLUSH_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(scan_cycle, "HEARTBEAT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def node(root: Path) -> Node:
    """A node with an empty root and an empty store."""
    return Node(root)
