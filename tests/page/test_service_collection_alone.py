"""The index alone: which services are looked at again, and no more than those."""

from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOUBT = """async (rounds) => {
  const { ServiceCollection } = await import("/static/js/fleet/service_collection.js");
  const index = new ServiceCollection();
  const record = { context: "c", status: "unknown", reason: "", methods: [], sockets: [], changed_at: 1 };
  for (const [id, node] of [["a", "n1"], ["b", "n1"], ["c", "n2"]]) {
    index.put({ ...record, id, name: id, node }, 1);
  }
  const conditions = new Map(rounds.flat().map((one) => [one.join(), { reason: one[0], node: one[1] }]));
  return rounds.map((round) => {
    const again = index.doubt(round.map((one) => conditions.get(one.join())));
    for (const id of again) index.put({ ...record, id, name: id, node: id === "c" ? "n2" : "n1" }, 1);
    return [[...again].sort(), index.known];
  });
}"""  # noqa: E501 - JavaScript

INDEX = """async (records) => {
  const { ServiceCollection } = await import("/static/js/fleet/service_collection.js");
  const index = new ServiceCollection();
  for (const record of records) index.put(record, 1);
  return index;
}"""


@pytest.mark.parametrize("reason", ["scanner", "root"])
async def test_a_doubt_about_a_node_touches_its_services_when_it_begins_and_when_it_ends(
    quiet: Page, reason: str
) -> None:
    one, both = [[reason, "n1"]], [[reason, "n1"], [reason, "n2"]]
    found = await quiet.evaluate(DOUBT, [one, one, both, both, one, []])
    assert found == [
        [["a", "b"], 1],
        [[], 1],
        [["c"], 0],
        [[], 0],
        [["c"], 1],
        [["a", "b"], 3],
    ]


async def test_a_doubt_about_all_or_about_other_things_touches_no_service(quiet: Page) -> None:
    doubts = [["scanner", None], ["redis", None], ["permission", "n1"]]
    assert await quiet.evaluate(DOUBT, [doubts, []]) == [[[], 3], [[], 3]]


def record(identity: str, name: str = "a", **fields: Any) -> dict[str, Any]:
    """A healthy service."""
    more = {"status": "healthy", "reason": "", "methods": [], "sockets": [], "changed_at": 1}
    return {"id": identity, "name": name, "context": "c", "node": "n1", **more, **fields}


async def test_a_service_is_found_by_context_and_name_and_by_its_node_if_that_is_named(
    quiet: Page,
) -> None:
    index = await quiet.evaluate_handle(INDEX, [record("1"), record("2", node="n2")])
    keys = [
        ("c", "a", None),
        ("c", "a", "n2"),
        ("c", "a", "n3"),
        ("d", "a", None),
        ("c", "b", None),
    ]
    found = await index.evaluate(
        """(index, keys) => keys.map(([context, name, node]) =>
             index.find({ context, name, node }).map(({ id }) => id))""",
        keys,
    )
    assert found == [["1", "2"], ["2"], [], [], []]


async def test_the_services_of_each_status_are_counted(quiet: Page) -> None:
    ill = [record(number, status="degraded") for number in "23"]
    index = await quiet.evaluate_handle(INDEX, [record("1"), *ill])
    counts = "(index) => Object.fromEntries(index.counts)"
    assert await index.evaluate(counts) == {"healthy": 1, "degraded": 2}
    await index.evaluate("(index) => { index.remove('2'); index.remove('nobody'); }")
    assert await index.evaluate(counts) == {"healthy": 1, "degraded": 1}


async def test_services_are_listed_anew_in_pieces(quiet: Page) -> None:
    """So that the page can draw between two of them."""
    index = await quiet.evaluate_handle(INDEX, [record(number) for number in "123"])
    pieces = await index.evaluate(
        "(index) => [...index.arrange({ terms: [], sort: 'name', group: 'none' }, 1)].length"
    )
    assert pieces == 3


async def test_records_of_which_nothing_is_in_doubt_are_not_copied(quiet: Page) -> None:
    """There may be thousands."""
    same = await quiet.evaluate(
        """async (record) => {
          const { ServiceCollection } = await import("/static/js/fleet/service_collection.js");
          const index = new ServiceCollection();
          index.put(record, 1);
          return index.entries.get(record.id).shown === record;
        }""",
        record("1"),
    )
    assert same
