"""Configuration for `gunicorn -c deploy/gunicorn.conf.py hero_router.web.app:application`.

A thin adapter: all values come from the ROUTER_* variables, through `server.gunicorn`.
"""

import signal
import sys

# Until gunicorn handles these signals each of them would end it, and the imports below are slow.
for _number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(_number, signal.SIG_IGN)

from hero_router.errors import ConfigError  # noqa: E402
from hero_router.metrics import multiproc  # noqa: E402
from hero_router.server.gunicorn import gunicorn_settings  # noqa: E402
from hero_router.settings import logs  # noqa: E402 - see above
from hero_router.settings.config import RouterConfig  # noqa: E402
from hero_router.web.fdlimit import raise_limit  # noqa: E402


def _settings() -> dict[str, object]:
    """gunicorn's settings. Exits with code 2 and one line if the settings cannot be used.

    Each worker logs rejected values itself, once its logging is set up.
    """
    try:
        config = RouterConfig.read()
        if not config.redis.url:
            raise ConfigError("ROUTER_REDIS_URL is not set: web needs the address of Redis")
        multiproc.check()
    except ConfigError as error:
        sys.stderr.write(f"hero_router: {error}\n")
        sys.exit(2)
    raise_limit()
    logs.setup(config.log.level, config.log.format)
    return gunicorn_settings(config)


# gunicorn reads its settings from the names of this module.
globals().update(_settings())
