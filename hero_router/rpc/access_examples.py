"""Example results of the methods that show and change access, for the OpenRPC document."""

from hero_router.access.policy import CALLERS, RIGHTS
from hero_router.rpc.examples import NOW

SESSION = {
    "id": "5f0c1b7a9e3d2846",
    "name": "ann",
    "way": "oidc",
    "roles": ["viewer"],
    "contexts": ["shop"],
    "address": "198.51.100.7",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "at": NOW - 3_600_000,
    "until": NOW + 39_600_000,
    "own": False,
}
OVERVIEW = {
    "rights": [
        {
            "name": right.name,
            "what": right.what,
            "extents": {who: right.extent(caller) for who, caller in CALLERS.items()},
        }
        for right in RIGHTS[:1]
    ],
    "ways": [
        {
            "name": "token",
            "what": "Tokens",
            "on": True,
            "settings": ["ROUTER_TOKEN", "ROUTER_VIEWER_TOKEN", "ROUTER_TOKENS_FILE"],
            "lines": ["admin: administrator"],
        }
    ],
    "tries": [{"address": "203.0.113.9", "wrong": 3, "seconds_ago": 12, "wait_seconds": 0}],
    "worker": "web-1/4107",
}
SESSIONS = {"sessions": [SESSION], "most": 1000, "now": NOW}
ENDED = {"session_id": SESSION["id"], "name": SESSION["name"]}
ENDED_ALL = {"before": NOW, "spared": "0b8e6d4c2a193f57"}
ALLOWED = {
    "in_force": True,
    "fixed": ["10.0.0.0/8"],
    "added": [{"network": "198.51.100.0/24", "added_at": NOW - 86_400_000, "note": "the office"}],
    "now": NOW,
}
