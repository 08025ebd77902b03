"""A foreign hand changed or took a record: it is put right, though its socket is not probed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from hero_router.scan import scan_cycle
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.walk import SocketFile
from tests.scan.node import Node
from tests.scan.services import Services, good
from tests.scan.world import MISSING

Probe = Callable[..., Awaitable[ProbeResult]]


@pytest.mark.parametrize("harm", ["change", "take"])
async def test_a_service_that_is_not_probed_meanwhile_is_put_right_too(
    node: Node, services: Services, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """What is gone needs no read of the whole: there is one record less."""
    monkeypatch.setattr(scan_cycle, "WHOLE_SCANS", 2 if harm == "change" else 1000)
    await services.start("a.sock", good())
    seen = True

    def wrap(probe: Probe) -> Probe:
        async def look(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            return await probe(found, ask_documents=ask_documents) if seen else MISSING

        return look

    worker = node.worker(wrap=wrap)
    await worker.scan_once()
    ((key, right),) = node.store.records.items()
    seen = False
    if harm == "change":
        node.store.records[key] = replace(right, title="Foreign")
    else:
        del node.store.records[key]
    await worker.scan_once()
    assert node.store.record("a").title == right.title
    event = "service_updated" if harm == "change" else "service_added"
    assert node.store.types()[-1] == event
