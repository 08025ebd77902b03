"""`serve` as a whole: starts with one command, heals itself, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psutil
import pytest

from hero_router.store.keys import Keys
from tests.support.redis import client
from tests.support.serving import STOP_SECONDS, Serving
from tests.support.wait import PATIENCE_SECONDS, eventually

SPARE_SECONDS = 25.0
"""What a busy machine may add to the promised time of a stop."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Serving]:
    """A `serve` that the test starts and ends as it likes."""
    serving = Serving(tmp_path, patient=True)
    try:
        yield serving
    finally:
        serving.close()


def get(url: str) -> int:
    """The status of an answer, 0 when there is none."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


LAST_CHUNK = b"\n\n\r\n0\r\n\r\n"
"""A stream that was not cut off in the middle of a frame ends so."""


def received(stream: socket.socket) -> bytes:
    """All that came until its end."""
    with stream.makefile("rb") as file:
        return file.read()


def runs(process: psutil.Process) -> bool:
    """Whether it does; who has ended may wait to be reaped."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def doubts(serving: Serving) -> list[object]:
    """Why the worker doubts its view."""
    with urllib.request.urlopen(f"{serving.url}/api/services", timeout=PATIENCE_SECONDS) as answer:
        found: list[object] = json.load(answer)["stale"]
        return found


