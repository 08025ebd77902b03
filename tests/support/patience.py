"""Redis clients that wait as long as a busy machine may need."""

import pytest

from hero_router.store import client
from tests.support.wait import PATIENCE_SECONDS


def make_clients_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a new client waits longer for connections and answers than in production."""
    for name in ("CONNECT_SECONDS", "ANSWER_SECONDS", "POOL_SECONDS", "FINDER_SECONDS"):
        monkeypatch.setattr(client, name, PATIENCE_SECONDS)
