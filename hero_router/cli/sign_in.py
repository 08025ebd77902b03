"""Makes sign-in links, which the user of a terminal opens in a browser; each works once."""

import secrets

from hero_router.access.rules_from_settings import load_rules
from hero_router.access.sign_in_link import PATH, make_code
from hero_router.settings.config import RouterConfig


def sign_in_link(config: RouterConfig, now_ms: int) -> str:
    """A link that works once; `now_ms` is Unix milliseconds by Redis's clock.

    On this machine the link has the name `localhost`, not an address: services' own host names lie
    below it, and their sign-in leads to it.

    Raises:
        ConfigError: a token of the settings is not usable.
    """
    code = make_code(load_rules(config.access).signer, secrets.token_urlsafe(9), now_ms)
    address, domain = config.web.address.rstrip("/"), config.proxy.domain
    if domain == "localhost" and not config.web.is_open:
        address = f"http://{domain}:{config.web.port}"
    return f"{address}{PATH}{code}"
