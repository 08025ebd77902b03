"""The JSON-RPC methods that show and change the access to the router, and their description."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hero_router.access.access_administration import AccessAdministration
from hero_router.access.access_summary import Way
from hero_router.access.attempts import Tries
from hero_router.access.policy import CALLERS, MANAGE_ACCESS, RIGHTS
from hero_router.access.principal import Principal
from hero_router.errors import BadRequest
from hero_router.rpc import access_examples as examples
from hero_router.rpc.dispatcher import Method
from hero_router.rpc.examples import Example
from hero_router.rpc.json_schema import flag, text
from hero_router.rpc.openrpc import COMPONENTS
from hero_router.rpc.params import Param
from hero_router.rpc.result_types import (
    Allowed,
    AllowedNow,
    AllowList,
    DisallowedNow,
    Ended,
    EndedAll,
    Overview,
    SessionList,
)
from hero_router.settings.networks import Network, parse_network
from hero_router.store.ip_allowlist import MAX_NOTE, Entry
from hero_router.store.session_list import MOST_SESSIONS

MOST_TRIES = 50
"""Most addresses with wrong tokens in an answer."""

NETWORK = Param(
    "network", text(64), "an IP address, or a network such as 10.0.0.0/8", required=True
)


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """The facts about access that a worker has without Redis.

    `ways`, `tries` and `now_ms` give the present ones. `fixed` are the networks of
    ROUTER_ALLOW_IPS.
    """

    worker: str
    fixed: Sequence[Network]
    ways: Callable[[], list[Way]]
    tries: Callable[[], list[Tries]]
    now_ms: Callable[[], int]


class AccessMethods:
    """The handlers of these methods; the first argument is the caller."""

    def __init__(self, facts: AccessFacts, management: AccessAdministration) -> None:
        self._facts, self._management = facts, management

    async def access(self, _: Principal) -> dict[str, Any]:
        """Rights of the roles, ways to get access, and recent wrong tokens; without Redis."""
        facts = self._facts
        return {
            "rights": [
                {
                    "name": right.name,
                    "what": right.what,
                    "extents": {who: right.extent(caller) for who, caller in CALLERS.items()},
                }
                for right in RIGHTS
            ],
            "ways": facts.ways(),
            "tries": facts.tries()[:MOST_TRIES],
            "worker": facts.worker,
        }

    async def sessions(self, caller: Principal) -> dict[str, Any]:
        """The recorded browser sessions."""
        found = await self._management.sessions()
        return {
            "sessions": [{**asdict(each), "own": each.id == caller.session} for each in found],
            "most": MOST_SESSIONS,
            "now": self._facts.now_ms(),
        }

    async def end_session(self, caller: Principal, *, id: str) -> dict[str, Any]:  # noqa: A002
        """End one session. Raises NotFound."""
        ended = await self._management.end(id, caller)
        return {"session_id": ended.id, "name": ended.name}

    async def end_sessions(self, caller: Principal, *, others: bool = True) -> dict[str, Any]:
        """End all sessions, or all but the caller's own. Raises Unauthorized if that was ended."""
        spared = caller.session if others else ""
        before_ms = await self._management.end_all(spared, caller)
        return {"before": before_ms, "spared": spared or None}

    async def allowed(self, _: Principal) -> dict[str, Any]:
        """The list of addresses."""
        return {
            "in_force": bool(self._facts.fixed),
            "fixed": [str(each) for each in self._facts.fixed],
            "added": [_entry(each) for each in await self._management.addresses()],
            "now": self._facts.now_ms(),
        }

    async def allow(self, caller: Principal, *, network: str, note: str = "") -> dict[str, Any]:
        """Let an address or network connect, too. Raises BadRequest."""
        found = _network(network)
        added = await self._management.allow(found, note, caller)
        return {"network": str(found), "is_new": added, "is_everyone": not found.prefixlen}

    async def disallow(self, caller: Principal, *, network: str) -> dict[str, Any]:
        """Take an address or network off the list. Raises BadRequest."""
        found = _network(network)
        return {
            "network": str(found),
            "was_listed": await self._management.disallow(found, caller),
        }

    def methods(self) -> list[Method]:
        """The methods with their parameters, results and examples."""
        return [
            _method(
                "router.access",
                self.access,
                "Returns who may do what, by which ways callers get in, and who has sent wrong "
                "tokens within the last minute.",
                Overview,
                examples.OVERVIEW,
                description="Wrong tokens are those that this web worker was sent.",
            ),
            _method(
                "router.sessions",
                self.sessions,
                "Returns the browser sessions that hold, the newest first.",
                SessionList,
                examples.SESSIONS,
                description=(
                    f"At most {MOST_SESSIONS} are recorded. A session that began while Redis did "
                    "not answer is recorded later, and one whose record Redis has lost is not "
                    "listed; both hold all the same."
                ),
            ),
            _method(
                "router.end_session",
                self.end_session,
                "Ends one browser session, with its streams, on all web workers.",
                Ended,
                examples.ENDED,
                params=(Param("id", text(64), "the session's id", required=True),),
                given={"id": examples.SESSION["id"]},
            ),
            _method(
                "router.end_sessions",
                self.end_sessions,
                "Ends all browser sessions of others, or all, recorded or not.",
                EndedAll,
                examples.ENDED_ALL,
                params=(Param("others", flag(True), "whether the caller's own session goes on"),),
                given={"others": True},
            ),
            _method(
                "router.allowed",
                self.allowed,
                "Returns the list of addresses that may connect.",
                AllowList,
                examples.ALLOWED,
                description=(
                    "If `in_force` is false, ROUTER_ALLOW_IPS is not set: then clients may connect "
                    "from anywhere, and what was added has no effect."
                ),
            ),
            _method(
                "router.allow",
                self.allow,
                "Lets an address or a network connect, in addition to those of ROUTER_ALLOW_IPS.",
                AllowedNow,
                {"network": "198.51.100.0/24", "is_new": True, "is_everyone": False},
                params=(NETWORK, Param("note", text(MAX_NOTE), "why, for those who see the list")),
                given={"network": "198.51.100.0/24", "note": "the office"},
            ),
            _method(
                "router.disallow",
                self.disallow,
                "Takes an address or a network off the list; what it has open ends.",
                DisallowedNow,
                {"network": "198.51.100.0/24", "was_listed": True},
                params=(NETWORK,),
                given={"network": "198.51.100.0/24"},
            ),
        ]


def _method(
    name: str,
    handler: Callable[..., Any],
    summary: str,
    result: type,
    example: object,
    *,
    params: tuple[Param, ...] = (),
    description: str = "",
    given: Mapping[str, object] | None = None,
) -> Method:
    return Method(
        name,
        handler,
        summary,
        COMPONENTS.of(result),
        params=params,
        description=f"For administrators of all contexts. {description}".strip(),
        examples=(Example("one call", example, given or {}),),
        right=MANAGE_ACCESS,
    )


def _entry(entry: Entry) -> Allowed:
    return {"network": str(entry.network), "added_at": entry.added_at, "note": entry.note}


def _network(typed: str) -> Network:
    try:
        return parse_network(typed)
    except ValueError as error:
        raise BadRequest(str(error)) from None
