"""The services as they are shown: whose present status is known, their order, and the causes."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, ILL, UNKNOWN = service("a"), service("ill", "degraded"), service("u", "unknown")
OTHER = service("other", "unknown", node="n2")

SUMS = """({ work }) => {
  const { index, now } = work();
  const names = (entries) => entries.map(({ shown }) => shown.name);
  const entries = [...index.entries.values()];
  return {
    all: names(entries), known: names(entries.filter((one) => one.known)),
    troubled: index.troubled, now,
    lost: names(entries.filter((one) => one.shown.lost)), known_number: index.known,
  };
}"""

ROWS = """({ work }, fragment) => {
  const { rows } = work(fragment);
  return Array.from({ length: rows.length }, (_, at) => {
    const { entry, group } = rows.at(at);
    return entry ? entry.shown.name : `# ${group.key}`;
  });
}"""

CAUSES = """({ work }, fragment) => work(fragment).index.causes.list().map(
  ({ status, reason, node, entries, since }) => [status, reason, node, entries.size, since])"""


async def sums(store: PageStore) -> dict[str, Any]:
    """The services by names."""
    found: dict[str, Any] = await store.handle.evaluate(SUMS)
    assert found.pop("known_number") == len(found["known"])
    return found


async def rows(store: PageStore, fragment: str = "") -> list[str]:
    """The rows of the list at an address; heads begin with a #."""
    found: list[str] = await store.handle.evaluate(ROWS, fragment)
    return found


async def causes(store: PageStore, fragment: str = "") -> list[Any]:
    """Each cause: status, reason, node, number, since."""
    found: list[Any] = await store.handle.evaluate(CAUSES, fragment)
    return found


async def test_where_nothing_is_in_doubt_every_service_is_known(store: PageStore) -> None:
    await store.started("1-5", A, ILL, UNKNOWN)
    told = await sums(store)
    assert told["all"] == told["known"] == ["a", "ill", "u"]
    assert told["troubled"] == 2
    assert told["lost"] == []


async def test_nothing_is_known_of_the_services_of_a_node_whose_scanner_is_away(
    store: PageStore,
) -> None:
    await store.started("1-5", A, ILL, OTHER)
    await sums(store)
    await store.stale("scanner", "n1")
    told = await sums(store)
    assert set(told["lost"]) == {"a", "ill"}
    assert told["known"] == ["other"]
    assert await causes(store) == [["unknown", "", "n2", 1, 1]]
    await store.fresh("scanner", "n1")
    assert (await sums(store))["lost"] == []
    assert len(await causes(store)) == 2


async def test_only_what_a_root_hides_is_out_of_sight(store: PageStore) -> None:
    """Other services of that node are known, and so is the state of other nodes."""
    await store.started("1-5", A, ILL, UNKNOWN, OTHER)
    await store.stale("root", "n1")
    told = await sums(store)
    assert told["lost"] == []
    assert set(told["known"]) == {"a", "ill", "other"}
    assert told["troubled"] == 2


@pytest.mark.parametrize("doubt", [("scanner", None), ("permission", "n1"), ("redis", None)])
async def test_any_other_doubt_hides_no_service(
    store: PageStore, doubt: tuple[str, str | None]
) -> None:
    await store.started("1-5", A, UNKNOWN)
    await store.stale(*doubt)
    told = await sums(store)
    assert (told["known"], told["lost"]) == (["a", "u"], [])


async def test_ages_are_counted_to_the_routers_now_or_to_the_last_moment_that_is_sure(
    store: PageStore,
) -> None:
    await store.pass_time(1)
    assert (await sums(store))["now"] == NOW + 1, "nothing was ever sure"
    await store.started("1-5", A)
    await store.pass_time(5_000)
    assert (await sums(store))["now"] == NOW + 5_000, "the router said NOW one ms later"
    await store.stale("redis")
    assert (await sums(store))["now"] == NOW


async def test_the_list_is_in_groups_the_worst_first_then_in_natural_order(
    store: PageStore,
) -> None:
    named = [service(name) for name in ("s10", "s2", "B", "a")]
    ill = [service("z", "degraded"), service("dead", "unhealthy"), service("x", context="alpha")]
    await store.started("1-5", *named, *ill)
    assert await rows(store) == [
        "# alpha", "x", "# default", "dead", "z", "a", "B", "s2", "s10",
    ]  # fmt: skip
    assert await rows(store, "#/?group=none&sort=name") == ["a", "B", "dead", "s2", "s10", "x", "z"]
    assert (await rows(store, "#/?group=status"))[0] == "# degraded"
    assert await rows(store, "#/?shut=default") == ["# alpha", "x", "# default"]
    assert await rows(store, "#/?shut=default&q=s1") == ["# default", "s10"], "opened on a match"
    assert await rows(store, "#/?sort=constructor&group=__proto__") == await rows(store, "#/")


async def test_the_list_can_be_sorted_by_change_and_by_latency(store: PageStore) -> None:
    sockets = [{"name": "rpc", "role": "rpc", "latency_ms": ms} for ms in (1, 9, None)]
    old = service("old", changed_at=5, sockets=sockets[:1])
    new = service("new", changed_at=9, sockets=sockets)
    await store.started("1-5", old, service("none", changed_at=7), new)
    assert await rows(store, "#/?group=none&sort=change") == ["new", "none", "old"]
    assert await rows(store, "#/?group=none&sort=latency") == ["new", "old", "none"]