def scans(serving: Serving) -> list[int]:
    """How many scans each node has ended, as Redis holds it: a worker looks once a second."""
    with closing(client(f"unix://{serving.redis_socket}")) as asking:
        return [json.loads(report)["scan"] for report in asking.hvals(Keys().nodes)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_end_everything_in_time_and_leave_nothing_behind(
    fresh: Serving, number: signal.Signals
) -> None:
    fresh.start("--demo")
    assert fresh.family().keys() == {"redis", "demo", "scanner", "web"}
    assert scans(fresh)[0] > 0, "it said that it is ready before the first scan was over"
    everything = fresh.all_processes()
    with fresh.stream():
        began = time.monotonic()
        assert fresh.stop(number) == 0
    assert time.monotonic() - began < STOP_SECONDS + SPARE_SECONDS
    assert [each for each in everything if runs(each)] == []
    assert list(fresh.root.rglob("*.sock")) == []
    assert not fresh.redis_socket.exists()
    assert not (fresh.state / "serve.lock").exists()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", fresh.port))


def test_streams_end_one_by_one_however_long_the_drain_is(tmp_path: Path) -> None:
    """Longer than anything else is waited for: no stream is cut off in the middle of a frame."""
    serving = Serving(tmp_path, patient=True, ROUTER_DRAIN_SECONDS="3.5")
    try:
        serving.start()
        with ExitStack() as closing:
            streams = [closing.enter_context(serving.stream()) for _ in range(28)]
            began = time.monotonic()
            assert serving.stop() == 0
            assert time.monotonic() - began > 3.5
            for stream in streams:
                assert received(stream).endswith(LAST_CHUNK)
    finally:
        serving.close()


async def test_a_second_ctrl_c_does_not_wait_for_the_drain(tmp_path: Path) -> None:
    serving = Serving(tmp_path, ROUTER_DRAIN_SECONDS="600")
    try:
        serving.start()
        with ExitStack() as closing:
            streams = [closing.enter_context(serving.stream()) for _ in range(120)]
            with pytest.raises(subprocess.TimeoutExpired):
                serving.stop(within=1)
            # A second signal that comes before the first was taken would be one with it.
            await eventually(
                lambda: "scanner" not in serving.family(), message="the first one is heeded"
            )
            everything = serving.all_processes()
            assert serving.stop() == 0
            ends = [received(stream).endswith(LAST_CHUNK) for stream in streams]
            assert not all(ends), "it waits for the drain, in which each stream ends by itself"
        await eventually(lambda: not any(map(runs, everything)), message="all have ended")
    finally:
        serving.close()


def test_every_process_logs_in_the_form_that_is_set_and_ends_without_complaint(
    tmp_path: Path,
) -> None:
    serving = Serving(tmp_path, patient=True, ROUTER_LOG_FORMAT="json")
    try:
        serving.start()
        assert serving.stop() == 0
    finally:
        serving.close()
    records = [json.loads(line) for line in serving.output().splitlines()]
    assert any(item["message"].startswith("hero_router is ready: ") for item in records)
    told = [item["message"] for item in records if item["logger"] == "gunicorn.error"]
    assert any(text.startswith("Listening at") for text in told), "the master is heard"
    assert any(text.startswith("Worker exiting") for text in told), "so are its workers"
    assert {item["level"] for item in records} == {"info"}
    assert not any("Error" in item["message"] for item in records)


def test_its_folder_may_have_any_name() -> None:
    """The path of the private Redis goes through a URL, which has a meaning for some characters."""
    with tempfile.TemporaryDirectory(prefix="my #1 50%20? ") as name:
        serving = Serving(Path(name))
        try:
            serving.start()
            assert serving.redis_socket.exists()
            assert get(f"{serving.url}/ready") == 200
            assert serving.stop() == 0
        finally:
            serving.close()


async def test_a_child_that_is_killed_is_started_again(fresh: Serving) -> None:
    fresh.start()
    for role in ("web", "scanner", "redis"):
        before = fresh.family()[role].pid
        fresh.family()[role].kill()

        def replaced(role: str = role, before: int = before) -> bool:
            now = fresh.family().get(role)
            return now is not None and now.pid != before

        await eventually(replaced, message=f"another {role} runs")
        await eventually(
            lambda: get(f"{fresh.url}/ready") == 200,
            message=f"ready after {role} died",
        )
    assert fresh.pid_alive()


def test_a_second_start_on_the_same_port_says_so_in_one_line(
    serving: Serving, tmp_path: Path
) -> None:
    second = Serving(tmp_path, port=serving.port)
    second.launch()
    assert second.process is not None
    assert second.process.wait(PATIENCE_SECONDS) == 2
    lines = second.output().strip().splitlines()
    assert len(lines) == 1
    assert f"port {serving.port}" in lines[0]
    assert "--port" in lines[0]


def test_a_second_start_on_the_same_state_folder_says_so_in_one_line(
    serving: Serving, tmp_path: Path
) -> None:
    second = Serving(tmp_path, ROUTER_STATE_DIR=str(serving.state))
    second.launch()
    assert second.process is not None
    assert second.process.wait(PATIENCE_SECONDS) == 2
    assert second.output().count("\n") == 1
    assert str(serving.state) in second.output()


def test_a_child_that_cannot_start_stops_the_whole_with_its_reason(fresh: Serving) -> None:
    folder = fresh.state / "redis"
    folder.mkdir(parents=True)
    (folder / "appendonlydir").write_text("in the way")
    fresh.launch()
    assert fresh.process is not None
    assert fresh.process.wait(PATIENCE_SECONDS) == 1
    assert "redis did not start" in fresh.output()
    assert "redis.log" in fresh.output()


def test_a_file_in_place_of_the_data_folder_of_redis_is_one_line(fresh: Serving) -> None:
    fresh.state.mkdir()
    (fresh.state / "redis").write_text("in the way")
    fresh.launch()
    assert fresh.process is not None
    assert fresh.process.wait(PATIENCE_SECONDS) == 2
    lines = fresh.output().strip().splitlines()
    assert len(lines) == 1
    assert str(fresh.state / "redis") in lines[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("ROUTER_REDIS_URL", "http://127.0.0.1"), ("ROUTER_SOCKET_DIR", "/dev/null")],
)
def test_a_setting_that_leaves_nothing_to_run_with_ends_with_code_2(
    tmp_path: Path, name: str, value: str
) -> None:
    serving = Serving(tmp_path)
    serving.environment[name] = value
    serving.launch()
    assert serving.process is not None
    assert serving.process.wait(PATIENCE_SECONDS) == 2
    lines = serving.output().strip().splitlines()
    assert len(lines) == 1
    assert name in lines[0]


async def test_without_redis_workers_live_are_not_ready_and_recover(tmp_path: Path) -> None:
    """Redis is absent at the start and comes later."""
    other = Serving(tmp_path, ROUTER_NODE="other")
    (tmp_path / "late").mkdir()
    late = Serving(tmp_path / "late", ROUTER_REDIS_URL=f"unix://{other.redis_socket}")
    try:
        late.start(says="hero_router is not ready: Redis at ")
        assert get(f"{late.url}/health") == 200
        assert get(f"{late.url}/ready") == 503
        assert "is ready" not in late.output()
        other.start()
        await eventually(
            lambda: "is ready: " in late.output(), within=PATIENCE_SECONDS, message="it says so"
        )
        await eventually(
            lambda: get(f"{late.url}/ready") == 200, within=PATIENCE_SECONDS, message="ready"
        )
        await eventually(
            lambda: doubts(late) == [],
            message="the worker is sure of its view",
        )
    finally:
        late.close()
        other.close()
