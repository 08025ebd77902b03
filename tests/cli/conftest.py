"""One running router with its sample services, shared by the tests that only look at it."""

from collections.abc import Iterator

import pytest

from tests.support.serving import Serving


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """`hero_router serve --demo`, ready."""
    running = Serving(tmp_path_factory.mktemp("serve"))
    try:
        yield running.start("--demo")
    finally:
        running.close()
