"""Shuts a long-running command down cleanly after Ctrl-C, `kill`, or the end of its terminal."""

import asyncio
import signal
from collections.abc import Callable


def on_stop(stop: Callable[[], object]) -> None:
    """Call `stop` for each SIGINT, SIGTERM and SIGHUP that this process gets.

    `nohup` starts a process that ignores SIGHUP, so that it outlives its terminal: it still does.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop)
