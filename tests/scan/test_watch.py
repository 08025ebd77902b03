"""The watch: a look is due at the start, at each change, and once more when it is quiet again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hero_router.scan.ports import SystemClock
from hero_router.scan.watch import QUIET_MS, Watch
from tests.scan.waiting import holds, swap, until

QUIET = QUIET_MS / 1000


@asynccontextmanager
async def looks(watch: Watch) -> AsyncIterator[list[None]]:
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
    async with looks(Watch(root, SystemClock())) as due:
        await until(lambda: due, "the first look", QUIET + 0.5)
        await holds(lambda: len(due) == 1, "no look without a reason", 3 * QUIET)


async def test_a_change_is_followed_by_one_more_look(root: Path) -> None:
    """A folder that was just made is not watched from its first moment."""
    async with looks(Watch(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        (root / "svc").mkdir()
        await until(lambda: len(due) == 2, "the change")
        await until(lambda: len(due) == 3, "one more when quiet", QUIET + 0.5)
        await holds(lambda: len(due) == 3, "and no more", 2 * QUIET)


async def test_a_renewed_watch_follows_the_path(root: Path) -> None:
    """As after a mount over the root: the old folder is still there and tells nothing."""
    old, new, link = root / "old", root / "new", root / "link"
    for folder in (old, new):
        folder.mkdir()
    link.symlink_to(old)
    watch = Watch(link, SystemClock())
    async with looks(watch) as due:
        await until(lambda: due, "the first look")
        swap(link, new)
        watch.renew()
        await until(lambda: len(due) == 2, "the look at the new root", 2 * QUIET + 0.5)
        (new / "svc").mkdir()
        await until(lambda: len(due) == 3, "a change in the new root", QUIET)


async def test_a_root_made_anew_is_watched_without_being_asked(root: Path) -> None:
    """The new folder may even have the inode of the old one, so nobody else could tell."""
    async with looks(Watch(root, SystemClock())) as due:
        await until(lambda: due, "the first look")
        again(root)
        await until(lambda: len(due) >= 3, "the end of the old root, and a look at the new one")
        seen = len(due)
        (root / "svc").mkdir()
        await until(lambda: len(due) > seen, "a change in the new root", QUIET)


def again(folder: Path) -> None:
    """Delete an empty folder and make it anew."""
    folder.rmdir()
    folder.mkdir()
