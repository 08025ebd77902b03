"""Probing good services: what is asked, and what the answers say."""

import asyncio
import json
from pathlib import Path

import pytest

from hero_router.scan.document_parser import PAGE
from hero_router.scan.probe_result import Documents, Health
from hero_router.upstream.outcome import Outcome
from tests.scan.probing import facts, probe
from tests.scan.services import (
    MANIFEST,
    Http,
    Services,
    Talk,
    good,
    http,
    request,
)
from tests.support.wait import PATIENCE_SECONDS


async def test_a_good_service_is_asked_once_on_one_connection(
    root: Path, services: Services
) -> None:
    service = await services.start("ledger/rpc.sock", good())
    seen = await probe(root)
    assert (seen.outcome, seen.error, seen.health) == (Outcome.ANSWERED, None, Health.GOOD)
    assert facts(seen).methods == ("method_0", "method_1")
    assert facts(seen).description == MANIFEST["description"]
    assert 0 < (seen.latency_ms or 0) < PATIENCE_SECONDS * 1000
    assert service.asked == ["GET /health", "GET /.well-known/heroservice.json", "POST /rpc"]
    assert len(service.connections) == 1


async def test_without_documents_one_cheap_question_is_asked(
    root: Path, services: Services
) -> None:
    service = await services.start("ledger/rpc.sock", good())
    seen = await probe(root, ask=False)
    assert (seen.documents, service.asked) == (None, ["GET /health"])


@pytest.mark.parametrize("name", ["rpc", "admin", "web_x", "other"])
async def test_only_the_documented_questions_are_ever_asked(
    root: Path, services: Services, name: str
) -> None:
    """A service with side effects on any other path or method is safe."""
    service = await services.start(f"svc/{name}.sock", Http())
    await probe(root)
    only_rpc = {"POST /rpc", "GET /openrpc.json"}
    everyone = {"GET /health", "GET /.well-known/heroservice.json"}
    assert set(service.asked) == everyone | (only_rpc if name == "rpc" else set())


async def test_openrpc_json_is_the_fallback(root: Path, services: Services) -> None:
    service = good()
    service.answers["/rpc"] = (200, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601}})
    await services.start("ledger/rpc.sock", service)
    assert facts(await probe(root)).source == "/openrpc.json"


async def test_no_health_check_but_a_document_is_fine(root: Path, services: Services) -> None:
    service = good()
    del service.answers["/health"]
    await services.start("ledger/rpc.sock", service)
    seen = await probe(root)
    assert (seen.outcome, seen.error, seen.health) == (Outcome.ANSWERED, None, Health.NONE)
    assert facts(seen).source == "rpc.discover"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, {}), "health check answers 503"),
        ((200, {"status": "down"}), "health check says down"),
        ((404, {}), None),
        ((302, {}), None),
        ((501, {}), None),
    ],
)
async def test_what_a_health_check_says(
    root: Path, services: Services, answer: tuple[int, object], error: str | None
) -> None:
    await services.start("svc/admin.sock", Http({"/health": answer}))
    assert (await probe(root)).error == error


async def test_a_page_for_every_path_is_no_manifest(root: Path, services: Services) -> None:
    """A web socket that answers everything with its page is told as such, not "bad manifest"."""
    await services.start("svc/web_app.sock", pages())
    seen = await probe(root)
    assert (seen.health, seen.error, seen.documents) == (Health.PAGE, None, Documents(PAGE))


async def test_a_page_for_every_path_is_no_rpc_service_and_no_bad_document(
    root: Path, services: Services
) -> None:
    await services.start("svc/rpc.sock", pages())
    seen = await probe(root)
    assert (seen.health, seen.error, seen.documents) == (Health.PAGE, None, Documents(PAGE))


async def test_a_page_beside_a_manifest_is_no_page_for_every_path(
    root: Path, services: Services
) -> None:
    page = pages()
    await services.talk("svc/web_app.sock", manifest_beside(page))
    assert facts(await probe(root)).source_kind == "manifest"


def pages() -> Http:
    """A single-page application: whatever the path, it is the page."""
    paths = ["/health", "/.well-known/heroservice.json", "/rpc", "/openrpc.json"]
    return Http(dict.fromkeys(paths, (200, "<!doctype html><title>App</title>")), "text/html")


def manifest_beside(page: Http) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await request(reader)
        if "heroservice" in line:
            writer.write(http(json.dumps(MANIFEST).encode()))
        else:
            writer.write(http(str(page.answers["/health"][1]).encode(), media="text/html"))

    return talk


@pytest.mark.parametrize("status", [401, 403])
async def test_a_login_in_front_of_everything_is_a_result_of_its_own(
    root: Path, services: Services, status: int
) -> None:
    closed: tuple[int, object] = (status, {})
    paths = ["/health", "/.well-known/heroservice.json", "/rpc", "/openrpc.json"]
    await services.start("svc/rpc.sock", Http(dict.fromkeys(paths, closed)))
    seen = await probe(root)
    assert (seen.health, seen.documents) == (Health.LOGIN, Documents())
    assert seen.error == f"asks for a login ({status}): its health cannot be asked"
