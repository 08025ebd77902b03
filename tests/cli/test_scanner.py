"""The scanner's command: the router's own Redis is never taken for a service."""

import socket
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from hero_router.scan.walk import Finder
from hero_router.settings.redis_url import socket_files


@pytest.mark.parametrize("folder", ["plain", "my #1 50%20? "])
def test_redis_below_the_root_is_no_service_whatever_its_folder_is_called(folder: str) -> None:
    with tempfile.TemporaryDirectory(prefix=folder) as name:
        path = Path(name, "backplane.sock")
        with socket.socket(socket.AF_UNIX) as redis:
            redis.bind(str(path))
            assert len(Finder(Path(name)).walk().sockets) == 1
            own = socket_files(f"unix://{quote(str(path))}?db=1")
            assert Finder(Path(name), own=own).walk().sockets == ()


def test_redis_on_tcp_has_no_socket() -> None:
    assert socket_files("rediss://redis.example:6379/0") == []
