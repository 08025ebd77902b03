"""`hero_router serve` whose processes have as long to end as a busy machine needs.

The real one kills them soon after they were asked to end; a process that is killed leaves its
sockets, and cuts off its streams.
"""

from functools import partial

from hero_router.cli import main, supervise

SECONDS = 60.0

supervise.Child = partial(supervise.Child, stop_seconds=SECONDS)  # type: ignore[misc,assignment]

from hero_router.cli import serve  # noqa: E402 - it takes `Child` when it is loaded

serve.AFTER_DRAIN_SECONDS = SECONDS

if __name__ == "__main__":
    main(prog_name="hero_router")
