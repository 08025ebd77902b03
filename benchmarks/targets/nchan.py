"""nchan as a target: nginx with its module and its store in Redis; another nginx publishes.

What is measured is the nginx that has the clients. The one that publishes runs on the load's core
and reaches the other one through Redis alone, as a scanner reaches a worker.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from benchmarks.load.process import Absent, Child, child
from benchmarks.load.resource_usage import LOAD_CORE, SERVER_CORE
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.targets.floor import HEAD
from benchmarks.targets.product import private_redis, until
from benchmarks.targets.target import PATH, Server
from hero_router.strict_json import encode
from tests.support.ports import free_port

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
"""Where Debian's libnginx-mod-nchan puts it."""

CHANNEL = """
      nchan_channel_id bench;
      nchan_redis_pass store;
      nchan_message_buffer_length 1024;
"""

CONFIG = """
load_module {module};
daemon off; master_process off; pid {folder}/{port}.pid; error_log stderr error;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  nchan_max_reserved_memory 512M;
  upstream store {{ nchan_redis_server redis://127.0.0.1:{redis}; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    keepalive_requests 1000000;
    location = /alive {{ return 200; }}
    location = /publish {{ nchan_publisher; {channel} }}
    location = {path} {{
      nchan_subscriber eventsource; nchan_subscriber_first_message newest; {channel}
    }}
  }}
}}
"""


class Nchan:
    """nginx, one process on the server's core."""

    name = "nchan"

    @asynccontextmanager
    async def start(self, scenario: EventWorkload) -> AsyncIterator[Server]:
        """Run Redis and both nginx. Raises Broken, and Absent where the module is not there."""
        nginx, redis = installed(MODULE), free_port()
        async with (
            private_redis("--port", str(redis), "--bind", "127.0.0.1"),
            _nginx(nginx, redis, SERVER_CORE) as (server, port),
            _nginx(nginx, redis, LOAD_CORE) as (_, publisher),
            aiohttp.ClientSession() as session,
        ):
            url = f"http://127.0.0.1:{publisher}/publish"

            async def publish(numbers: Sequence[int]) -> None:
                for number in numbers:
                    change = scenario.change(number)
                    headers = {"X-EventSource-Event": change.type}
                    data = encode(change.data)
                    async with session.post(url, data=data, headers=headers) as answer:
                        answer.raise_for_status()

            yield Server((server.pid,), port, HEAD, publish, by_data=True)


def installed(module: Path) -> str:
    """The nginx that can load the module. Raises Absent."""
    nginx = nginx_program()
    if not module.exists():
        raise Absent("absent: nginx with libnginx-mod-nchan is not installed")
    return nginx


def nginx_program() -> str:
    """Where nginx is. Raises Absent."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if nginx is None:
        raise Absent("absent: nginx is not installed")
    return nginx


@asynccontextmanager
async def _nginx(nginx: str, redis: int, core: frozenset[int]) -> AsyncIterator[tuple[Child, int]]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="hero_router-nchan-") as folder:
        config = Path(folder) / "nginx.conf"
        fields = {"module": MODULE, "folder": folder, "port": port, "redis": redis, "path": PATH}
        config.write_text(CONFIG.format(**fields, channel=CHANNEL), "utf-8")
        async with child([nginx, "-p", folder, "-c", str(config)], core=core) as process:
            await until(lambda: answers(port), process)
            yield process, port


async def answers(port: int) -> bool:
    """Whether the nginx at this port is up."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/alive") as answer,
        ):
            return answer.status == 200
    except aiohttp.ClientError:
        return False
