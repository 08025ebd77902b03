"""fakeredis with the one command that our Lua needs and it lacks: INFO, for the server's run_id.

The contract suite holds this fake to the same tests as real servers.
"""

from typing import Any

from fakeredis import FakeAsyncRedis, FakeServer
from fakeredis._commands import command
from fakeredis.commands_mixins.server_mixin import ServerCommandsMixin

FIRST_RUN_ID = "f" * 40


def fake_redis(server: FakeServer | None = None) -> FakeAsyncRedis:
    """A client of a fake server; set `server.run_id` to make it look restarted."""
    return FakeAsyncRedis(server=server or FakeServer())


@command(name="INFO", fixed=(), repeat=(bytes,))
def info(self: Any, *_: bytes) -> bytes:
    """Only what our scripts read."""
    run_id = getattr(self._server, "run_id", FIRST_RUN_ID)
    return f"# Server\r\nredis_version:7.0.15\r\nrun_id:{run_id}\r\n".encode()


ServerCommandsMixin.info = info  # type: ignore[attr-defined] # that is how the command is found
