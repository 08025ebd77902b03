"""What the tests of failovers share."""

import pytest

from tests.support.patience import make_clients_patient


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no test waits for a timeout."""
    make_clients_patient(monkeypatch)
