"""The fleet as it is shown: of which services somebody knows how they are, and until when."""

from typing import Any

import pytest
from playwright.async_api import Page

from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, ILL, UNKNOWN = service("a"), service("ill", "degraded"), service("u", "unknown")
OTHER = service("other", "unknown", node="n2")

FLEET = """({ store, counted }) => {
  const { all, known, troubled, lost, now } = counted(store);
  const names = (records) => records.map(({ name }) => name);
  const away = [...lost].map(([node, { services }]) => [node, names(services)]);
  return { all: names(all), known: names(known), troubled: names(troubled), lost: away, now };
}"""


async def fleet(store: PageStore) -> dict[str, Any]:
    """The fleet by names."""
    found: dict[str, Any] = await store.handle.evaluate(FLEET)
    return found


async def test_where_nothing_is_in_doubt_every_service_is_known(store: PageStore) -> None:
    await store.started("1-5", A, ILL, UNKNOWN)
    told = await fleet(store)
    assert told["all"] == told["known"] == ["a", "ill", "u"]
    assert told["troubled"] == ["ill", "u"]
    assert told["lost"] == []


async def test_nothing_is_known_of_the_services_of_a_node_whose_scanner_is_away(
    store: PageStore,
) -> None:
    await store.started("1-5", A, ILL, OTHER)
    await store.stale("scanner", "n1")
    told = await fleet(store)
    assert told["lost"] == [["n1", ["a", "ill"]]]
    assert told["known"] == told["troubled"] == ["other"]
    assert told["all"] == ["a", "ill", "other"]


async def test_only_what_a_root_hides_is_out_of_sight(store: PageStore) -> None:
    """Other services of that node are known, and so is the state of other nodes."""
    await store.started("1-5", A, ILL, UNKNOWN, OTHER)
    await store.stale("root", "n1")
    told = await fleet(store)
    assert told["lost"] == []
    assert told["known"] == ["a", "ill", "other"]
    assert told["troubled"] == ["ill", "other"]


@pytest.mark.parametrize("doubt", [("scanner", None), ("permission", "n1"), ("redis", None)])
async def test_any_other_doubt_hides_no_service(
    store: PageStore, doubt: tuple[str, str | None]
) -> None:
    await store.started("1-5", A, UNKNOWN)
    await store.stale(*doubt)
    told = await fleet(store)
    assert (told["known"], told["lost"]) == (["a", "u"], [])


async def test_ages_are_counted_to_the_routers_now_or_to_the_last_moment_that_is_sure(
    store: PageStore,
) -> None:
    await store.pass_time(1)
    assert (await fleet(store))["now"] == NOW + 1, "nothing was ever sure"
    await store.started("1-5", A)
    await store.pass_time(5_000)
    assert (await fleet(store))["now"] == NOW + 5_000, "the router said NOW one ms later"
    await store.stale("redis")
    assert (await fleet(store))["now"] == NOW


async def test_a_lost_services_state_is_told_as_what_it_was(quiet: Page) -> None:
    found = await quiet.evaluate(
        """async () => {
          const { word } = await import("/static/js/fleet/viewmodel.js");
          return [{ lost: null }, { lost: {} }].map((one) => word({ ...one, status: "degraded" }));
        }"""
    )
    assert found == ["degraded", "was degraded"]
