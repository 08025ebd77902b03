"""Settings of the event streams: the window."""

import pytest

from hero_router.settings.config import RouterConfig
from tests.settings.conftest import Warnings


def test_the_window_is_1024_events_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    assert RouterConfig().stream.window == RouterConfig.from_env().stream.window == 1024
    assert RouterConfig.of(sse_buffer=2048).stream.window == 2048
    monkeypatch.setenv("ROUTER_SSE_BUFFER", "512")
    assert RouterConfig.from_env().stream.window == 512
    assert RouterConfig.from_env(sse_buffer=2048).stream.window == 2048
    assert RouterConfig().stream.window == 1024
    assert warnings() == []
