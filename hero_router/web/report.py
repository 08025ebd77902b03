"""The data of a report as JSON: state, newest events and history that one caller may see.

All of it comes from the functions that answer `/api/services`, `/api/events/recent` and
`/api/history`, so a report holds nothing that its caller could not ask for.
"""

from collections.abc import AsyncIterator

from hero_router import __version__
from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.errors import StoreError
from hero_router.feed.json_answers import JsonAnswers
from hero_router.rpc.history_answers import ServiceHistories
from hero_router.strict_json import encode

FORMAT = 1
"""The version of the content; the page in the report reads this one."""

MOST_EVENTS = 2000
"""Maximum number of events in a report."""


class Reports:
    """Makes reports of one router; `node` is its name."""

    def __init__(self, state: JsonAnswers, histories: ServiceHistories, node: str) -> None:
        self._state, self._histories, self._node = state, histories, node

    @property
    def node(self) -> str:
        """The name of the router's node."""
        return self._node

    def begin(self, caller: Principal) -> tuple[int, AsyncIterator[str]]:
        """When a report is made (Unix ms), and its JSON text in pieces.

        State and events are taken at once, at one position. The histories are read while the
        pieces are; if Redis cannot be reached, the report says so and ends well.

        Raises:
            NotReady: the registry is not yet read.
        """
        shown = visible(caller)
        made_at = self._state.stamp()["now"] or 0
        head = {
            "format": FORMAT,
            "version": __version__,
            "node": self._node,
            "made_at": made_at,
            "reader": {
                "roles": sorted(caller.roles),
                "contexts": None if caller.contexts is None else sorted(caller.contexts),
            },
        }
        state, events = self._state.text(shown), self._state.recent(MOST_EVENTS, shown)
        begin = f'{encode(head)[:-1]},"state":{state},"events":{events}'
        return made_at, self._texts(begin, *self._histories.whole(caller))

    async def _texts(
        self, begin: str, heads: object, rows: AsyncIterator[object]
    ) -> AsyncIterator[str]:
        yield f'{begin},"past":{{"heads":{encode(heads)},"services":['
        error, comma = "", ""
        try:
            async for row in rows:
                yield comma + encode(row)
                comma = ","
        except StoreError as failure:
            error = str(failure)
        yield f'],"error":{encode(error)}}}}}'
