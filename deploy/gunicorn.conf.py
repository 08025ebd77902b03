"""Configuration for `gunicorn -c deploy/gunicorn.conf.py hero_router.web.app:application`.

A thin adapter: all values come from the ROUTER_* variables, through `server.gunicorn`.
"""

import signal
import sys

# Until gunicorn handles these signals each of them would end it, and the imports below are slow.
# At a reload, which reads this file again, gunicorn handles them.
for _number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
    if signal.getsignal(_number) is signal.SIG_DFL:
        signal.signal(_number, signal.SIG_IGN)

from hero_router.errors import ConfigError  # noqa: E402
from hero_router.server.gunicorn import gunicorn_settings  # noqa: E402
from hero_router.server.preflight import prepare  # noqa: E402
from hero_router.settings import logging_setup  # noqa: E402 - see above
from hero_router.settings.config import RouterConfig  # noqa: E402


def _settings() -> dict[str, object]:
    """gunicorn's settings. Ends with exit code 2 and one line if there is nothing to run with.

    Each worker warns of rejected values, as soon as it logs in the form that is set.
    """
    logging_setup.setup_early()
    try:
        config = RouterConfig.read()
        logging_setup.setup(config.log.level, config.log.format)
        prepare(config)
    except ConfigError as error:
        logging_setup.report_fatal(str(error))
        sys.exit(2)
    return gunicorn_settings(config)


# gunicorn reads its settings from the names of this module.
globals().update(_settings())
