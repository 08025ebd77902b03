"""Which OpenRPC documents are kept: those that records name, each once, within a bound."""

import json
import logging

import pytest

from hero_router.model import Record
from hero_router.scan.document_budget import REMOVE, DocumentRetention
from hero_router.scan.probe_result import Document
from hero_router.scan.socket_status import DOCUMENTS_EVERY
from hero_router.strict_json import digest
from tests.scan.node import Node
from tests.scan.services import Services, good


def document(name: str, size: int = 10) -> Document:
    return Document(name, "x" * size)


def test_a_new_document_is_written_once() -> None:
    kept = DocumentRetention()
    kept.offer(document("a"))
    assert kept.pending(["a", "b"]) == {"a": "x" * 10}
    kept.written(kept.pending(["a"]))
    kept.offer(document("a"))
    assert kept.pending(["a"]) == {}


def test_a_document_that_redis_has_already_is_not_written_again() -> None:
    kept = DocumentRetention()
    kept.set_kept({"a": 10})
    kept.offer(document("a"))
    assert kept.cleanup({"a"}) == {}


def test_a_document_that_no_record_names_is_removed_or_forgotten() -> None:
    kept = DocumentRetention()
    kept.set_kept({"old": 10, "used": 10})
    kept.offer(document("unused"))
    kept.offer(document("new"))
    assert kept.cleanup({"used", "new"}) == {"new": "x" * 10, "old": REMOVE}
    assert kept.pending(["unused"]) == {}


def test_a_document_that_redis_lost_is_known_to_be_lost() -> None:
    kept = DocumentRetention()
    kept.set_kept({"a": 10})
    kept.offer(document("b"))
    assert kept.lost({"a", "b", "c", ""}) == {"c"}


def test_a_document_that_does_not_fit_is_not_kept_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = DocumentRetention(limit=25)
    kept.set_kept({"a": 10})
    for name in ("b", "c", "d"):
        kept.offer(document(name))
    assert kept.pending(["b", "c", "d"]).keys() == {"b"}
    assert kept.lost({"a", "b", "c", "d"}) == set(), "nobody is asked again for what does not fit"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    kept.written({"a": REMOVE})
    kept.offer(document("c"))
    assert kept.pending(["c"]).keys() == {"c"}


def named(node: Node) -> dict[str, str]:
    """The digest of each service's document."""
    return {record.name: record.document for record in node.store.records.values()}


async def test_each_content_is_kept_once_and_goes_with_its_last_service(
    node: Node, services: Services
) -> None:
    for name in ("a", "b"):
        await services.start(f"{name}.sock", good())
    await services.start("c.sock", good(title="Other"))
    worker = node.worker()
    await worker.scan_once()
    documents = named(node)
    assert documents["a"] == documents["b"] != documents["c"]
    kept = {key: json.loads(text) for key, text in node.store.documents.items()}
    assert {key: value["info"]["title"] for key, value in kept.items()} == {
        documents["a"]: "Ledger",
        documents["c"]: "Other",
    }
    assert all(digest(value) == key for key, value in kept.items())
    await services.stop("a.sock", unlink=True)
    await worker.scan_once()
    assert node.store.documents.keys() == {documents["b"], documents["c"]}
    await services.stop("c.sock", unlink=True)
    await worker.scan_once()
    assert node.store.documents.keys() == {documents["b"]}


@pytest.mark.usefixtures("whole_scans")
async def test_a_changed_document_replaces_the_old_one_with_one_event(
    node: Node, services: Services
) -> None:
    """Also where nothing changed that the record shows."""
    service = good()
    await services.start("a.sock", service)
    worker = node.worker()
    await worker.scan_once()
    first = named(node)["a"]
    path = "/rpc"
    _, answer = service.answers[path]
    result = {**answer["result"], "x-note": "new"}
    service.answers[path] = (200, {**answer, "result": result})
    for _ in range(2 * DOCUMENTS_EVERY):
        await worker.scan_once("ask")
    assert named(node)["a"] == digest(result) != first
    assert node.store.documents.keys() == {digest(result)}
    assert node.store.types() == ["service_added", "service_updated"]


@pytest.mark.usefixtures("whole_scans")
async def test_a_document_that_redis_lost_is_read_from_its_service_again(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())
    worker = node.worker()
    await worker.scan_once()
    before = dict(node.store.documents)
    node.store.documents.clear()
    for _ in range(2):
        await worker.scan_once("ask")
    assert node.store.documents == before
    assert node.store.types() == ["service_added"]


async def test_a_record_never_names_a_document_that_was_not_written_before_it(
    node: Node, services: Services
) -> None:
    """A reader that follows the events finds each document as soon as it hears of it."""
    missing: list[Record] = []

    class Watching(dict[str, Record]):
        def __setitem__(self, key: str, record: Record) -> None:
            if record.document and record.document not in node.store.documents:
                missing.append(record)
            super().__setitem__(key, record)

    node.store.records = Watching()
    for number in range(5):
        await services.start(f"s{number}.sock", good(title=f"Title {number}"))
    await node.worker().scan_once()
    assert len(node.store.documents) == 5
    assert missing == []


async def test_a_scanner_that_takes_over_writes_no_document_again(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())
    await node.worker("one").scan_once()
    ((key, text),) = node.store.documents.items()
    node.store.documents[key] = text + " "
    await node.worker("two").scan_once()
    assert node.store.documents == {key: text + " "}
