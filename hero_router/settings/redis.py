"""Settings of the connection to Redis: URL, password file, and prefix of the keys."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from hero_router.errors import ConfigError
from hero_router.settings.redis_url import check, masked
from hero_router.settings.setting import check_section, text


@dataclass(frozen=True, slots=True, repr=False)
class RedisSettings:
    """The Redis of a deployment: URL, password file, and prefix of the keys."""

    url: str = text(
        "",
        "ROUTER_REDIS_URL",
        "URL of Redis: redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://; "
        "all scanners and web workers of one deployment need the same Redis; not set: "
        "`hero_router serve` starts a Redis server of its own, and `hero_router scanner` and "
        "`hero_router web` do not start",
        secret=True,
    )
    prefix: str = text(
        "{hero_router}",
        "ROUTER_REDIS_PREFIX",
        "prefix of all keys in Redis; each deployment that shares a Redis with others needs a "
        "prefix of its own; it must contain a {hash tag}, by which a Redis Cluster keeps all keys "
        "on one server",
    )
    password_file: str = text(
        "",
        "ROUTER_REDIS_PASSWORD_FILE",
        "file that holds the password of Redis; it is read again for each new connection; "
        "ROUTER_REDIS_URL must then hold no password",
    )

    def __post_init__(self) -> None:
        check_section(self)
        check(self.url)
        if re.match(r"[^{]*\{[^}]+\}", self.prefix) is None:
            raise ConfigError(f"ROUTER_REDIS_PREFIX={self.prefix!r} must contain a {{hash tag}}")

    def require(self) -> None:
        """Raises ConfigError if the Redis URL is not set or the password file cannot be used."""
        self.require_url()
        self.check_password_file()

    def require_url(self) -> None:
        """Raises ConfigError if the Redis URL is not set."""
        if not self.url:
            raise ConfigError("ROUTER_REDIS_URL is not set: scanner and web workers need a Redis")

    def check_password_file(self) -> None:
        """Raises ConfigError if the password file is set and cannot be used."""
        parts, path = urlsplit(self.url), self.password_file
        if not path:
            return
        if parts.password or "password" in dict(parse_qsl(parts.query)):
            raise ConfigError("ROUTER_REDIS_PASSWORD_FILE is set, so the URL must hold no password")
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"ROUTER_REDIS_PASSWORD_FILE cannot be read: {error.strerror}"
            ) from None

    def __repr__(self) -> str:
        return f"RedisSettings({masked(self.url)!r}, {self.prefix!r}, {self.password_file!r})"
