"""The supervisor: its children are started in order, kept alive, and never left behind."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from hero_router.cli import supervise
from hero_router.cli.supervise import Child, ChildFailed, Supervisor
from tests.support.wait import PATIENCE_SECONDS, eventually

LIVES = "echo $$ >> $DIARY; exec sleep 600"
"""A child notes its process id in its diary and lives on."""

DIES = "echo $$ >> $DIARY; exit 3"
WAITS = "echo $$ >> $DIARY; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; echo $$ >> $DIARY; while :; do sleep 0.1; done"
SURVIVED = "sleep 600 & echo $! >> $DIARY; echo $$ >> $DIARY; wait"
"""It starts a process of its own, which outlives it when it is killed alone."""


class Household:
    """Children that are shell scripts, each with a diary, under one supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ready = folder, False
        self.stop, self.hurry = asyncio.Event(), asyncio.Event()
        self.order: list[str] = []
        self.children: list[Child] = []

    def add(
        self,
        name: str,
        script: str,
        ready: Callable[[], bool] | None = None,
        *,
        last: bool = False,
        stop_seconds: float = PATIENCE_SECONDS,
        log: Path | None = None,
    ) -> None:
        """A child; without `ready` it is so while the last that wrote into its diary lives."""

        async def is_ready() -> bool:
            found = (ready or (lambda: any(map(alive, self.pids(name)[-1:]))))()
            self.order += [name] if found else []
            return found

        environment = {"DIARY": str(self.folder / name)}
        command = ["sh", "-c", script]
        made = Child(name, command, environment, is_ready, last, stop_seconds, log)
        self.children.append(made)

    def pids(self, name: str) -> list[int]:
        """The processes that wrote into a child's diary, in their order."""
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in (self.folder / name).read_text().split()]
        return []

    async def run(self) -> None:
        """Supervise until the test says stop."""

        async def on_ready() -> None:
            self.ready = True

        await Supervisor(self.children).run(on_ready, self.stop, self.hurry)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All children are up meanwhile; afterwards none is."""
        task = asyncio.create_task(self.run())
        try:
            await eventually(lambda: self.ready or task.done(), message="the children are up")
            yield
        finally:
            self.stop.set()
            await asyncio.wait_for(task, 2 * PATIENCE_SECONDS)
        await self.nobody_is_left()

    async def nobody_is_left(self) -> None:
        """Wait a moment: the kernel takes one to end what was killed."""
        await eventually(lambda: not self.left(), message="nobody is left")

    async def times(self, name: str, count: int) -> list[int]:
        """Wait until a child was started so many times."""
        await eventually(lambda: len(self.pids(name)) >= count, message=f"{count} starts of {name}")
        return self.pids(name)

    def left(self) -> list[int]:
        """All that ever wrote into a diary and still lives."""
        diaries = [path.name for path in self.folder.iterdir() if path.suffix != ".log"]
        return [pid for name in diaries for pid in self.pids(name) if alive(pid)]


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Household:
    """An empty one, in which nobody waits long."""
    monkeypatch.setattr(supervise, "BACKOFF_FIRST", 0.05)
    monkeypatch.setattr(supervise, "READY_POLL_SECONDS", 0.01)
    return Household(tmp_path)


async def test_each_child_is_started_when_the_one_before_works(house: Household) -> None:
    house.add("first", f"sleep 0.2; {LIVES}")
    house.add("second", LIVES, lambda: bool(house.pids("first") and house.pids("second")))
    async with house.running():
        assert house.order == ["first", "second"]


async def test_a_child_that_dies_is_restarted_and_the_others_stay(
    house: Household, caplog: pytest.LogCaptureFixture
) -> None:
    house.add("steady", LIVES)
    house.add("mortal", LIVES)
    async with house.running():
        os.kill(house.pids("mortal")[0], signal.SIGKILL)
        await house.times("mortal", 2)
        assert len(house.pids("steady")) == 1
    (told,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert re.fullmatch(
        r"the process mortal ended by itself \(SIGKILL\): it is started again in 0\.0\d+ s", told
    )


async def test_a_child_that_does_not_start_again_is_tried_less_and_less_often(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "BACKOFF_MOST", 0.3)
    switch, starts = house.folder / "broken.log", house.folder / "starts.log"
    starts.touch()
    house.add("mortal", f"test -e {switch} && date +%s.%N >> {starts} && exit 3; {LIVES}")
    async with house.running():
        switch.touch()
        os.kill(house.pids("mortal")[0], signal.SIGKILL)
        await eventually(lambda: starts.read_text().count("\n") >= 5, message="five starts fail")
        times = [*map(float, starts.read_text().split("\n")[:5])]
        switch.unlink()
        await house.times("mortal", 2)
    pauses = [second - first for first, second in pairwise(times)]
    assert all(
        pause >= least for pause, least in zip(pauses, (0.04, 0.09, 0.14, 0.14), strict=False)
    )


async def test_a_child_that_never_can_run_ends_the_whole(house: Household) -> None:
    house.add("steady", LIVES)
    house.add("misled", "trap 'exit 2' USR1; echo $$ >> $DIARY; while :; do sleep 0.05; done")
    task = asyncio.create_task(house.run())
    await eventually(lambda: house.ready, message="the children are up")
    os.kill(house.pids("misled")[-1], signal.SIGUSR1)
    with pytest.raises(ChildFailed, match="misled cannot run with these settings"):
        await asyncio.wait_for(task, PATIENCE_SECONDS)
    await house.nobody_is_left()


@pytest.mark.parametrize(("script", "cause"), [(DIES, "exit code 3"), ("kill -KILL $$", "SIGKILL")])
async def test_a_child_that_does_not_start_ends_the_whole_with_its_reason(
    house: Household, script: str, cause: str
) -> None:
    log = house.folder / "why.log"
    log.write_text("hello\nthe disk is full\n")
    house.add("steady", LIVES)
    house.add("broken", script, lambda: False, log=log)
    with pytest.raises(ChildFailed) as failed:
        await house.run()
    assert str(failed.value) == f"broken did not start ({cause}): the disk is full (see {log})"
    assert not house.ready
    await house.nobody_is_left()


async def test_a_child_that_is_never_ready_ends_the_start(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "READY_SECONDS", 0.2)
    house.add("idle", LIVES, lambda: False)
    with pytest.raises(ChildFailed, match=r"idle was not ready within 0\.2 s"):
        await house.run()
    await house.nobody_is_left()


async def test_a_stop_during_a_long_start_does_not_wait_for_its_end(house: Household) -> None:
    house.add("steady", LIVES)
    house.add("slow", LIVES, lambda: False)
    task = asyncio.create_task(house.run())
    await house.times("slow", 1)
    house.stop.set()
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert not house.ready
    await house.nobody_is_left()


async def test_the_last_child_is_ended_after_all_others(house: Household) -> None:
    """The others may still have something to write into Redis."""
    note = house.folder / "end.log"
    bury = "trap 'echo {} >> {}; exit 0' TERM; echo $$ >> $DIARY; while :; do sleep 0.05; done"
    house.add("redis", bury.format("redis", note), last=True)
    house.add("scanner", bury.format("scanner", note).replace("'echo", "'sleep 0.3; echo"))
    async with house.running():
        pass
    assert note.read_text().split() == ["scanner", "redis"]


async def test_a_child_that_does_not_end_in_time_is_killed(house: Household) -> None:
    house.add("stubborn", STUBBORN, stop_seconds=0.3)
    note = house.folder / "end.log"
    slow = f"trap 'sleep 0.8; echo x > {note}; exit' TERM; {WAITS}"
    house.add("slow", slow, stop_seconds=2 * PATIENCE_SECONDS)
    async with house.running():
        pass
    assert note.read_text() == "x\n", "the other one has its own time, and no more than it needs"


async def test_a_second_stop_kills_all_but_the_last_child(house: Household) -> None:
    """Only the last of all, which others have written to, still has its time."""
    note = house.folder / "end.log"
    house.add("redis", f"trap 'sleep 0.3; echo x > {note}; exit' TERM; {WAITS}", last=True)
    asked = house.folder / "asked"
    house.add("stubborn", f"trap 'touch {asked}' TERM; {WAITS}", stop_seconds=60)
    async with house.running():
        house.stop.set()
        await eventually(asked.exists, message="the stubborn one is asked to end")
        assert alive(house.pids("stubborn")[0])
        house.hurry.set()
    assert note.read_text() == "x\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_processes_of_a_child_end_with_it(house: Household, number: signal.Signals) -> None:
    """A worker whose master was killed would still hold the port."""
    house.add("master", SURVIVED, lambda: len(house.pids("master")) in {2, 4})
    async with house.running():
        worker, master = house.pids("master")
        os.kill(master, number)
        await house.times("master", 4)
        assert not alive(worker)


def test_children_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from hero_router.cli.supervise import Child, Supervisor
async def ready():
    diary = Path("{tmp_path}/child")
    return diary.exists() and diary.read_text().endswith("\\n")
child = Child("child", ["sh", "-c", {LIVES!r}], {{"DIARY": "{tmp_path}/child"}}, ready)
async def up(): print("up", flush=True)
events = asyncio.Event(), asyncio.Event()
asyncio.run(Supervisor([child]).run(up, *events))
"""
    command: Sequence[str] = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"up\n"
        child = int((tmp_path / "child").read_text())
        supervisor.kill()
    asyncio.run(eventually(lambda: not alive(child), message="the child has ended"))
