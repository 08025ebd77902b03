"""The webhook's target: what is sent, which answers count, and where it never connects to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hero_router.notify import webhook_client as target_module
from hero_router.notify.messages import Queued
from hero_router.notify.sender import Failed
from hero_router.notify.signature import signed_headers
from hero_router.notify.webhook_client import Target, is_public
from tests.notify.receiver import OK, Receiver, receiver

MESSAGE = Queued(b"", "msg_1", 1, '{"type":"service.down"}')
KEY = b"k" * 24


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    """A receiver of webhooks."""
    async with receiver() as made:
        yield made


def answer(status: str, *fields: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Length: 0", *fields))
    return f"{head}\r\n\r\n".encode()


async def test_a_message_arrives_signed_and_without_anything_else(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    hook.answers = [answer("200 OK", "Set-Cookie: a=b"), OK]
    for _ in range(2):
        await Target(hook.url, KEY, private=True).send(MESSAGE)
    first, second = hook.requests
    assert first.line == "POST /hook?key=secret HTTP/1.1"
    assert first.body.decode() == MESSAGE.body
    assert first.fields["content-type"] == "application/json"
    seconds = int(first.fields["webhook-timestamp"])
    expected = signed_headers(KEY, "msg_1", seconds, MESSAGE.body)
    assert {name: first.fields[name] for name in expected} == dict(expected)
    assert "cookie" not in second.fields


@pytest.mark.parametrize(
    ("given", "reason", "is_refusal"),
    [
        (answer("301 Moved", "Location: http://127.0.0.1:1/"), "redirects", True),
        (answer("307 Moved", "Location: /other"), "redirects", True),
        (answer("400 Bad"), "status 400", True),
        (answer("410 Gone"), "status 410", True),
        (answer("429 Slow"), "status 429", False),
        (answer("500 Oh"), "status 500", False),
        (b"junk\r\n\r\n", "connection failed", False),
        (b"", "connection failed", False),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000, "connection failed", False),
    ],
)
async def test_any_other_answer_is_a_failure_that_says_why_without_the_url(
    hook: Receiver, given: bytes, reason: str, *, is_refusal: bool
) -> None:
    hook.answers = [given]
    with pytest.raises(Failed, match=reason) as failed:
        await Target(hook.url, KEY, private=True).send(MESSAGE)
    assert failed.value.is_refusal is is_refusal
    assert "secret" not in str(failed.value)
    assert len(hook.requests) == 1


async def test_a_target_that_hangs_is_given_up_in_time(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_module, "ANSWER_SECONDS", 0.2)
    hook.answers = [None]
    with pytest.raises(Failed, match=r"no answer in 0\.2 s"):
        await Target(hook.url, KEY, private=True).send(MESSAGE)


async def test_a_target_that_is_away_is_a_failure_that_says_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(Failed, match=r"connection failed \(Connect") as failed:
            await Target(url, KEY, private=True).send(MESSAGE)
    assert not failed.value.is_refusal


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_connected_to_unless_the_setting_allows_it(
    hook: Receiver, host: str
) -> None:
    target = Target(hook.url.replace("127.0.0.1", host), KEY, private=False)
    with pytest.raises(Failed, match="ROUTER_WEBHOOK_PRIVATE"):
        await target.send(MESSAGE)
    assert hook.requests == []


async def test_a_name_that_suddenly_leads_to_this_machine_is_noticed_at_the_connection(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: each attempt looks the name up, and checks what it is about to connect to."""
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", hook.port))

    async def look_up(*_: Any, **__: Any) -> list[Any]:
        return [found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    url = f"http://hooks.example:{hook.port}/"
    with pytest.raises(Failed, match="private network"):
        await Target(url, KEY, private=False).send(MESSAGE)
    await Target(url, KEY, private=True).send(MESSAGE)
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
     "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
     "fe80::1%eth0",
     "fd00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1",
     "64:ff9b::a00:1", "2002:7f00:1::", "192.0.2.1"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
