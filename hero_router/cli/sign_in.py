"""Makes links with which a browser signs in once, for the person at the terminal."""

import secrets

from hero_router.access.rules import load_rules
from hero_router.access.sign_in_link import PATH, make_code
from hero_router.settings.config import RouterConfig


def sign_in_link(config: RouterConfig, now_ms: int) -> str:
    """A link that signs a browser in once; `now_ms` is Unix milliseconds by Redis's clock.

    Raises:
        ConfigError: a token of the settings is not usable.
    """
    code = make_code(load_rules(config.access).signer, secrets.token_urlsafe(9), now_ms)
    return f"{config.web.address.rstrip('/')}{PATH}{code}"
