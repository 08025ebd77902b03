"""A child process on one core, with lines of JSON as its protocol; it ends with its block."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, Any

from benchmarks.load.resource_usage import pinned

START_SECONDS = 90.0
"""A busy machine may need long to start a process; one that cannot start ends at once."""
END_SECONDS = 10.0
LINE_BYTES = 1 << 20


class Broken(Exception):
    """A process of the benchmark ended or fell silent; the message ends with its last words."""


class Absent(Broken):
    """What is to be measured is not installed here."""


class Child:
    """One running process."""

    def __init__(self, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
        self._process, self._log = process, log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def tell(self, **message: object) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def hear(self, seconds: float) -> dict[str, Any]:
        """Its next line. Raises Broken when none comes in time."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise self.broken(f"said nothing for {seconds:g} s") from None
        if not line:
            raise self.broken("ended")
        return dict(json.loads(line))

    def broken(self, what: str) -> Broken:
        """An error about this process, with the end of its log."""
        self._log.seek(0)
        last_words = self._log.read()[-2000:].decode(errors="replace")
        return Broken(f"process {self.pid} {what}\n{last_words}")

    async def end(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self.running:
            self._process.terminate()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def child(
    command: Sequence[str],
    *,
    core: Iterable[int],
    speaks: bool = False,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Child]:
    """Run a command on a core until the block ends; `speaks`: its stdout is JSON, not a log."""
    with tempfile.TemporaryFile() as log:
        with pinned(core):
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if speaks else log,
                stderr=log,
                limit=LINE_BYTES,
                env={**os.environ, **(environment or {})},
            )
        started = Child(process, log)
        try:
            yield started
        finally:
            await started.end()
