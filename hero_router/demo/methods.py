"""The data of the sample services, in memory, and the functions behind their OpenRPC methods."""

from collections.abc import Mapping
from typing import Any

from hero_router.demo.jsonrpc import Function
from hero_router.rpc.error_mapping import PARAMS, RpcError

Row = dict[str, Any]

MISSING = -32004
"""Error code for an unknown pet, user or repository, if the OpenRPC document names no code."""


class Petstore:
    """The sample service `petstore`: a list of pets; new pets are kept until the demo ends."""

    def __init__(self) -> None:
        self._pets: dict[int, Row] = {}
        self._last = 0
        for name, tag in (("Rex", "dog"), ("Tom", "cat"), ("Wanda", "fish")):
            self.create({"name": name, "tag": tag})

    def functions(self) -> Mapping[str, Function]:
        """The functions by their method names in `petstore-expanded.json`."""
        return {
            "get_pets": self.find,
            "create_pet": self.create,
            "get_pet_by_id": self.get,
            "delete_pet_by_id": self.delete,
        }

    def find(self, tags: object = None, limit: int | None = None) -> list[Row]:
        """Find the pets that have one of the tags, at most `limit` pets."""
        if not isinstance(tags, list | None):
            raise RpcError(PARAMS, "tags is not a list")
        pets = [pet for pet in self._pets.values() if not tags or pet.get("tag") in tags]
        return pets if limit is None else pets[: max(limit, 0)]

    def create(self, new_pet: object) -> Row:
        """Add a pet with the next free id, and return the pet."""
        if not isinstance(new_pet, dict) or not isinstance(new_pet.get("name"), str):
            raise RpcError(PARAMS, "newPet is not an object with a name")
        if not isinstance(new_pet.get("tag", ""), str):
            raise RpcError(PARAMS, "the tag of newPet is not text")
        self._last += 1
        known = {key: new_pet[key] for key in ("name", "tag") if key in new_pet}
        self._pets[self._last] = {**known, "id": self._last}
        return self._pets[self._last]

    def get(self, number: int) -> Row:
        """Get the pet with this id."""
        if number not in self._pets:
            raise RpcError(MISSING, f"there is no pet {number}")
        return self._pets[number]

    def delete(self, number: int) -> Row:
        """Remove the pet with this id, and return the pet."""
        pet = self.get(number)
        del self._pets[number]
        return pet


class Mycelium:
    """The sample service `mycelium`: it imitates a node of an overlay network, with its peers."""

    def __init__(self, started: int) -> None:
        self._started = started
        self._peers = {"tcp://192.0.2.6:9651": "alive", "quic://198.51.100.27:9651": "connecting"}

    def functions(self) -> Mapping[str, Function]:
        """The functions of those methods in `mycelium.json` that the sample has, by method name."""
        return {
            "getInfo": self.info,
            "getPeers": self.peers,
            "addPeer": self.add,
            "deletePeer": self.delete,
            "getSelectedRoutes": self.routes,
        }

    def info(self) -> Row:
        """Get the overlay node's addresses, public key and start time."""
        return {
            "nodeSubnet": "54f:b680:ba6e:7ced::/64",
            "nodeIp": "54f:b680:ba6e:7ced:abcd:1234:5678:9abc",
            "nodePubkey": "02468ace13579bdf" * 4,
            "nodeStartTime": self._started,
        }

    def peers(self) -> list[Row]:
        """List the overlay node's peers with their traffic."""
        return [
            {
                "endpoint": dict(zip(("proto", "socketAddr"), peer.split("://"), strict=True)),
                "type": "static",
                "connectionState": state,
                "txBytes": 464_531 if state == "alive" else 0,
                "rxBytes": 646_450 if state == "alive" else 0,
            }
            for peer, state in self._peers.items()
        ]

    def add(self, endpoint: str) -> bool:
        """Add a peer to the overlay node; it stays `connecting`, as there is no real network."""
        proto, _, address = endpoint.partition("://")
        if proto not in ("tcp", "quic") or ":" not in address or "://" in address:
            raise RpcError(400, "Malformed endpoint")
        if endpoint in self._peers:
            raise RpcError(409, "Peer already exists")
        self._peers[endpoint] = "connecting"
        return True

    def delete(self, endpoint: str) -> bool:
        """Remove a peer of the overlay node."""
        if self._peers.pop(endpoint, None) is None:
            raise RpcError(404, "Peer doesn't exist")
        return True

    def routes(self) -> list[Row]:
        """List the overlay node's selected routes; there is one."""
        hop = "TCP 203.0.113.2:60128 <-> 192.0.2.6:9651"
        return [{"subnet": "469:1348:ab0c:a1d8::/64", "nextHop": hop, "metric": 13, "seqno": 1}]

    def lines(self) -> list[str]:
        """The lines of the admin page: the peers and their states."""
        return [f"{peer}: {state}" for peer, state in self._peers.items()]


