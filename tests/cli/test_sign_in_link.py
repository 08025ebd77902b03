"""`serve` prints a sign-in link on a terminal, and nowhere else: a log would keep it."""

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.serving import Serving
from tests.support.wait import PATIENCE_SECONDS, eventually

TOKEN = "admin-0123456789abc"
SAYS = "sign in within 60 s, once: "
LINK = re.compile(SAYS + r"(http://localhost:\d+/sign-in/link/[\w.-]+)\s")
"""The whole of it: what a terminal shows comes in pieces."""

ON_A_TERMINAL = (sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])")
"""Runs a command with a terminal as its output, and copies that output to our file."""


def status(url: str) -> int:
    """The status of an answer, after redirects."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


async def test_on_a_terminal_serve_prints_a_link_that_signs_in_once(tmp_path: Path) -> None:
    serving = Serving(tmp_path, before=ON_A_TERMINAL, ROUTER_TOKEN=TOKEN)
    try:
        serving.start(says=SAYS)
        found = await eventually(lambda: LINK.search(serving.output()), message="the link is shown")
        assert found is not None
        url = found[1].replace("localhost", "127.0.0.1")
        assert [status(url), status(url)] == [200, 403]
        assert TOKEN not in serving.output()
    finally:
        serving.close()


@pytest.mark.parametrize(("before", "token"), [((), TOKEN), (ON_A_TERMINAL, "")])
def test_there_is_no_link_in_a_log_or_without_a_token(
    tmp_path: Path, before: Sequence[str], token: str
) -> None:
    serving = Serving(tmp_path, before=before, ROUTER_TOKEN=token)
    try:
        serving.start()
        serving.stop()
        assert "sign in" not in serving.output()
    finally:
        serving.close()
