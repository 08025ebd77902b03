"""The calm after the storm: nothing goes wrong but foreign hands at three records.

In the storm a worker loads the registry anew again and again, as Redis ends or a burst overtakes
it, and so finds by the way what only an audit finds where all goes well.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.soak.bounds import LIVE_SECONDS, RECORD_SECONDS, SCANNED_SECONDS
from tests.soak.client import Client
from tests.soak.foreign import Foreign
from tests.soak.moments import View
from tests.soak.traffic import Traffic
from tests.support.wait import eventually

REST_SECONDS = 3.0
"""So long after the storm clients and scanners have settled."""

JUDGED_SECONDS = RECORD_SECONDS + 3.0
"""The judges of every moment shall have their turn before it ends."""

STEP_SECONDS = 0.25


async def calm(foreign: Foreign, traffic: Traffic, clients: Sequence[Client]) -> list[str]:
    """Delete one record and change another, of which only workers' audits can tell, and change one
    that its scanner has to put right. Says what nobody noticed in time, or could not be done."""
    deleted, changed, real = await traffic.quiet(), await traffic.quiet(), await _found(traffic)
    await asyncio.sleep(REST_SECONDS)
    before, begun = foreign.undone.total(), time.time()
    await foreign.delete_record(deleted)
    await foreign.change_record(changed)
    await foreign.change_record(real)
    if foreign.undone.total() > before:
        return [f"the calm after the storm was none: {foreign.why}"]
    unaware = await _unaware(clients, begun)
    return [*unaware, *await _left(foreign, real, begun)]


async def _found(traffic: Traffic) -> str:
    """A service that a scanner has had the time to find."""
    services = await traffic.all_real()
    await asyncio.sleep(LIVE_SECONDS / 2)
    return services[0]


async def _unaware(clients: Sequence[Client], begun: float) -> list[str]:
    """Wait until all are told; who is not is named."""

    def left() -> list[str]:
        views = (client.view() for client in clients)
        return [view.client for view in views if not knows(view, begun)]

    async def none_left() -> bool:
        await asyncio.sleep(STEP_SECONDS)
        return not left()

    with suppress(AssertionError):
        await eventually(none_left, JUDGED_SECONDS, "all are told")
    if not (names := left()):
        return []
    who, seconds = f"{len(names)} clients ({', '.join(names[:5])} …)", time.time() - begun
    return [f"{who} were not told in {seconds:.0f} s of records that were deleted and changed"]


def knows(view: View, begun: float) -> bool:
    """Whether a client was told since then that it knows nothing. Who came later came to a worker
    that cannot know what it was shown before."""
    return view.told >= begun or view.opened >= begun


async def _left(foreign: Foreign, service: str, begun: float) -> list[str]:
    """Wait until the scanner has put its record right."""

    async def is_right() -> bool:
        await asyncio.sleep(STEP_SECONDS)
        return service not in await foreign.marked()

    try:
        within = max(begun + SCANNED_SECONDS - time.time(), 1.0)
        await eventually(is_right, within, f"a scanner puts the record of {service} right")
    except AssertionError as error:
        return [str(error)]
    return []
