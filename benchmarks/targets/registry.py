"""All peers there are, in the order of the tables."""

from collections.abc import Sequence

from benchmarks.targets.nchan import Nchan
from benchmarks.targets.python_peer import PythonPeer
from benchmarks.targets.target import Target

PEERS: Sequence[Target] = (
    Nchan(),
    PythonPeer("aiohttp-queue", "aiohttp_queue"),
    PythonPeer("aiohttp-xread", "aiohttp_xread"),
    PythonPeer("aiohttp-sse", "aiohttp_sse_library"),
    PythonPeer("sse-starlette", "starlette_queue"),
)
