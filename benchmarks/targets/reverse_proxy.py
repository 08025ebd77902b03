"""Reverse proxies as targets: the product, nginx, aiohttp's client behind its server; and a floor.

All stand before the same service on a Unix socket, which runs on the load's core.
"""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.load.process import START_SECONDS, child
from benchmarks.load.resource_usage import LOAD_CORE, SERVER_CORE
from benchmarks.targets.nchan import answers, nginx_program
from benchmarks.targets.product import Product, until
from tests.support.ports import free_port

CONFIG = """
daemon off; master_process off; pid {folder}/{port}.pid; error_log stderr error;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  upstream service {{ server unix:{service}; keepalive 128; keepalive_requests 1000000; }}
  map $http_upgrade $upstream_connection {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    keepalive_requests 1000000;
    client_max_body_size 0;
    location = /alive {{ return 200; }}
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection $upstream_connection;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_read_timeout 600s;
      proxy_request_buffering off;
      client_body_buffer_size 256k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
      proxy_max_temp_file_size 0;
    }}
    location /events {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      proxy_buffering off;
    }}
  }}
}}
"""
"""Kept connections to the service, and no body on the disk, as for a proxy of streams."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """A running proxy: its processes, its port, and what stands before a path of the service."""

    pids: Sequence[int]
    port: int
    prefix: str = ""


class Proxy(Protocol):
    """A kind of reverse proxy."""

    @property
    def name(self) -> str:
        """One word, as in the tables."""

    def before(self, folder: Path) -> AbstractAsyncContextManager[Proxied]:
        """Run it before the service `SERVICE` in a folder. Raises Broken, Absent."""


SERVICE, PREFIX = "service0/rpc.sock", "/service0/rpc"
"""One of the sockets that `product.Publisher` registers, and its address in the product."""


@asynccontextmanager
async def serving() -> AsyncIterator[Path]:
    """The service on the load's core; gives the folder of its socket. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="proxied-") as folder:
        socket = Path(folder, SERVICE)
        socket.parent.mkdir()
        command = [sys.executable, "-m", "benchmarks.targets.upstream_service", str(socket)]
        async with child(command, core=LOAD_CORE, speaks=True) as process:
            await process.hear(START_SECONDS)
            yield Path(folder)


class Routed:
    """hero_router with one worker."""

    name = "hero_router"

    @asynccontextmanager
    async def before(self, folder: Path) -> AsyncIterator[Proxied]:
        """Run it, with its Redis on the load's core."""
        async with Product(socket_dir=str(folder)).deployed() as it:
            yield Proxied(it.workers, it.config.web.port, PREFIX)


class Nginx:
    """nginx, one process on the server's core."""

    name = "nginx"

    @asynccontextmanager
    async def before(self, folder: Path) -> AsyncIterator[Proxied]:
        """Run it. Raises Broken, and Absent where it is not installed."""
        nginx, port = nginx_program(), free_port()
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, port=port, service=folder / SERVICE))
        command = [nginx, "-p", str(folder), "-c", str(config)]
        async with child(command, core=SERVER_CORE) as process:
            await until(lambda: answers(port), process)
            yield Proxied((process.pid,), port)


class PythonProxy:
    """A module of this package that is run with the path of the service's socket."""

    def __init__(self, name: str, module: str) -> None:
        self.name, self._module = name, module

    @asynccontextmanager
    async def before(self, folder: Path) -> AsyncIterator[Proxied]:
        """Run it as a process of its own."""
        module = f"benchmarks.targets.{self._module}"
        command = [sys.executable, "-m", module, str(folder / SERVICE)]
        async with child(command, core=SERVER_CORE, speaks=True) as process:
            ready = await process.hear(START_SECONDS)
            yield Proxied((process.pid,), ready["port"])


HELLO = PythonProxy("aiohttp-hello", "aiohttp_hello")
"""No proxy: what aiohttp alone takes for a request."""

PLAIN = PythonProxy("aiohttp-client", "aiohttp_client_proxy")

PROXIES: Sequence[Proxy] = (Routed(), Nginx(), PLAIN)
