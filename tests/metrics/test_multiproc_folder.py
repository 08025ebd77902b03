"""The folder in which workers share their metrics: each master has its own, and none stays."""

import os
from pathlib import Path

from tests.deploy.web import BY_GUNICORN, Web
from tests.support.redis import RedisServer


async def test_a_master_that_gunicorn_itself_starts_has_a_folder_for_its_workers_too(
    redis7: RedisServer, tmp_path: Path
) -> None:
    started = Web(tmp_path, redis7.url, BY_GUNICORN)
    try:
        await started.ready()
        (shared,) = started.shared
        assert len(list(shared.glob("counter_*.db"))) == 2
    finally:
        code = started.process.stop()
    assert code == 0, started.process.said()
    assert started.shared == []


async def test_what_a_killed_master_left_is_removed_by_the_next_one_and_nothing_else_is(
    redis7: RedisServer, tmp_path: Path
) -> None:
    """A folder that is held, or too young to tell, is left alone."""
    web = Web(tmp_path, redis7.url, ROUTER_WORKERS="1")
    try:
        await web.ready(workers=1)
        await is_cleaned(web, redis7.url)
    finally:
        web.process.stop()


async def is_cleaned(web: Web, url: str) -> None:
    """Another master, beside this one, removes what may go."""
    old, young = (web.folder / f"hero_router-metrics-{name}" for name in ("old", "young"))
    (held,) = web.shared
    for folder in (old, young):
        folder.mkdir()
        (folder / "counter_1.db").touch()
    for folder in (old, held):
        os.utime(folder, (1, 1))
    other = Web(web.folder, url, ROUTER_WORKERS="1")
    try:
        await other.ready(workers=1)
        assert not old.exists()
        assert {young, held} < set(web.shared)
    finally:
        assert other.process.stop() == 0
    assert set(web.shared) == {young, held}
