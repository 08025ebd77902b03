"""`healthcheck`: one line and an exit code that say whether a part works."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.command import run
from tests.support.names import give_localhost_both_families
from tests.support.ports import free_port
from tests.support.serving import Serving
from tests.support.wait import eventually


def check(part: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, output and errors."""
    done = run("healthcheck", part, **environment)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def environment(serving: Serving) -> dict[str, str]:
    """That of a part of the running router."""
    return {**serving.environment, "ROUTER_REDIS_URL": f"unix://{serving.redis_socket}"}


async def test_each_part_of_a_running_router_passes(
    serving: Serving, environment: dict[str, str]
) -> None:
    """Sooner or later: a check waits three seconds for an answer, and no longer."""
    details = {
        "web": f"{serving.url}/health answers 200",
        "scanner": "a scanner runs for node testnode",
        "demo": f"sockets below {serving.root}",
    }

    async def all_pass() -> bool:
        found = [await asyncio.to_thread(check, part, environment) for part in details]
        return found == [(0, f"{part}: ok: {told}\n", "") for part, told in details.items()]

    await eventually(all_pass, message="each part passes")


def test_a_part_that_does_not_work_fails(environment: dict[str, str], tmp_path: Path) -> None:
    port = str(free_port())
    code, out, _ = check("web", {**environment, "ROUTER_PORT": port})
    assert (code, f"web: failed: no router answers at http://127.0.0.1:{port}:" in out) == (1, True)
    said = "scanner: failed: no scanner runs for node other\n"
    assert check("scanner", {**environment, "ROUTER_NODE": "other"}) == (1, said, "")
    said = f"demo: failed: no socket below {tmp_path}\n"
    assert check("demo", {**environment, "ROUTER_SOCKET_DIR": str(tmp_path)}) == (1, said, "")


@contextmanager
def answering(family: socket.AddressFamily) -> Iterator[int]:
    """The port of a server on this machine that answers each request with 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(HTTPServer):
        address_family = family

    with Server(("127.0.0.1" if family is socket.AF_INET else "::1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("family", "result"), [(socket.AF_INET, (0, "ok")), (socket.AF_INET6, (1, "failed"))]
)
def test_web_is_asked_where_gunicorn_listens(
    family: socket.AddressFamily, result: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program at the IPv6 address of the name is not taken for the web worker."""
    give_localhost_both_families(monkeypatch)
    with answering(family) as port:
        code, out, _ = check("web", {"ROUTER_HOST": "localhost", "ROUTER_PORT": str(port)})
    assert (code, out.split()[1]) == (result[0], f"{result[1]}:")


def test_a_redis_that_is_away_is_no_fault_of_the_scanner(environment: dict[str, str]) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    code, out, _ = check("scanner", {**environment, "ROUTER_REDIS_URL": away})
    assert (code, out.startswith("scanner: ok: it is not known whether one runs: ")) == (0, True)


def test_settings_that_leave_nothing_to_ask_are_no_failed_check(
    environment: dict[str, str],
) -> None:
    code, _, error = check("scanner", {**environment, "ROUTER_REDIS_URL": ""})
    assert (code, "ROUTER_REDIS_URL is not set" in error) == (2, True)
