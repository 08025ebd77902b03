"""Another program, a Sentinel or a protected Redis at the address of Redis: what the error says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hero_router.errors import (
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from tests.contract.refusal import refusal


@contextlib.asynccontextmanager
async def answering(greeting: bytes, kind: str = "redis") -> AsyncIterator[tuple[str, str]]:
    """A server that says this at the first contact and hangs up: its URL and its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield f"{kind}://{address}/x" if "+" in kind else f"{kind}://{address}", address
    finally:
        server.close()


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b":1\r\n"]
)
async def test_something_else_listens_there(greeting: bytes) -> None:
    async with answering(greeting) as (url, address):
        error = await refusal(url)
    assert (type(error), str(error)) == (
        StoreUnreachable,
        f"the server at {address} is not Redis",
    )


async def test_a_server_that_hangs_up_at_once_may_want_tls() -> None:
    async with answering(b"") as (url, address):
        error = await refusal(url)
    assert str(error) == (
        f"Redis at {address} cannot be reached: it closed the connection (if it wants TLS, write "
        "rediss instead of redis in the URL)"
    )


REDIS7_PROTECTED = (
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    b"is set for the default user.\r\n"
)
VALKEY9_PROTECTED = REDIS7_PROTECTED.replace(b"Redis is running", b"Running")
IS_PROTECTED = "is in protected mode and refuses other machines: give it a password, or switch "


@pytest.mark.parametrize("kind", ["redis", "redis+sentinel", "redis+cluster"])
@pytest.mark.parametrize("greeting", [REDIS7_PROTECTED, VALKEY9_PROTECTED])
async def test_a_redis_that_takes_no_other_machines_says_so(greeting: bytes, kind: str) -> None:
    """For clients of this machine the mode is without effect, so a stand-in uses its words."""
    async with answering(greeting, kind) as (url, address):
        error = await refusal(url.removesuffix("/x") if kind == "redis+cluster" else url)
    assert type(error) is StoreRefused
    assert str(error).startswith(f"Redis at {address} {IS_PROTECTED}")


async def test_an_error_that_nobody_expects_is_named_by_its_code_alone() -> None:
    async with answering(b"-WHATEVER it is, and args\r\n") as (url, address):
        error = await refusal(url)
    assert type(error) is StoreError
    assert str(error) == f"Redis at {address} answers with an unexpected error: WHATEVER"


async def test_a_server_that_lacks_a_command_may_be_a_sentinel() -> None:
    async with answering(b"-ERR unknown command 'EVALSHA', with args: \r\n") as (
        url,
        address,
    ):
        error = await refusal(url)
    assert type(error) is StoreRefused
    assert str(error).startswith(f"the server at {address} lacks a command that is needed: it is a")


async def test_a_stranger_in_the_place_of_a_sentinel_is_no_redis() -> None:
    async with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", "redis+sentinel") as (url, address):
        error = await refusal(url)
    assert type(error) is StoreUnreachable
    assert str(error).endswith(f"names Redis's primary: {address}: it is not Redis")