class Links:
    """The sample service `links`: repositories with pull requests that can be merged."""

    def __init__(self) -> None:
        self._owner = {"username": "ada", "uuid": "7d0e5c0a-9a55-4b1d-8c5b-3f0c2f641e10"}
        self._repository = {"slug": "engine", "owner": self._owner}
        self._pulls: list[Row] = [
            {"id": number, "title": title, "state": state}
            for number, title, state in (
                (1, "Compute Bernoulli numbers", "merged"),
                (2, "Explain the cards", "open"),
                (3, "Use fewer wheels", "open"),
            )
        ]

    def functions(self) -> Mapping[str, Function]:
        """The functions by their method names in `link-example.json`."""
        return {
            "get_user_by_name": self.user,
            "get_repositories_by_owner": self.repositories,
            "get_repository": self.repository,
            "get_pull_requests_by_repository": self.pulls,
            "get_pull_requests_by_id": self.pull,
            "merge_pull_request": self.merge,
        }

    def user(self, username: str) -> Row:
        """Get a user by name; there is one user."""
        if username != self._owner["username"]:
            raise RpcError(MISSING, "there is no such user; try ada")
        return self._owner

    def repositories(self, username: str) -> list[Row]:
        """List a user's repositories."""
        self.user(username)
        return [self._repository]

    def repository(self, username: str, slug: str) -> Row:
        """Get one of a user's repositories."""
        self.user(username)
        if slug != self._repository["slug"]:
            raise RpcError(MISSING, "there is no such repository; try engine")
        return self._repository

    def pulls(self, username: str, slug: str, state: str | None = None) -> list[Row]:
        """List a repository's pull requests: all, or those in one state."""
        known = {"repository": self.repository(username, slug), "author": self._owner}
        return [{**pull, **known} for pull in self._pulls if state in (None, pull["state"])]

    def pull(self, username: str, slug: str, pid: str) -> Row:
        """Get one pull request."""
        found = [pull for pull in self.pulls(username, slug) if str(pull["id"]) == pid]
        if not found:
            raise RpcError(MISSING, f"there is no pull request {pid}")
        return found[0]

    def merge(self, username: str, slug: str, pid: str) -> bool:
        """Merge an open pull request."""
        wanted = self.pull(username, slug, pid)
        if wanted["state"] != "open":
            raise RpcError(PARAMS, f"pull request {pid} is {wanted['state']}")
        self._pulls[wanted["id"] - 1]["state"] = "merged"
        return True


def click(href: str | None = None, label: str | None = None) -> None:
    """Accept a click on a link without storing it; the health check of this service warns of it."""


def addition(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def subtraction(a: int, b: int) -> int:
    """Subtract `b` from `a`."""
    return a - b


def examples(document: Mapping[str, Any]) -> Mapping[str, Function]:
    """Functions that answer with the first example of each method in an OpenRPC document."""
    values = {item["name"]: item["examples"][0]["result"]["value"] for item in document["methods"]}
    return {name: _giving(value) for name, value in values.items()}


def _giving(value: object) -> Function:
    return lambda: value
