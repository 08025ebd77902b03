"""The compose file's topology as processes: same commands, same files, other addresses.

Each web instance has a loopback address of its own and all have one port, as containers do; a name
server stands in for Docker's.
"""

import asyncio
import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import aiohttp

from tests.deploy.compose import TOP, Service, services
from tests.deploy.names import NameServer
from tests.deploy.processes import Process, clean_environment, resolved
from tests.support.ports import free_port
from tests.support.wait import PATIENCE_SECONDS, eventually

NODE = "host"

START_SECONDS = 60.0
ANSWER = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)


class Topology:
    """Redis, a scanner, web instances and HAProxy; `folder` holds their data and logs.

    `settings` are variables beside those of the compose file, `redis_options` words for the server.
    `detours` are ports at which web instances, by name, find Redis instead of at its own.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        redis_options: Sequence[str] = (),
    ) -> None:
        self.folder, self.root = folder, folder / "sockets"
        for path in (self.root, folder / "redis"):
            path.mkdir()
        self._services = services()
        self._settings, self._redis_options = settings or {}, redis_options
        self._redis_port, self._web_port, self._door_port, self._admin_port = (
            free_port() for _ in range(4)
        )
        self._names = NameServer("web")
        self._numbers = itertools.count(1)
        self._addresses: dict[str, str] = {}
        self.running: dict[str, Process] = {}
        self.detours: dict[str, int] = {}

    @property
    def url(self) -> str:
        """HAProxy, where clients come in."""
        return f"http://127.0.0.1:{self._door_port}"

    @property
    def redis_port(self) -> int:
        return self._redis_port

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self._redis_port}/0"

    @property
    def instances(self) -> list[str]:
        """The web instances by name, whether they run or not."""
        return list(self._addresses)

    def address(self, instance: str) -> str:
        """Where a web instance listens itself."""
        return f"http://{self._addresses[instance]}:{self._web_port}"

    async def start(self) -> None:
        """Start everything in the order of the compose file's `depends_on`."""
        self._names.start()
        for _ in range(self._services["web"].raw["deploy"]["replicas"]):
            self._new_address()
        self.tell_names()
        for name in ("redis", "scanner", *self.instances, "haproxy"):
            await self._run(name)
            await self.healthy(name)
        await self.balanced()

    async def heal(self) -> None:
        """Start again what ended, and wait until all is as it was after `start`."""
        for name, process in list(self.running.items()):
            if not process.alive:
                await self._run(name)
                await self.healthy(name)
        await self.balanced()

    def close(self) -> None:
        """End everything, in the reverse order."""
        for process in reversed(self.running.values()):
            process.stop()
        self._names.close()

    async def add_instance(self, *, known: bool = True, **changes: str) -> str:
        """Scale up by one web instance, with these variables changed; returns its name.

        Docker's name server knows a container before it listens. With `known=False` the name server
        learns of it only by `tell_names`; HAProxy then uses the instance until its first check.
        """
        name = self._new_address()
        if known:
            self.tell_names()
        await self._run(name, changes)
        return name

    async def add_scanner(self) -> str:
        """Scale up by a scanner that stands by; returns its name."""
        name = f"scanner-{next(self._numbers)}"
        await self._run(name)
        return name

    async def restart(self, name: str) -> None:
        """Start again what has ended; its health is not waited for."""
        await self._run(name)

    def tell_names(self) -> None:
        """Let the name server know all web instances."""
        self._names.addresses = list(self._addresses.values())

    async def remove_instance(self, name: str) -> None:
        """Scale down: end a web instance; the name server forgets it."""
        await asyncio.to_thread(self.running.pop(name).stop)
        del self._addresses[name]
        self.tell_names()

    async def healthy(self, name: str) -> None:
        """Wait until the compose file's own health check says so."""
        service = self._service(name)
        command = [self._here(name).get(word, word) for word in service.health]
        if name == "redis":
            command[1:1] = ["-p", str(self._redis_port)]
        environment = clean_environment(self._environment(name, service))

        async def check() -> bool:
            assert process.alive, f"{name} ended: {process.said()[-2000:]}"
            child = await asyncio.create_subprocess_exec(
                *resolved(command), env=environment, cwd=TOP, stdout=DEVNULL, stderr=DEVNULL
            )
            return await child.wait() == 0

        process = self.running[name]
        await eventually(check, START_SECONDS, f"{name} is healthy; see {process.log}")

    async def balanced(self) -> None:
        """Wait until HAProxy's checks agree with which instances run."""

        async def settled() -> bool:
            running = {name: self.running[name].alive for name in self.instances}
            told = [await self.servers(backend) for backend in ("streams", "ready")]
            return told == [running, running]

        await eventually(settled, START_SECONDS, "HAProxy knows the instances that run")

    async def servers(self, backend: str) -> dict[str, bool | None]:
        """The result of HAProxy's checks of each instance: usable or not, None while undecided."""
        async with (
            aiohttp.ClientSession(timeout=ANSWER) as session,
            session.get(f"http://127.0.0.1:{self._admin_port}/servers;csv") as answer,
        ):
            table = list(csv.DictReader(io.StringIO(await answer.text())))
        names = {f"{place}:{self._web_port}": name for name, place in self._addresses.items()}
        return {
            names[row["addr"]]: _verdict(row["status"], row["check_status"])
            for row in table
            if row["# pxname"] == backend and row["addr"] in names
        }

    async def get(self, url: str) -> Any:
        """The JSON at an address, from an instance or through HAProxy."""
        async with (
            aiohttp.ClientSession(timeout=ANSWER) as session,
            session.get(url) as answer,
        ):
            return await answer.json()

    def _new_address(self) -> str:
        number = next(self._numbers)
        name = f"web-{number}"
        self._addresses[name] = f"127.0.1.{number}"
        return name

    def _service(self, name: str) -> Service:
        return self._services[name.partition("-")[0]]

    def _here(self, name: str) -> Mapping[str, str]:
        """Replacements for words of a command on this machine: mounted files, published ports."""
        service = self._service(name)
        mounted = {target: str(TOP / source) for source, target, _ in service.volumes}
        return {
            **mounted,
            "http://127.0.0.1:8404/alive": f"http://127.0.0.1:{self._admin_port}/alive",
        }

    def _environment(self, name: str, service: Service) -> dict[str, str]:
        """The compose file's environment, with this machine's addresses in place of Docker's."""
        places = {
            "ROUTER_REDIS_URL": self.redis_url,
            "ROUTER_SOCKET_DIR": str(self.root),
            # Processes of one machine have no host name of their own that tells them apart.
            "ROUTER_NODE": name,
        }
        if name.startswith("scanner"):
            places |= {"ROUTER_NODE": NODE}
        elif name == "haproxy":
            places = {
                "HAPROXY_BIND": f"127.0.0.1:{self._door_port}",
                "HAPROXY_ADMIN": f"127.0.0.1:{self._admin_port}",
                "HAPROXY_DNS": self._names.place,
                "HAPROXY_WEB": f"web:{self._web_port}",
            }
        elif name in self._addresses:
            places |= {"ROUTER_HOST": self._addresses[name], "ROUTER_PORT": str(self._web_port)}
            # Two topologies on one machine would share the port that each container has for itself.
            places |= {"ROUTER_METRICS_PORT": "0"}
            if name in self.detours:
                places["ROUTER_REDIS_URL"] = f"redis://127.0.0.1:{self.detours[name]}/0"
        return {**service.environment, **self._settings, **places}

    async def _run(self, name: str, changes: Mapping[str, str] | None = None) -> None:
        """Start a service; end first what is left of an earlier run of it."""
        service = self._service(name)
        command = [self._here(name).get(word, word) for word in service.command]
        if name == "redis":
            command += ["--bind", "127.0.0.1", "--port", str(self._redis_port)]
            command += ["--dir", str(self.folder / "redis"), *self._redis_options]
        environment = {**self._environment(name, service), **(changes or {})}
        if name in self.running:
            await asyncio.to_thread(self.running.pop(name).stop)
        self.running[name] = Process(name, command, environment, self.folder / f"{name}.log")


def _verdict(status: str, check: str) -> bool | None:
    """Whether a server is up by its last check; HAProxy marks one as "UP 1/2" on its way down."""
    if status == "UP" and "L7OK" in check:
        return True
    return False if status.startswith(("DOWN", "MAINT")) else None
