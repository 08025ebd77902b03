"""The examples of docs/services.md run, and are shown as healthy with their title and method."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import scanning, working

PAGE = Path(__file__).resolve().parents[2] / "docs" / "services.md"
SCRIPTS = Path(sys.executable).parent

EXAMPLES = {
    name: text
    for text in re.findall(r"```(?:python|js)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for name in re.findall(r"\A(?:#|//) (\S+)\n", text)
}
COMMANDS = {
    "petshop_fastapi.py": (SCRIPTS / "uvicorn", "petshop_fastapi:app", "--uds", "$SOCKET"),
    "petshop_flask.py": (SCRIPTS / "gunicorn", "--bind", "unix:$SOCKET", "--umask", "007",
                         "petshop_flask:app"),
    "petshop_aiohttp.py": (SCRIPTS / "python", "petshop_aiohttp.py"),
    "petshop.mjs": ("node", "petshop.mjs"),
}  # fmt: skip


@asynccontextmanager
async def running(name: str, folder: Path, socket: Path) -> AsyncIterator[None]:
    """Start an example as the page says, and end it."""
    (folder / name).write_text(EXAMPLES[name], "utf-8")
    command = [str(part).replace("$SOCKET", str(socket)) for part in COMMANDS[name]]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**os.environ, "SOCKET": str(socket)},
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


def test_the_page_has_these_examples_with_these_commands() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    page = PAGE.read_text("utf-8")
    for command in COMMANDS.values():
        words = [Path(part).name if isinstance(part, Path) else part for part in command]
        told = (
            " ".join(words)
            .replace("unix:$SOCKET", '"unix:$SOCKET"')
            .replace("--uds $SOCKET", '--uds "$SOCKET"')
        )
        assert f"`{told}`" in page


@pytest.mark.parametrize("name", COMMANDS)
async def test_each_example_is_shown_as_healthy_and_answers_through_the_router(
    name: str, tmp_path: Path, redis7: RedisServer
) -> None:
    root = tmp_path / "root"
    socket = root / "petshop" / "rpc.sock"
    socket.parent.mkdir(parents=True)
    async with (
        scanning(redis7.url, root),
        working(redis7.url, node="n", socket_dir=str(root)) as live,
        running(name, tmp_path, socket),
    ):
        await eventually(live.is_ready, message="the worker has read the registry")

        async def shown() -> Any:
            services = (await live.state())["services"]
            return services and services[0]["status"] == "healthy" and services[0]

        record = await eventually(shown, message="it is healthy")
        assert await live.get("/petshop/rpc/health") == (200, {"status": "ok"})
    assert (record["name"], record["title"], record["version"]) == ("petshop", "Pet shop", "1.0.0")
    assert (record["methods"], record["methods_count"]) == (["pets.list"], 1)
