"""The sample services: a table of their sockets, and the loop that runs their servers."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from hero_router.demo import endpoints, methods
from hero_router.demo.endpoints import Service
from hero_router.demo.listeners import Http, Listener, NoListener, Raw, Silence, Telegraph
from hero_router.demo.sockets import DemoSockets
from hero_router.errors import ConfigError
from hero_router.model import Status

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample socket: its path below the socket folder, its expected status, its purpose.

    The server of a sample that `flaps` is stopped and started in turn; `status` is the expected
    status while it listens. `shows` describes the sample in words.
    """

    path: str
    status: Status
    shows: str
    listener: Listener
    flaps: bool = False


def table() -> tuple[Sample, ...]:
    """All sample sockets; each call makes new ones with new data."""
    return (*_services(), *_oddities())


async def run(
    root: Path, *, on_started: Callable[[], None] | None = None, flap_seconds: float = 20
) -> None:
    """Serve all samples in the socket folder `root` until cancelled; then delete their files.

    `on_started` is called when all servers listen. If another file has the path of a sample, that
    file stays, and a warning names the sample. `flap_seconds` is the time between two changes of a
    flapping sample.

    Raises:
        ConfigError: the socket folder does not exist and cannot be made.
    """
    with DemoSockets(root) as sockets:
        try:
            sockets.make_root()
        except OSError as error:
            raise ConfigError(f"the folder {root} cannot be made: {error.strerror}") from None
        running, samples = _Running(sockets), table()
        try:
            for sample in samples:
                await running.start(sample)
            if on_started is not None:
                on_started()
            await running.flap([sample for sample in samples if sample.flaps], flap_seconds)
        finally:
            await running.stop_all()


class _Running:
    """The servers of sample sockets that run now."""

    def __init__(self, sockets: DemoSockets) -> None:
        self._sockets = sockets
        self._listeners: list[Listener] = []

    async def start(self, sample: Sample) -> None:
        try:
            bound = self._sockets.bind(sample.path)
        except OSError as error:
            log.warning("the sample service %s is not served: %s", sample.path, error.strerror)
            return
        self._listeners.append(sample.listener)
        await _finish(sample.listener.start(bound))

    async def flap(self, samples: list[Sample], seconds: float) -> None:
        """Stop and start the servers of these samples again and again. Never returns."""
        while True:
            await asyncio.sleep(seconds)
            for sample in samples:
                await self._stop(sample.listener)
            await asyncio.sleep(seconds)
            for sample in samples:
                await self.start(sample)

    async def stop_all(self) -> None:
        await asyncio.gather(*map(self._stop, tuple(self._listeners)))

    async def _stop(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            await _finish(listener.stop())


async def _finish(step: Coroutine[Any, Any, None]) -> None:
    """Run a start or stop to its end, even if cancelled: half a start cannot be undone."""
    task = asyncio.create_task(step)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _services() -> tuple[Sample, ...]:
    """The samples that work; their paths show each layout that the scanner knows."""
    node, links_host = methods.Mycelium(int(time.time())), methods.Links()
    mycelium = Service(
        "mycelium", "An overlay network's node.", _document("mycelium"), node.functions()
    )
    links = Service(
        "links",
        "Repositories and pull requests.",
        _document("link-example"),
        links_host.functions(),
    )
    petstore = Service(
        "petstore",
        "A shop that keeps the pets it is given.",
        _document("petstore-expanded"),
        methods.Petstore().functions(),
    )
    math = Service(
        "simple_math",
        "Adds and subtracts whole numbers.",
        _document("simple-math"),
        {"addition": methods.addition, "subtraction": methods.subtraction},
    )
    good = Status.HEALTHY
    return (
        Sample("mycelium/rpc.sock", good, "a service with two sockets", _rpc(mycelium)),
        Sample("mycelium/admin.sock", good, "its admin page", _page(mycelium, "admin", node.lines)),
        Sample("shop/petstore/rpc.sock", good, "a service in the context `shop`", _rpc(petstore)),
        Sample("simple_math.sock", good, "a flat socket without a folder", _rpc(math)),
        Sample("links/rpc.sock", good, "a service with a page for people", _rpc(links)),
        Sample(
            "links/web_docs.sock", good, "that page", _page(links, "web_docs", links.method_names)
        ),
    )


def _oddities() -> tuple[Sample, ...]:
    """The samples that do not work well, each for another reason."""
    metrics = Service(
        "metrics",
        "Counts clicks on links.",
        _document("metrics"),
        {"link_clicked": methods.click},
        trouble="the store of clicks is full: new ones are dropped",
    )
    versions = _document("api-with-examples")
    flapper = Service("flapper", "Comes and goes.", versions, methods.examples(versions))
    return (
        Sample("metrics/rpc.sock", Status.DEGRADED, "a health check that warns", _rpc(metrics)),
        Sample("flapper/rpc.sock", Status.HEALTHY, "comes and goes", _rpc(flapper), flaps=True),
        Sample("sleeper/rpc.sock", Status.UNHEALTHY, "listens, never answers", Raw(Silence)),
        Sample("telegraph/rpc.sock", Status.NON_RPC, "does not speak HTTP", Raw(Telegraph)),
        Sample("leftover.sock", Status.INACTIVE, "a file that a dead service left", NoListener()),
    )


def _rpc(service: Service) -> Http:
    return Http(partial(endpoints.rpc, service))


def _page(service: Service, socket: str, lines: Callable[[], list[str]]) -> Http:
    return Http(partial(endpoints.page, service, socket, lines))


def _document(name: str) -> Mapping[str, Any]:
    file = resources.files(__package__).joinpath("openrpc", f"{name}.json")
    document: Mapping[str, Any] = json.loads(file.read_bytes())
    return document
