"""Which node's service a name leads to, and over which peer, while the list of peers changes."""

from typing import Any

import pytest

from hero_router.access.peer_list import Peer
from hero_router.errors import NoListener
from hero_router.feed.mirror import Mirror
from hero_router.model import service_id
from hero_router.position import ORIGIN
from hero_router.proxy.address import DEFAULT_CONTEXT, readings
from hero_router.proxy.table import RoutingTable, Target
from hero_router.settings.peers import parse_url
from tests.support.records import report

OWN, FIRST, SECOND = "n1", "n2", "n3"
URLS = {FIRST: "http://127.0.0.1:1002", SECOND: "http://127.0.0.1:1003"}


def shop(node: str, **fields: Any) -> dict[str, Any]:
    sockets = [{"name": "rpc", "role": "rpc", "path": "shop/rpc.sock"}]
    known = {"id": service_id(node, "default", "shop"), "name": "shop", "context": "default"}
    return {**known, "node": node, "sockets": sockets, "healthy": True, **fields}


def peer(node: str) -> Peer:
    url = parse_url(URLS[node])
    assert url is not None
    return Peer(node, url, ())


class Router:
    """The routing table of the own node, if these nodes have a shop; `peers` may change."""

    def __init__(self, *nodes: str) -> None:
        self.peers = dict[str, Peer]()
        mirror, records = Mirror(), [shop(node) for node in nodes]
        reports = {node: report(node=node, advertise_url=url) for node, url in URLS.items()}
        mirror.reset({each["id"]: each for each in records}, reports, ORIGIN)
        self.table = RoutingTable(mirror, OWN, self.peers.get)

    def find(self) -> Target:
        return self.table.find(
            readings("localhost", "localhost", "/shop/rpc/x"), DEFAULT_CONTEXT, None
        )

    def way(self) -> tuple[str, Peer | None]:
        """The node to which a request goes, and over which peer."""
        target = self.table.on_its_way(self.find())
        return str(target.record["node"]), target.peer


def test_a_peer_counts_from_the_moment_it_is_one_and_no_longer() -> None:
    router = Router(FIRST)
    with pytest.raises(NoListener, match="it is no peer"):
        router.way()
    router.peers[FIRST] = peer(FIRST)
    assert router.way() == (FIRST, peer(FIRST))
    new = router.peers[FIRST] = peer(FIRST)
    assert router.way()[1] is new, "with its keys of now"
    del router.peers[FIRST]
    with pytest.raises(NoListener, match="it is no peer"):
        router.way()


def test_a_target_that_was_found_before_its_peer_is_known_goes_to_the_peer_all_the_same() -> None:
    router = Router(FIRST)
    target = router.find()
    router.peers[FIRST] = peer(FIRST)
    assert router.table.on_its_way(target).peer == peer(FIRST)


def test_a_name_leads_to_a_node_that_is_reached_now() -> None:
    router = Router(FIRST, SECOND)
    assert router.find().record["node"] == FIRST
    router.peers[SECOND] = peer(SECOND)
    assert router.way() == (SECOND, peer(SECOND))
    router.peers[FIRST] = peer(FIRST)
    assert router.way() == (FIRST, peer(FIRST))


def test_the_own_node_goes_first_and_needs_no_peer() -> None:
    router = Router(FIRST, OWN)
    router.peers[FIRST] = peer(FIRST)
    assert router.way() == (OWN, None)
