"""The lock on the state folder: one `serve` holds it, however many start and end meanwhile."""

import threading
import time
from pathlib import Path

import pytest

from hero_router.cli.serve import locked
from hero_router.errors import ConfigError

STARTS, LONGEST_SECONDS = 200, 120.0


def test_one_process_holds_the_lock_and_the_others_get_an_error(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ConfigError, match=str(tmp_path)), locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / "serve.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_in_a_storm_of_starts_and_ends_never_two_hold_it(tmp_path: Path) -> None:
    """Who opens the file just before its holder removes it gets a lock that no other one sees."""
    inside, most, taken = 0, 0, 0
    guard, deadline = threading.Lock(), time.monotonic() + LONGEST_SECONDS

    def start_and_end() -> None:
        nonlocal inside, most, taken
        while taken < STARTS and time.monotonic() < deadline:
            try:
                with locked(tmp_path):
                    with guard:
                        inside, taken = inside + 1, taken + 1
                        most = max(most, inside)
                    time.sleep(0)
                    with guard:
                        inside -= 1
            except ConfigError:
                continue

    threads = [threading.Thread(target=start_and_end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken >= STARTS
    assert most == 1
    assert list(tmp_path.iterdir()) == []
