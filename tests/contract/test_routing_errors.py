"""`RoutingErrorStore`: the last errors of a service, for a limited time, and junk."""

from typing import Any

import pytest

from hero_router.store.routing_errors import LIFETIME_MS, MOST_KEPT, RoutingErrorStore
from hero_router.strict_json import encode
from tests.contract.world import KEYS, Store
from tests.support.records import routing_error


@pytest.fixture
def errors(store: Store) -> RoutingErrorStore:
    return RoutingErrorStore(store.raw, KEYS)


async def test_a_service_without_errors_has_none(errors: RoutingErrorStore) -> None:
    assert await errors.read("a") == []


async def test_errors_are_read_the_newest_first_each_services_own(
    errors: RoutingErrorStore,
) -> None:
    first, second, third = (routing_error(at) for at in (1, 2, 3))
    await errors.add({"a": [first, second], "b": [third]})
    await errors.add({"a": [third]})
    assert await errors.read("a") == [third, second, first]
    assert await errors.read("b") == [third]


async def test_only_the_last_are_kept_and_not_for_ever(
    store: Store, errors: RoutingErrorStore
) -> None:
    await errors.add({"a": [routing_error(at) for at in range(MOST_KEPT + 5)]})
    kept = await errors.read("a")
    assert [each["at"] for each in kept] == list(range(MOST_KEPT + 4, 4, -1))
    left = await store.raw.pttl(KEYS.routing_errors("a"))
    assert LIFETIME_MS - 60_000 < left <= LIFETIME_MS


@pytest.mark.parametrize(
    "junk",
    [b"{", b"\xff", b"[]", b"{}", encode({**routing_error(1), "at": "1"}).encode(),
     encode({**routing_error(1), "reason": None}).encode()],
)  # fmt: skip
async def test_what_another_program_wrote_is_left_out(
    store: Store, errors: RoutingErrorStore, junk: bytes
) -> None:
    await errors.add({"a": [routing_error(1)]})
    raw: Any = store.raw
    await raw.lpush(KEYS.routing_errors("a"), junk)
    await raw.lpush(KEYS.routing_errors("a"), encode({**routing_error(2), "newer": 1}))
    assert await errors.read("a") == [routing_error(2), routing_error(1)]
