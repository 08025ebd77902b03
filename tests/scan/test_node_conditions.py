"""The words for what a scanner cannot see: each names the place, the cause and what to do."""

import errno
import logging

import pytest

from hero_router.scan.inventory import Inventory
from hero_router.scan.node_conditions import NodeConditions, user
from hero_router.scan.walk import WalkResult
from hero_router.settings.config import RouterConfig

CONFIG = RouterConfig.of(node="n", socket_dir="/srv", stale_seconds=60)
ROOT = "node n: the root /srv"
PART = " is not scanned in full:"
CURE = f"let {user()} read and search it, or run the scanner as its owner"
ELSEWHERE = "make it or mount it, or set ROUTER_SOCKET_DIR to the right folder"
BROKEN = "Input/output error"


def told(walk: WalkResult) -> str:
    """What is doubted after this walk."""
    doubts = NodeConditions(CONFIG)
    doubts.update_walk(Inventory(60).after(walk, 0))
    return doubts.current.get("root", "")


@pytest.mark.parametrize(
    ("blind", "text"),
    [
        ({b"": errno.ENOENT}, f" does not exist: {ELSEWHERE}"),
        ({b"": errno.ENOTDIR}, f" does not exist: {ELSEWHERE}"),
        ({b"": errno.EACCES}, f" cannot be read, Permission denied: {CURE}"),
        ({b"": errno.ESTALE, b"a": errno.EACCES}, " cannot be read, Stale file handle"),
        ({b"a": errno.EPERM}, f"{PART} folder a cannot be read, Operation not permitted: {CURE}"),
        ({b"c": 13, b"b\xff": 5}, f"{PART} folder b\\xff (and 1 more) cannot be read, {BROKEN}"),
    ],
)
def test_each_cause_has_its_own_text(blind: dict[bytes, int], text: str) -> None:
    assert (
        told(WalkResult(unreadable=blind))
        == f"{ROOT}{text}; until then none of its services is removed"
    )


def test_a_root_that_is_too_large_is_a_condition() -> None:
    assert told(WalkResult(root=(1, 1))) == ""
    large = told(WalkResult(root=(1, 1), truncated="it has more than 2 sockets"))
    assert large == f"{ROOT}{PART} it has more than 2 sockets, the rest is left out"


def test_a_detail_that_changes_is_no_new_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hero_router.scan.node_conditions")
    doubts = NodeConditions(CONFIG)
    for paths in ([], ["a"], ["a"], ["a", "b"], []):
        doubts.update_permission(paths)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "INFO"]
    assert doubts.current == {}
