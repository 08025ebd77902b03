"""The shipped compose file as real containers: podman runs images made of Debian's packages.

`podman-compose` starts and ends everything, as an operator does. podman kills, stops and starts
single containers.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.deploy.compose import TOP, services

FOLDER = Path(__file__).resolve().parent
FILES = ("docker-compose.yml", "tests/containers/override.yml")

PROJECT = "hero_router_check"
IMAGES = "localhost/hero_router_test"

PORT = 19_988
"""Where HAProxy is published; not the port of a router that may run on this machine."""

WITHOUT_IMAGE = {"grafana"}
"""No package of Debian has it."""

COMPOSE_SECONDS, PODMAN_SECONDS = 120, 60


class Stack:
    """All containers of the compose file, the profile `metrics` included; two of `web`."""

    url = f"http://127.0.0.1:{PORT}"
    prometheus_url = "http://127.0.0.1:9090"

    def up(self) -> None:
        """Start everything."""
        names = [name for name in services() if name not in WITHOUT_IMAGE]
        self._compose("up", "--detach", "--no-build", "--scale", "web=2", *names)

    def recreate(self, service: str) -> None:
        """Replace the container of one service by a new one."""
        self._compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", service)

    def down(self) -> None:
        """End and remove everything, with the volumes."""
        self._compose("down", "--volumes", "--remove-orphans")

    def left(self) -> list[str]:
        """What is left of this project: containers, volumes and networks."""
        found = [_podman(kind, "ls", *_all(kind), "--format=json") for kind in KINDS]
        names = [_name(item) for items in found for item in json.loads(items or "[]")]
        return [name for name in names if name.startswith(PROJECT)]

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers that run, as short as their host names are."""
        label = f"label=com.docker.compose.service={service}"
        mine = f"label=com.docker.compose.project={PROJECT}"
        return _podman("ps", "--quiet", "--filter", label, "--filter", mine).split()

    def act(self, verb: str, container: str) -> None:
        """`kill`, `stop` or `start` one container."""
        _podman(verb, container)

    def address(self, service: str) -> str:
        """The address of a service's first container, for this machine."""
        details = json.loads(_podman("inspect", self.containers(service)[0]))[0]
        networks: dict[str, Any] = details["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    def healthy(self, container: str) -> bool:
        """Run the health check of a container once."""
        command = ["podman", "healthcheck", "run", container]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    def servers_up(self, backend: str) -> int:
        """How many servers HAProxy counts as up in a backend."""
        page = f"http://{self.address('haproxy')}:8404/servers;csv"
        with urllib.request.urlopen(page, timeout=5) as answer:
            rows = list(csv.DictReader(io.TextIOWrapper(answer, "utf-8")))
        return sum(row["# pxname"] == backend and is_up(row) for row in rows)

    def logs(self) -> str:
        """The last lines of every container, for a report of failure."""
        names = _podman("ps", "--all", "--format={{.Names}}").split()
        ours = [name for name in names if name.startswith(PROJECT)]
        return "\n".join(f"== {name}\n{_podman('logs', '--tail=20', name)}" for name in ours)

    def _compose(self, *arguments: str) -> None:
        program = Path(sys.executable).with_name("podman-compose")
        files = [word for file in FILES for word in ("--file", file)]
        command = [str(program), "--project-name", PROJECT, *files, "--profile", "metrics"]
        _run([*command, *arguments], COMPOSE_SECONDS)


KINDS = ("container", "volume", "network")


def missing() -> list[str]:
    """The programs that are needed and not installed, by the names of Debian's packages."""
    needed = {
        "podman": "podman",
        "runc": "runc",
        "mmdebstrap": "mmdebstrap",
        "catatonit": "catatonit",
        "iptables": "iptables",
        "/usr/lib/podman/netavark": "netavark",
        "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    }
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/podman"
    return [package for program, package in needed.items() if not shutil.which(program, path=path)]


def is_up(row: Mapping[str, str]) -> bool:
    """Whether a line of HAProxy's table is a server that is up."""
    return row["type"] == "2" and row["status"].startswith("UP")


def _all(kind: str) -> list[str]:
    return ["--all"] if kind == "container" else []


def _name(item: Any) -> str:
    name = item.get("Names", item.get("Name", item.get("name")))
    return str(name[0] if isinstance(name, list) else name)


def _podman(*arguments: str) -> str:
    return _run(["podman", *arguments], PODMAN_SECONDS)


def _run(command: Sequence[str], seconds: float) -> str:
    """Run a command in the top folder; returns its output. Fails with its words."""
    environment = {
        **os.environ,
        "CONTAINERS_CONF": str(FOLDER / "containers.conf"),
        "HERO_IMAGE": f"{IMAGES}/hero_router",
        "HERO_PORT": str(PORT),
    }
    done = subprocess.run(
        command,
        cwd=TOP,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
