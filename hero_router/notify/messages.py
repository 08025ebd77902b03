"""The messages of the webhook: their ids, types and texts. Pure: no I/O, no clock."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hero_router.sanitize import clean
from hero_router.strict_json import InvalidJson, decode_trusted, encode

DOWN, UP, FLAPPING = "service.down", "service.up", "service.flapping"
NODE_LOST, NODE_BACK, MISSED = "node.lost", "node.back", "events.missed"

REMOVED = "removed"
"""In the place of a status: the service has left the registry."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `at` is when it happened, in Unix ms by Redis's clock.

    `id` is the same if the message is made again, as after a lost reply of Redis: so receivers
    notice that they have it already.
    """

    id: str
    kind: str
    at: int
    text: str
    data: Mapping[str, Any]

    def body(self) -> str:
        """The message as it is sent, one line of JSON."""
        time = datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="milliseconds")
        value = {"type": self.kind, "timestamp": time.replace("+00:00", "Z"), "text": self.text}
        return encode({**value, "data": self.data})

    def queued(self) -> str:
        """The message as it waits in Redis."""
        return encode({"id": self.id, "at": self.at, "body": self.body()})


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that waits in Redis; `raw` is its text there."""

    raw: bytes
    id: str
    at: int
    body: str

    @classmethod
    def parse(cls, raw: bytes) -> "Queued | None":
        """Read what `Message.queued` wrote; None if another program wrote it."""
        try:
            value = decode_trusted(raw.decode("ascii"))
            message_id, at, body = value["id"], value["at"], value["body"]
        except (InvalidJson, UnicodeDecodeError, KeyError, TypeError):
            return None
        good = isinstance(message_id, str) and type(at) is int and isinstance(body, str)
        return cls(raw, message_id, at, body) if good and message_id.isascii() else None


def about_service(
    kind: str, service: Mapping[str, Any], old: str, new: str, reason: str, at: int, place: object
) -> Message:
    """A message about a service, whose status changed from `old` to `new`.

    `place` is different for each change of the service, and part of the message's id.
    """
    names = {name: clean(service[name]) for name in ("id", "name", "context", "node")}
    data = {**names, "from": old, "to": new, "reason": clean(reason)}
    who = f"{names['context']}/{names['name']} on {names['node']}"
    text = _TEXTS[kind].format(who=who, status=new) + (f": {data['reason']}" if reason else "")
    return Message(_id(kind, names["id"], place), kind, at, text, data)


_TEXTS: Mapping[str, str] = {
    DOWN: "{who} is down ({status})",
    UP: "{who} is up again ({status})",
    FLAPPING: "{who} changes all the time (flapping, at worst {status})",
}


def about_node(kind: str, node: str, detail: str, at: int) -> Message:
    """A message about a node whose scanner is lost, or is back."""
    name = clean(node)
    text = f"node {name} is lost: {clean(detail)}" if kind == NODE_LOST else f"node {name} is back"
    data = {"node": name, "reason": clean(detail)}
    return Message(_id(kind, node, at), kind, at, text, data)


def about_missed(number: int | None, where: str, at: int, place: object) -> Message:
    """A message that others are missing: `number` of them, None if unknown; `where` they got lost.

    `where` is "stream" for events that were trimmed before they were read, else "queue".
    """
    many = "an unknown number of" if number is None else str(number)
    what = (
        f"{many} events were missed: changes of services that came and went are not told"
        if where == "stream"
        else f"{many} messages were dropped, as the webhook's target did not take them"
    )
    data = {"dropped": number, "where": where}
    return Message(_id(MISSED, where, place), MISSED, at, what, data)


def _id(*parts: object) -> str:
    text = "\0".join(map(str, parts)).encode("utf-8", "replace")
    return f"msg_{hashlib.sha256(text).hexdigest()[:32]}"
