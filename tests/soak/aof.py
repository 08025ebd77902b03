"""The history that Redis has kept, read from its append-only file as etcd's tests read the WAL.

Effects of scripts are written there as plain commands, so each XADD is one event as Redis executed
it. A file that a kill had cut off is mended by Redis itself when it starts again.
"""

import re
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from hero_router.position import Position
from hero_router.store.keys import Keys
from tests.soak.truth import Event

ONE_FILE = ("--auto-aof-rewrite-percentage", "0")
"""Redis's options to keep all history in its file."""


EVENTS = Keys().events.encode()

NEAR_BYTES = 8 * 1024 * 1024
"""More than the largest batch, of which Redis forgets all where its end is missing."""

_MULTI, _EXEC = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"
_XADD = re.compile(rb"\*[0-9]+\r\n\$4\r\nXADD\r\n")


def history(folder: Path) -> Iterator[Event]:
    """All events ever added, oldest first; `folder` is that of Redis's data."""
    files = sorted((folder / "appendonlydir").glob("*.incr.aof"))
    assert len(files) == 1, f"not all history is in one file: {files}"
    with files[0].open("rb") as file:
        for words in commands(file):
            if words[0].upper() == b"XADD" and words[1] == EVENTS:
                yield _event(words)


def cut_off(folder: Path, size: int) -> Iterator[Event]:
    """Take so many bytes or some more from the file of a Redis that does not run, as a loss of
    power may, but hardly more than half of it. Gives the events near its end; some are lost.

    The cut is at the end of a step: see `mend`.
    """
    with _file(folder).open("r+b") as file:
        length, near = _end(file)
        kept = near.rfind(_EXEC, 0, len(near) - min(size, length // 2))
        assert kept >= 0, "no step ends before the cut"
        file.truncate(length - len(near) + kept + len(_EXEC))
    for found in _XADD.finditer(near):
        (words,) = islice(commands(BytesIO(near[found.start() :])), 1)
        yield _event(words)


def mend(folder: Path) -> None:
    """Take an unfinished step off the file of a Redis that was killed while it wrote.

    In a file that is torn inside a command of a step Redis 7.0 leaves what is before, forgets it,
    and yet executes it at its next start but one (valkey-io/valkey, pull request 4342). Nobody
    could be judged by a history that changes.
    """
    with _file(folder).open("r+b") as file:
        length, near = _end(file)
        begun = near.rfind(_MULTI)
        if begun > near.rfind(_EXEC):
            file.truncate(length - len(near) + begun)


def _file(folder: Path) -> Path:
    (path,) = (folder / "appendonlydir").glob("*.incr.aof")
    return path


def _end(file: BinaryIO) -> tuple[int, bytes]:
    """The length, and what is near the end."""
    length = file.seek(0, SEEK_END)
    file.seek(max(length - NEAR_BYTES, 0))
    return length, file.read()


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
