"""If Redis cannot be reached, the error has the address and the reason, without a password."""

import socket
from pathlib import Path

import pytest

from hero_router.errors import (
    StoreUnreachable,
)
from hero_router.store import client as store_client
from tests.contract.refusal import PASSWORD, Start, acquire, connected, refusal

LOGIN = f"me:{PASSWORD}@"


NOBODY = "-nobody"
"""A host that no resolver asks others about, so no name server can be slow: a label never begins
with a hyphen (RFC 952)."""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"redis://{LOGIN}127.0.0.1:1/0", "127.0.0.1:1 cannot be reached: connection refused"),
        (f"redis://{LOGIN}localhost:1", "localhost:1 cannot be reached: connection refused"),
        ("redis://[::1]:1", "[::1]:1 cannot be reached: "),
        (f"redis://{NOBODY}", f"{NOBODY}:6379 cannot be reached: no such host"),
        ("unix:///no/such/s", "/no/such/s cannot be reached: no such file"),
    ],
)
async def test_if_nothing_listens_the_error_has_address_and_reason(url: str, told: str) -> None:
    error = await refusal(url)
    assert type(error) is StoreUnreachable
    assert str(error).startswith(f"Redis at {told}")
    assert "me:" not in str(error)


async def test_a_socket_without_a_listener_and_a_closed_folder_have_different_reasons(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
    error = await refusal(f"unix://{tmp_path}/s")
    assert str(error) == f"Redis at {tmp_path}/s cannot be reached: connection refused"


async def test_the_error_about_a_silent_server_has_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_client, "ANSWER_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        error = await refusal(f"unix://{tmp_path}/s")
    assert type(error) is StoreUnreachable
    assert str(error) == f"Redis at {tmp_path}/s did not answer in time"


async def test_the_error_about_a_connection_that_breaks_later_has_its_address(start: Start) -> None:
    server = start(tcp=True)
    async with connected(server.url) as found:
        assert await acquire(found)
        server.kill()
        with pytest.raises(StoreUnreachable, match=rf"Redis at 127.0.0.1:{server.port} cannot"):
            await acquire(found)


async def test_the_message_has_the_reason_of_each_address_that_was_asked(start: Start) -> None:
    nobody = f"127.0.0.1:1,{NOBODY}:2,[::1]:3"
    for kind in (f"redis+sentinel://{LOGIN}{nobody}/x", f"redis+cluster://{LOGIN}{nobody}"):
        error = await refusal(kind)
        assert type(error) is StoreUnreachable
        assert "no Sentinel or Cluster node names Redis's primary: " in str(error)
        assert f"127.0.0.1:1: connection refused; {NOBODY}:2: no such host" in str(error)
        assert "; [::1]:3: " in str(error)


async def test_a_path_that_spells_an_error_of_redis_is_only_a_path(tmp_path: Path) -> None:
    """The library's text for a failed connection holds the address."""
    for word in ("ROOM", "LOADING", "NOAUTH", "max number of clients reached"):
        assert type(await refusal(f"unix://{tmp_path}/{word}".replace(" ", "%20"))) is (
            StoreUnreachable
        )
