"""Where a request goes next: to a service of the own node, or to another node's router."""

from typing import Any, cast

import pytest

from hero_router.access.peer_list import Peer
from hero_router.errors import NoListener
from hero_router.proxy.table import Target
from hero_router.settings.peers import PeerUrl
from hero_router.web.forwarder_base import Forwarder

NOTHING = cast("Any", None)


def test_without_a_key_nothing_is_asked_in_place_of_another_nodes_service() -> None:
    forwarder = Forwarder(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    peer = Peer("n2", PeerUrl("http", "127.0.0.1", 1002), ())
    with pytest.raises(NoListener, match="requests to node n2 cannot be signed"):
        forwarder.upstream(NOTHING, Target({}, {}, "", "/", peer), NOTHING, NOTHING)
