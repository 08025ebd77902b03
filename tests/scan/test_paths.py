"""Names and paths as file systems allow them: long, hostile, alike; none harms the others."""

import json
import os
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.sanitize import readable
from hero_router.scan.prober import Prober
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.path_text import from_base64
from tests.scan.node import Node
from tests.scan.places import bind
from tests.scan.probing import found, probe
from tests.scan.services import Services, good
from tests.support.wait import PATIENCE_SECONDS

LONGEST_ADDRESS = 107
"""Most bytes of a path that a Unix socket can be bound or connected to by."""

TRICKY = [b"\\", b"x", b"f", b"\xff", b"\n", b"n", b"\xc3", b"\xa9", b"u202e", "\u202e".encode()]


@pytest.mark.parametrize("length", [LONGEST_ADDRESS, LONGEST_ADDRESS + 1, 109, 250])
async def test_a_path_of_any_length_is_connected_to(
    root: Path, services: Services, length: int
) -> None:
    """The length limit of socket addresses does not reach us."""
    await services.start("short/rpc.sock", good())
    rest = length - len(os.fsencode(root / "x" / "rpc.sock")) + 1
    (root / "short").rename(root / ("x" * rest))
    assert len(os.fsencode(root)) + rest + len("//rpc.sock") == length
    assert (await probe(root)).outcome is Outcome.ANSWERED


async def test_the_longest_path_there_can_be_delays_nobody(node: Node, services: Services) -> None:
    deep = Path("c" * 255, "s" * 255)
    await services.start("here/rpc.sock", good())
    await services.start("a.sock", good())
    (node.root / deep).mkdir(parents=True)
    (node.root / "here/rpc.sock").rename(node.root / deep / ("web_" + "w" * 246 + ".sock"))
    await node.worker().scan_once()
    assert node.store.statuses() == {"a": "healthy", "s" * 255: "healthy"}


async def test_a_fifo_in_the_place_of_a_socket_is_not_opened(
    root: Path, services: Services
) -> None:
    """It was swapped since the walk; to open a FIFO would hang until somebody writes."""
    await services.start("a.sock", good())
    item = found(root)
    (root / "a.sock").rename(root / "away")
    os.mkfifo(root / "a.sock")
    seen = await Prober(PATIENCE_SECONDS, time.monotonic)(item, ask_documents=True)
    assert seen.outcome is Outcome.MISSING


HOSTILE = [
    b"new\nline", b"cr\rhere", b"\x1b[31mred", "\u202eevil".encode(), "😀".encode(),
    b"<script>alert(1)<", b"...", b"%00", b"\\x00", b"Case", b"case", "caf\u00e9".encode(),
    "cafe\u0301".encode(), b"x" * 255, b"\xff\xfe", b"\\xff\\xfe", b" ", b"-rf", b"a:b",
    b"\x9b", "\x9b".encode(), b"\xad", "\xad".encode(),
]  # fmt: skip


@pytest.mark.usefixtures("whole_scans")
async def test_hostile_names_are_services_of_their_own_from_scan_to_scan(node: Node) -> None:
    """Each has one id, one shown name and one path, all different, stable and safe to print."""
    for name in HOSTILE:
        bind(os.fsencode(node.root) + b"/" + name + b"/rpc.sock")
    worker = node.worker()
    for _ in range(3):
        await worker.scan_once()
    records = list(node.store.records.values())
    assert node.store.types() == ["service_added"] * len(HOSTILE)
    for shown in (
        {record.name for record in records},
        {record.socket_path for record in records},
        {item.path for record in records for item in record.sockets},
    ):
        assert len(shown) == len(HOSTILE)
        assert all(text.isprintable() for text in shown)
    assert all(json.dumps(record.to_json()).isascii() for record in records)
    raw_paths = {item.raw_path: item.path for record in records for item in record.sockets}
    assert {from_base64(raw) for raw in raw_paths} == {name + b"/rpc.sock" for name in HOSTILE}
    assert all(readable(from_base64(raw)) == path for raw, path in raw_paths.items())


@pytest.mark.usefixtures("whole_scans")
async def test_two_sockets_of_one_service_that_look_alike_stay_different(
    node: Node, services: Services
) -> None:
    """A byte that is not UTF-8, and the text of its escape."""
    bind(os.fsencode(node.root) + b"/s/\xff.sock")
    await services.start(r"s/\xff.sock", good())
    worker = node.worker()
    for _ in range(3):
        await worker.scan_once()
    sockets = {item.name: str(item.status) for item in node.store.record("s").sockets}
    assert sockets == {r"\xff": "inactive", r"\\xff": "healthy"}
    assert node.store.types() == ["service_added"]


@given(st.lists(st.lists(st.sampled_from(TRICKY), max_size=5).map(b"".join), unique=True))
def test_different_names_are_shown_differently(names: list[bytes]) -> None:
    shown = sorted(map(readable, names))
    assert all(one != other for one, other in pairwise(shown))
