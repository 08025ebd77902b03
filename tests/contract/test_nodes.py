"""`NodeReader`: nodes with their reports and leases, and the results of the last probes."""

from tests.contract.world import KEYS, Store
from tests.support.records import record, report

FIGURES = {"checked_at": 5, "sockets": {"rpc": {"latency_ms": 1.8, "error": None}}}


async def test_no_node_has_ever_reported(store: Store) -> None:
    assert await store.nodes.list() == {}


async def test_a_node_is_seen_with_its_last_report_and_its_lease(store: Store) -> None:
    await store.registry.apply(await store.grant("s1", "n1"), [], report(1))
    await store.registry.apply(await store.grant("s1", "n1"), [], report(2))
    sight = (await store.nodes.list())["n1"]
    assert (sight.state, sight.holder, sight.reported) == (report(2), "s1", True)


async def test_a_report_of_an_earlier_scanner_is_told_from_one_of_the_present(store: Store) -> None:
    """Its lease tells who the present one is; the name may hold colons."""
    first = await store.grant("s1", "n1")
    await store.registry.apply(first, [], report(1))
    await store.lease("s1", "n1").release(first)
    second = await store.grant("a:b", "n1")
    sight = (await store.nodes.list())["n1"]
    assert (sight.holder, sight.leased, sight.reported) == ("a:b", True, False)
    await store.registry.apply(second, [], report(0, scanner="a:b"))
    assert not (await store.nodes.list())["n1"].reported, "its first scan goes on"
    await store.registry.apply(second, [], report(1, scanner="a:b"))
    assert (await store.nodes.list())["n1"].reported


async def test_a_lease_of_the_wrong_type_is_held_by_nobody(store: Store) -> None:
    grant = await store.grant("s1", "n1")
    await store.registry.apply(grant, [], report(1))
    await store.raw.delete(KEYS.lease("n1"))
    await store.raw.hset(KEYS.lease("n1"), "a", "b")
    assert not (await store.nodes.list())["n1"].leased


async def test_a_node_without_a_lease_is_still_seen(store: Store) -> None:
    held, free = await store.grant("s1", "n1"), await store.grant("s2", "n2")
    await store.registry.apply(held, [], report(node="n1"))
    await store.registry.apply(free, [], report(node="n2"))
    await store.lease("s2", "n2").release(free)
    leased = {name: sight.leased for name, sight in (await store.nodes.list()).items()}
    assert leased == {"n1": True, "n2": False}


async def test_a_lease_without_a_report_is_not_a_node_yet(store: Store) -> None:
    grant = await store.grant()
    assert await store.nodes.list() == {}
    assert await store.nodes.is_held("n1")
    await store.lease().release(grant)
    assert not await store.nodes.is_held("n1")


async def test_figures_are_read_by_node_and_service(store: Store) -> None:
    await store.registry.write_probes("n1", {record().id: FIGURES})
    assert await store.nodes.probe("n1", record().id) == FIGURES
    assert await store.nodes.probe("n1", "another") is None
    assert await store.nodes.probe("n2", record().id) is None


async def test_new_figures_replace_all_old_ones(store: Store) -> None:
    await store.registry.write_probes("n1", {"a": FIGURES, "b": FIGURES})
    await store.registry.write_probes("n1", {"b": {"checked_at": 6}})
    assert await store.nodes.probe("n1", "a") is None
    assert await store.nodes.probe("n1", "b") == {"checked_at": 6}
    await store.registry.write_probes("n1", {})
    assert not await store.raw.exists(KEYS.probes("n1"))


async def test_figures_are_no_events(store: Store) -> None:
    """Latencies differ at each probe; without a change of a service there is no event."""
    await store.registry.write_probes("n1", {"a": FIGURES})
    assert await store.window() == ()


async def test_junk_among_the_figures_is_none(store: Store) -> None:
    for junk in (b"\xff", b"{", b"5", b"null", b"[]"):
        await store.raw.hset(KEYS.probes("n1"), "a", junk)
        assert await store.nodes.probe("n1", "a") is None


async def test_figures_replace_a_key_of_the_wrong_type(store: Store) -> None:
    await store.raw.set(KEYS.probes("n1"), "text")
    await store.registry.write_probes("n1", {"a": FIGURES})
    assert await store.nodes.probe("n1", "a") == FIGURES


async def test_figures_that_redis_lost_are_written_again(store: Store) -> None:
    """Else only what is new is written."""
    figures = {"a": FIGURES, "b": dict(FIGURES)}
    await store.registry.write_probes("n1", figures)
    await store.raw.hset(KEYS.probes("n1"), "a", "untouched")
    await store.registry.write_probes("n1", {**figures, "b": {"checked_at": 6}})
    assert await store.raw.hget(KEYS.probes("n1"), "a") == b"untouched"
    await store.raw.hdel(KEYS.probes("n1"), "b")
    await store.registry.write_probes("n1", figures)
    await store.raw.delete(KEYS.probes("n1"))
    await store.registry.write_probes("n1", figures)
    assert (await store.raw.hgetall(KEYS.probes("n1"))).keys() == {b"a", b"b"}
