"""The command `events`: the stream in a terminal; it resumes, and shows what it missed."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import click
from rich.text import Text

from hero_router.cli.client import RouterAway, address, asking, resolve
from hero_router.cli.list import mark
from hero_router.cli.screen import console, warn
from hero_router.sse import Message, Parser

SILENCE_SECONDS = 45.0
"""Three keepalives: after this much silence the connection counts as dead."""

RETRY_MS = 1_000


@click.command("events")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a line")
@click.option("--cursor", default=None, help="go on after this position")
@click.option("--count", type=click.IntRange(1), default=None, help="end after so many events")
@address
def command(as_json: bool, cursor: str | None, count: int | None, url: str | None) -> None:
    """Follow the stream of events; reconnects and resumes by itself. Ctrl-C ends it."""
    follower = Follower(resolve(url), cursor)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show(follower, as_json=as_json, count=count))


async def _show(follower: "Follower", *, as_json: bool, count: int | None) -> None:
    left = count
    async for message in follower.messages():
        if message.event == "ping" and not as_json:
            continue
        (_print_json if as_json else _print)(message)
        left = None if left is None else left - 1
        if left == 0:
            return


class Follower:
    """One client of the stream. Keeps its position over every connection."""

    def __init__(self, url: str, cursor: str | None) -> None:
        self._url, self._cursor, self._retry_ms = url, cursor, RETRY_MS

    async def messages(self) -> AsyncIterator[Message]:
        """All messages, over as many connections as it takes. Raises RouterAway at first only."""
        connected = False
        while True:
            try:
                async for message in self._connection():
                    connected = True
                    yield message
            except RouterAway as error:
                if not connected:
                    raise
                warn(str(error))
            warn(f"reconnecting after {self._cursor}")
            await asyncio.sleep(self._retry_ms / 1000)

    async def _connection(self) -> AsyncIterator[Message]:
        parser = Parser(self._cursor or "")
        headers = {"Last-Event-ID": self._cursor} if self._cursor else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=SILENCE_SECONDS)
        async with (
            asking(self._url) as session,
            session.get(f"{self._url}/api/events", headers=headers, timeout=timeout) as answer,
        ):
            if answer.status != 200:
                raise RouterAway(f"{self._url} answers {answer.status}")
            async for data in answer.content.iter_any():
                for message in parser.feed(data):
                    self._cursor = message.last_id or None
                    self._retry_ms = message.retry_ms or self._retry_ms
                    yield message


def _print_json(message: Message) -> None:
    value = {"event": message.event, "id": message.last_id, "data": json.loads(message.data)}
    click.echo(json.dumps(value))


def _print(message: Message) -> None:
    data = json.loads(message.data)
    line = Text(time.strftime("%H:%M:%S "), style="bright_black")
    line.append(f"{message.event:<16}", style="bold red" if message.event == "resync" else "bold")
    line.append_text(_summary(message.event, data))
    console().print(line, soft_wrap=True)


def _summary(event: str, data: dict[str, Any]) -> Text:
    """What an event says, in a few words; service texts are shown literally."""
    record = data.get("service")
    if event == "status_change" and isinstance(record, dict):
        line = Text(f"{record['context']}/{record['name']} ")
        reason = f"  {data['reason']}" if data["reason"] else ""
        return line + mark(data["from"]) + Text(" → ") + mark(data["to"]) + Text(reason)
    if isinstance(record, dict):
        return Text(f"{record['context']}/{record['name']} ") + mark(record["status"])
    if event == "resync":
        number = "an unknown number of" if data["dropped"] is None else data["dropped"]
        return Text(f"missed {number} events ({data['reason']}); `hero_router list` has the state")
    return Text(" ".join(f"{key}={value}" for key, value in data.items()))
