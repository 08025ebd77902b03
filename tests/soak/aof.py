"""The history that Redis has kept, read from its append-only file as etcd's tests read the WAL.

Effects of scripts are written there as plain commands, so each XADD is one event as Redis executed
it. A file that a kill had cut off is mended by Redis itself when it starts again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hero_router.keys import Keys
from hero_router.position import Position
from tests.soak.truth import Event

ONE_FILE = ("--auto-aof-rewrite-percentage", "0")
"""Redis's options to keep all history in its file."""


EVENTS = Keys().events.encode()


def history(folder: Path) -> Iterator[Event]:
    """All events ever added, oldest first; `folder` is that of Redis's data."""
    files = sorted((folder / "appendonlydir").glob("*.incr.aof"))
    assert len(files) == 1, f"not all history is in one file: {files}"
    with files[0].open("rb") as file:
        for words in commands(file):
            if words[0].upper() == b"XADD" and words[1] == EVENTS:
                yield _event(words)


def commands(file: BinaryIO) -> Iterator[list[bytes]]:
    """The commands in a file of Redis's protocol."""
    while line := file.readline():
        assert line.startswith(b"*"), f"not a command: {line[:80]!r}"
        yield [_word(file) for _ in range(int(line[1:]))]


def _word(file: BinaryIO) -> bytes:
    size = file.readline()
    assert size.startswith(b"$"), f"not a word: {size[:80]!r}"
    return file.read(int(size[1:]) + 2)[:-2]


def _event(words: list[bytes]) -> Event:
    """XADD key MAXLEN = window id field value …"""
    place = Position.parse(words[5].decode())
    assert place is not None, f"not a position: {words[:6]}"
    texts = [word.decode() for word in words[6:]]
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    return Event(place, fields["type"], fields["data"], int(fields["at"]))
