"""Socket files without a listener, at any place that a file system allows."""

import os
import socket
import tempfile
from pathlib import Path


def bind(place: Path | bytes) -> None:
    """Make a socket file; by renaming, so that no path is too long to bind."""
    path = Path(os.fsdecode(place))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as one:
        one.bind(f"{folder}/s")
        Path(folder, "s").rename(path)
