"""The JSON-RPC methods that mute and unmute a service, and their description."""

from typing import Any

from hero_router.access.policy import MUTE, visible
from hero_router.access.principal import Principal
from hero_router.feed.filters import shows
from hero_router.feed.json_answers import JsonAnswers
from hero_router.feed.muting import Mutes
from hero_router.rpc import examples
from hero_router.rpc.dispatcher import Method
from hero_router.rpc.examples import Example
from hero_router.rpc.json_schema import text, whole
from hero_router.rpc.openrpc import COMPONENTS
from hero_router.rpc.params import ONE, Param
from hero_router.rpc.result_types import Unmuted
from hero_router.store.mutes import MAX_NOTE, Mute

LONGEST_MUTE = 366 * 86_400
"""Longest mute with an end, in seconds."""


class MuteMethods:
    """The handlers of these methods; the first argument is the caller."""

    def __init__(self, state: JsonAnswers, mutes: Mutes) -> None:
        self._state, self._mutes = state, mutes

    async def mute(
        self,
        caller: Principal,
        *,
        id: str,  # noqa: A002 - as callers name it
        seconds: int | None = None,
        note: str = "",
    ) -> dict[str, Any]:
        """Mute one service; returns the mute. Raises NotFound."""
        record = self._state.find(id, visible(caller))
        return (await self._mutes.mute(record, caller.name, seconds, note)).to_json()

    async def unmute(self, caller: Principal, *, id: str) -> dict[str, Any]:  # noqa: A002
        """End the mute of one service, also of one that has left. Raises NotFound."""
        shown = visible(caller)
        named = [mute for mute in self._mutes.current.values() if id in (mute.id, mute.name)]
        found = [mute.id for mute in named if shows(shown, mute.to_json())]
        service = found[0] if len(found) == 1 else str(self._state.find(id, shown)["id"])
        return {"service_id": service, "was_muted": await self._mutes.unmute(service, caller.name)}

    def methods(self) -> list[Method]:
        """The methods with their parameters, results and examples."""
        return [
            Method(
                "router.mute",
                self.mute,
                "Mutes one service: no webhooks are sent about it. Everyone sees the mute.",
                COMPONENTS.of(Mute),
                right=MUTE,
                params=(
                    ONE,
                    Param(
                        "seconds",
                        whole(1, LONGEST_MUTE),
                        "for how long; without it until somebody ends the mute",
                    ),
                    Param("note", text(MAX_NOTE), "why, for those who see it"),
                ),
                description=(
                    "For administrators. A further call replaces the mute. What has changed by "
                    "the end of the mute is told then."
                ),
                examples=(
                    Example(
                        "for an hour",
                        examples.MUTE,
                        {"id": "billing", "seconds": 3600, "note": "new disk"},
                    ),
                ),
            ),
            Method(
                "router.unmute",
                self.unmute,
                "Ends the mute of one service, also of a service that has left.",
                COMPONENTS.of(Unmuted),
                right=MUTE,
                params=(ONE,),
                description="For administrators.",
                examples=(
                    Example(
                        "by name",
                        {"service_id": examples.RECORD.id, "was_muted": True},
                        {"id": "billing"},
                    ),
                ),
            ),
        ]
