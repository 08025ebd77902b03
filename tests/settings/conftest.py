"""An environment without our variables, and the warnings that were logged."""

import logging
import os
from collections.abc import Callable

import pytest

from hero_router.settings.config import SETTINGS
from hero_router.settings.setting import PREFIX

Warnings = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours is set, whatever the machine's are."""
    known = {variable for item in SETTINGS for variable in item.variables}
    for variable in known | {name for name in os.environ if name.startswith(PREFIX)}:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Warnings:
    """What was logged so far; all of it must be WARNINGs."""

    def logged() -> list[str]:
        assert {record.levelno for record in caplog.records} <= {logging.WARNING}
        return [record.getMessage() for record in caplog.records]

    return logged
