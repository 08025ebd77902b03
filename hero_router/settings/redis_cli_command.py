"""Writes the redis-cli command that connects to the Redis of the settings, without passwords."""

import shlex
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_url import parse

_TLS = {
    "ssl_ca_certs": "--cacert",
    "ssl_ca_path": "--cacertdir",
    "ssl_certfile": "--cert",
    "ssl_keyfile": "--key",
}
"""Options of a URL, and those of redis-cli."""


def command(settings: RedisSettings) -> str:
    """The beginning of a command line of a POSIX shell; words of a Redis command may follow.

    With --askpass redis-cli asks for the password. With Sentinels a command in the command asks one
    of them for the address of the primary.
    """
    address = parse(settings.url)
    parts, options = urlsplit(address.url), dict(parse_qsl(urlsplit(address.url).query))
    common = [
        *_tls(parts, options),
        *_database(parts, options),
        *_login(
            unquote(parts.username or "") or options.get("username", ""),
            has_password=bool(parts.password or options.get("password") or settings.password_file),
        ),
        "--raw",
    ]
    if address.kind == "sentinel":
        return f"redis-cli {_primary(parts, options, address.primary)} {shlex.join(common)}"
    where = ["-s", unquote(parts.path)] if parts.scheme == "unix" else _place(parts)
    return shlex.join(["redis-cli", *(["-c"] if address.kind else []), *where, *common])


def _place(parts: SplitResult) -> list[str]:
    return ["-h", parts.hostname or "", "-p", str(parts.port or 6379)]


def _primary(parts: SplitResult, options: dict[str, str], name: str) -> str:
    """What a shell replaces by the address of the primary."""
    login = _login(
        options.get("sentinel_username", ""), has_password="sentinel_password" in options
    )
    words = ["redis-cli", *_place(parts), *_tls(parts, options), *login]
    asked = shlex.join([*words, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", name])
    return f"$({asked} | xargs printf -- '-h %s -p %s')"


def _tls(parts: SplitResult, options: dict[str, str]) -> Iterator[str]:
    if parts.scheme != "rediss":
        return
    yield "--tls"
    for name, option in _TLS.items():
        if name in options:
            yield from (option, options[name])
    if options.get("ssl_cert_reqs") == "none":
        yield "--insecure"


def _database(parts: SplitResult, options: dict[str, str]) -> Iterator[str]:
    path = "" if parts.scheme == "unix" else parts.path.strip("/")
    if (number := options.get("db", path)) not in ("", "0"):
        yield from ("-n", number)


def _login(user: str, *, has_password: bool) -> Iterator[str]:
    if user:
        yield from ("--user", user)
    if has_password:
        yield "--askpass"
