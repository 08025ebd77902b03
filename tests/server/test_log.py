"""The master that gunicorn itself starts logs in the form that is set, as its workers do."""

import json
from pathlib import Path

import pytest

from tests.deploy.web import BY_COMMAND, BY_GUNICORN, Web
from tests.support.redis import RedisServer


@pytest.mark.parametrize("command", [BY_COMMAND, BY_GUNICORN])
async def test_each_line_of_master_and_workers_is_json_where_that_is_set(
    redis7: RedisServer, tmp_path: Path, command: tuple[str, ...]
) -> None:
    started = Web(tmp_path, redis7.url, command, ROUTER_LOG_FORMAT="json")
    try:
        await started.ready()
    finally:
        code = started.process.stop()
    assert code == 0, started.process.said()
    records = [json.loads(line) for line in started.process.said().splitlines()]
    told = [item["message"] for item in records if item["logger"] == "gunicorn.error"]
    assert any(text.startswith("Listening at") for text in told), told
    assert any(text.startswith("Worker exiting") for text in told), told
