"""Redis loses events that the sender has read, while it runs."""

from typing import Any

from hero_router.model import service_id
from hero_router.store.client import Redis, text
from hero_router.store.keys import Keys
from hero_router.strict_json import encode
from tests.notify.hooks import DOWN, UP, Author, Hooks
from tests.support.hand import NODE
from tests.support.records import record, scanned
from tests.support.wait import eventually

SCAN = {"type": "scan", "data": encode(scanned(node=NODE).data)}


async def test_what_took_the_positions_of_events_that_redis_lost_is_told(
    hooks: Hooks, raw: Redis, author: Author
) -> None:
    """The sender has read events that Redis loses, and other ones come in their place at once: a
    reading that goes on passes over them."""
    await author.write("a", UP)
    names = (Keys().events, Keys().services)
    kept = {name: await raw.dump(name) for name in names}
    newest = await raw.xrevrange(Keys().events, count=1)
    assert newest
    epoch, _, seq = text(newest[0][0]).partition("-")
    async with hooks.running():
        await author.write("b", UP, DOWN)
        await hooks.tell("service.down b")
        down = encode(record("a", NODE, status=DOWN, changed_at=99).to_json())
        key = service_id(NODE, "default", "a")
        change = {"type": "service_updated", "service": key, "data": f'{{"service":{down}}}'}
        async with raw.pipeline(transaction=True) as pipe:
            for name, data in kept.items():
                assert data is not None
                pipe.restore(name, 0, data, replace=True)
            pipe.hset(Keys().services, key, down)
            for number, what in enumerate((change, SCAN, SCAN), int(seq) + 1):
                event: Any = {"node": NODE, "service": "", "at": "7", **what}
                pipe.xadd(Keys().events, event, id=f"{epoch}-{number}")
            await pipe.execute()
        await eventually(lambda: hooks.has_told("service.down a"), message="it is told")
