"""The watch: a look is due at the start, at each change, and once more when it is quiet again.

Nothing that lies in the root, or does not, ends it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import watchfiles

from hero_router.scan import watcher as watching
from hero_router.scan.dependency_protocols import SystemClock
from hero_router.scan.watcher import QUIET_MS, RootWatcher
from tests.scan.waiting import holds, swap, until
from tests.support.users import privileged, unprivileged

QUIET = QUIET_MS / 1000
ODD = os.fsdecode(b"\xff")
"""A name that is not UTF-8."""


@asynccontextmanager
async def looks(watch: RootWatcher) -> AsyncIterator[list[None]]:
    """The looks that were due so far."""
    due: list[None] = []

    async def collect() -> None:
        async for _ in watch.changes():
            due[:] = [*due, None]

    task = asyncio.create_task(collect())
    try:
        yield due
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_one_look_is_due_soon_after_the_start_and_no_more_while_quiet(root: Path) -> None:
    """What came before the kernel watched is so found without waiting for the rescan."""
    async with looks(RootWatcher(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        await holds(lambda: len(due) == 1, "no look without a reason", 3 * QUIET)


async def test_a_change_is_followed_by_one_more_look(root: Path) -> None:
    """A folder that was just made is not watched from its first moment."""
    async with looks(RootWatcher(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        (root / "svc").mkdir()
        await until(lambda: len(due) >= 2, "the change")
        await until(lambda: len(due) >= 3, "one more when quiet")
        await holds(lambda: len(due) == 3, "and no more", 2 * QUIET)


async def test_the_watch_follows_the_path(root: Path) -> None:
    """As after a mount over the root: the old folder is still there and tells nothing."""
    old, new, link = root / "old", root / "new", root / "link"
    for folder in (old, new):
        folder.mkdir()
    link.symlink_to(old)
    async with looks(RootWatcher(link, SystemClock())) as due:
        await until(lambda: due, "the first look")
        swap(link, new)
        await until(lambda: len(due) >= 2, "the look at the new root")
        (new / "svc").mkdir()
        await until(lambda: len(due) >= 3, "a change in the new root")


@pytest.mark.usefixtures("quick")
async def test_a_root_that_comes_later_is_watched_then(
    root: Path, told: pytest.LogCaptureFixture
) -> None:
    """The library itself would watch nothing, without a word."""
    later = root / "later"
    async with looks(RootWatcher(later, SystemClock())) as due:
        await until(lambda: told.records, "the missing root is told")
        await until(lambda: due, "one look: it may have gone before it was watched")
        await holds(lambda: len(due) == 1, "nothing more to look at", QUIET)
        later.mkdir()
        await until(lambda: len(due) >= 2, "the first look")
        (later / "svc").mkdir()
        await until(lambda: len(due) >= 3, "a change in it")
    assert "No such file or directory; changes are found only by the regular scans" in told.text


@pytest.mark.usefixtures("quick")
async def test_a_root_that_may_be_read_again_is_watched_again(
    root: Path, told: pytest.LogCaptureFixture
) -> None:
    let_read(root, 0)
    with unprivileged():
        async with looks(RootWatcher(root, SystemClock())) as due:
            await until(lambda: told.records, "that it may not be read is told")
            await until(lambda: len(due) >= 1, "one look: it may have been readable just before")
            with privileged():
                let_read(root, 0o755)
            await until(lambda: len(due) >= 2, "the first look")
            with privileged():
                (root / "svc").mkdir()
            await until(lambda: len(due) >= 3, "a change in it")
    assert "Permission denied; changes are found only by the regular scans" in told.text


async def test_a_root_made_anew_is_watched_without_being_asked(root: Path) -> None:
    """The new folder may even have the inode of the old one, so nobody else could tell."""
    async with looks(RootWatcher(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        again(root)
        await until(lambda: len(due) > 1, "a look at the new root")
        await quiet(due)
        seen = len(due)
        (root / "svc").mkdir()
        await until(lambda: len(due) > seen, "a change in the new root")


async def quiet(due: list[None]) -> None:
    """Wait until no look has been due for a while: only a change makes the next one."""
    seen = -1
    while seen != len(due):
        seen = len(due)
        await asyncio.sleep(3 * QUIET)


def let_read(folder: Path, mode: int) -> None:
    folder.chmod(mode)


def again(folder: Path) -> None:
    """Delete an empty folder and make it anew."""
    folder.rmdir()
    folder.mkdir()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the watch logs."""
    caplog.set_level(logging.INFO, "hero_router.scan.watcher")
    return caplog


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that failed is tried again soon."""
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.05)


def levels(told: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in told.records]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("lasting", [True, False])
async def test_a_name_that_is_not_utf8_does_not_end_the_watch(
    root: Path, told: pytest.LogCaptureFixture, lasting: bool
) -> None:
    """The library cannot tell of it, and raises in a group of tasks; one line says so."""
    async with looks(RootWatcher(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        odd = root / ODD
        odd.mkdir()
        if not lasting:
            odd.rmdir()
        await until(lambda: told.records, "the failure is told")
        await holds(lambda: levels(told) == ["WARNING"], "once, however often it fails", 1.0)
        if lasting:
            odd.rmdir()
        await until(lambda: len(due) >= 2, "a look at what was missed meanwhile")
        seen = len(due)
        (root / "svc").mkdir()
        await until(lambda: len(due) > seen, "the watch goes on")
    (record,) = told.records
    assert "Unable to decode path" in record.getMessage()
    assert record.getMessage().endswith("only by the regular scans, every ROUTER_SCAN_SECONDS")


@pytest.mark.usefixtures("quick")
async def test_a_trouble_is_over_when_the_watch_works_for_a_while(
    root: Path, told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: who makes odd names all the time would else fill the log."""
    monkeypatch.setattr(watching, "STEADY_SECONDS", 1.0)
    there = root / "there"
    there.mkdir()
    async with looks(RootWatcher(there, SystemClock())) as due:
        await until(lambda: due, "the first look")
        there.rmdir()
        await until(lambda: told.records, "the missing root is told")
        there.mkdir()
        await holds(lambda: levels(told) == ["WARNING"], "not yet", 0.5)
        await until(lambda: levels(told) == ["WARNING", "INFO"], "it is over")
        there.rmdir()
        await until(lambda: levels(told) == ["WARNING", "INFO", "WARNING"], "a new trouble")


@pytest.mark.usefixtures("quick")
async def test_a_panic_inside_the_library_does_not_end_the_watch(
    root: Path, told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panic of Rust is no Exception of Python; nobody can have the real library panic at will."""
    real, panics = watchfiles.awatch, [Panic("index out of bounds"), Panic()]

    def panicking(*paths: Path, **how: object) -> AsyncIterator[object]:
        if panics:
            raise BaseExceptionGroup("in a group of tasks", [panics.pop()])
        return real(*paths, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(watching, "awatch", panicking)
    async with looks(RootWatcher(root, SystemClock())) as due:
        await until(lambda: due, "the first look of the third try")
    assert levels(told) == ["WARNING"]
    assert ": Panic; changes are found only by the regular scans" in told.text


class Panic(BaseException):
    """As PyO3 raises it."""


async def test_a_watch_is_tried_again_at_a_bounded_pace(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []
    clock = SystemClock()

    def refused(*_: object, **__: object) -> AsyncIterator[object]:
        tries.append(clock.monotonic())
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watching, "awatch", refused)
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.3)
    async with looks(RootWatcher(root, clock)):
        await until(lambda: len(tries) == 3, "three tries")
    assert tries[2] - tries[0] >= 0.6