async def test_one_cause_for_each_reason_and_node_the_worst_first(store: PageStore) -> None:
    many = [service(f"s{n}", "degraded", reason="503", changed_at=90 - n) for n in range(9)]
    twin = service("twin", "degraded", node="n2", reason="503")
    dead = service("dead", "inactive", reason="nothing listens")
    await store.started("1-5", A, *many, twin, dead)
    assert await causes(store) == [
        ["inactive", "nothing listens", "n1", 1, 1],
        ["degraded", "503", "n1", 9, 82],
        ["degraded", "503", "n2", 1, 1],
    ]
    await store.put("1-6", "s8")
    await store.gone("1-7", "dead")
    elsewhere = ["degraded", "503", "n2", 1, 1]
    assert await causes(store) == [["degraded", "503", "n1", 8, 83], elsewhere]
    assert await causes(store, "#/?q=node:n2") == [elsewhere]


async def test_a_filter_that_depends_on_the_time_is_applied_again(store: PageStore) -> None:
    await store.started("1-5", service("a", changed_at=NOW - 50_000), service("old"))
    assert await rows(store, "#/?group=none&q=changed:<1m") == ["a"]
    await store.pass_time(20_000)
    await store.frame("ping", "1-5", now=NOW + 20_000, as_of=NOW + 20_000)
    assert await rows(store, "#/?group=none&q=changed:<1m") == []


async def test_the_chosen_service_is_always_that_of_the_place(store: PageStore) -> None:
    """Also before the next work: else an old address would become the one of another service."""
    await store.started("1-5", A, ILL)
    chosen = await store.handle.evaluate(
        """async ({ work }) => {
          const { parse } = await import("/static/js/route.js");
          const model = work("#/s/default/ill@n1");
          const before = model.chosen.name;
          model.go(parse("#nobody"));
          return [before, model.chosen];
        }"""
    )
    assert chosen == ["ill", None]


async def test_a_lost_services_state_is_told_as_what_it_was(quiet: Page) -> None:
    found = await quiet.evaluate(
        """async () => {
          const { word } = await import("/static/js/fleet/status.js");
          return [{ lost: null }, { lost: {} }].map((one) => word({ ...one, status: "degraded" }));
        }"""
    )
    assert found == ["degraded", "was degraded"]


STATUS = ["healthy", "degraded", "unhealthy", "inactive", "non_rpc", "unknown", "new"]
change = st.tuples(
    st.integers(0, 12), st.sampled_from([*STATUS, None]), st.sampled_from("ab"), st.integers(0, 3)
)
views = ["", "#/?sort=name&group=node", "#/?q=status:degraded", "#/?q=s1&sort=change&group=none"]
steps = st.lists(st.one_of(change, st.sampled_from(views)), max_size=60)

PLAY = """async (steps) => {
  const { ServiceCollection } = await import("/static/js/fleet/service_collection.js");
  const { parse } = await import("/static/js/fleet/query.js");
  const now = 1000;
  const arrange = (index, fragment) => {
    const query = new URLSearchParams(fragment.split("?")[1] ?? "");
    const [sort, group] = [query.get("sort") ?? "health", query.get("group") ?? "context"];
    for (const step of index.arrange({ terms: parse(query.get("q") ?? ""), sort, group }, now));
  };
  const look = ({ groups, causes, counts, known, troubled, nodes, names }) => JSON.stringify([
    groups.size, groups.all.map(({ key, entries, counts }) =>
      [key, entries.map(({ id }) => id), [...counts].filter(([, n]) => n > 0).sort()]),
    causes.list().map(({ key, entries, since }) =>
      [key, [...entries].map(({ id }) => id).sort(), since]),
    [...counts].filter(([, number]) => number > 0).sort(), known, troubled,
    [...nodes].map(([key, ids]) => [key, [...ids].sort()]).sort(), [...names.keys()].sort(),
  ]);
  const index = new ServiceCollection();
  const records = new Map();
  let view = "";
  for (const step of steps) {
    if (typeof step === "string") arrange(index, (view = step));
    else {
      const [number, status, node, at] = step;
      const id = `s${number}`;
      const known = { id, name: id, node, context: node, status, reason: status, changed_at: at };
      const record = { ...known, title: "", sockets: [], methods: [] };
      if (status === null) { records.delete(id); index.remove(id); }
      else { records.set(id, record); index.put(record, now); }
    }
  }
  const anew = new ServiceCollection();
  for (const record of records.values()) anew.put(record, now);
  arrange(anew, view);
  return [look(index), look(anew)];
}"""


@settings(max_examples=150)
@given(steps=steps)
async def test_single_changes_lead_to_what_a_new_index_has(
    quiet: Page, steps: Sequence[Any]
) -> None:
    """Whatever comes in whatever order: numbers, order, groups and causes."""
    index, anew = await quiet.evaluate(PLAY, steps)
    assert index == anew
