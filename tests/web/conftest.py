"""What the tests of the web layer share."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.scan.services import Services
from tests.web.stage import Stage, stage
from tests.web.world import World

Scene = Callable[[Stage], Coroutine[Any, Any, None]]
Act = Callable[[Scene], None]


@pytest.fixture
async def world() -> World:
    """A fresh Redis and a worker that does not run yet."""
    return World()


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Starts services on sockets below `tmp_path` and stops them all at the end."""
    started = Services(tmp_path)
    yield started
    await started.stop()


@pytest.fixture(params=["asyncio", "uvloop"])
def act(request: pytest.FixtureRequest) -> Iterator[Act]:
    """Run a scene on one of the two event loops; whatever the loop complains of is a failure."""
    complaints = list[str]()
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    async def play(scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
        async with stage() as made:
            await scene(made)
        gc.collect()

    def run(scene: Scene) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(play(scene))

    yield run
    assert complaints == []
