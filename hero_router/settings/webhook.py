"""Settings of the webhook: its URL, secret, and message types."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, switch, text

KINDS = ("service.down", "service.up", "service.flapping", "node.lost", "node.back")
"""Types of messages that can be chosen. `events.missed` is always sent."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes of a secret (https://www.standardwebhooks.com, section "Signature scheme")."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where the scanners send messages. Without a URL none are sent."""

    url: str = text(
        "",
        "ROUTER_WEBHOOK_URL",
        "URL (https or http) to which one of the scanners sends a message when a service goes "
        "down, comes up or flaps (changes its status too often), and when a node is lost or back; "
        "keep it secret; set it for all scanners; not set: no messages",
        private=True,
    )
    secret: str = text(
        "",
        "ROUTER_WEBHOOK_SECRET",
        "secret with which the messages are signed (Standard Webhooks), so that the receiver can "
        "check them: whsec_ and 24 to 64 bytes in base64; not set: they are not signed",
        private=True,
    )
    secret_file: str = text(
        "",
        "ROUTER_WEBHOOK_SECRET_FILE",
        "file that holds the secret of the webhook (ROUTER_WEBHOOK_SECRET)",
    )
    events: str = text(
        "",
        "ROUTER_WEBHOOK_EVENTS",
        f"comma-separated list of the messages to send: {', '.join(KINDS)}; not set: all of them",
    )
    private: bool = switch(
        "ROUTER_WEBHOOK_PRIVATE",
        "1: ROUTER_WEBHOOK_URL may lead to this machine or into a private network; 0: messages to "
        "such an address are not sent",
    )

    def __post_init__(self) -> None:
        check_section(self)
        if self.url:
            _check_url(self.url)
        if unknown := self.kinds - set(KINDS):
            raise ConfigError(
                f"ROUTER_WEBHOOK_EVENTS: {min(unknown)!r} is not a message type; "
                f"the types are {', '.join(KINDS)}"
            )
        if self.secret and self.secret_file:
            raise ConfigError("set ROUTER_WEBHOOK_SECRET or ROUTER_WEBHOOK_SECRET_FILE, not both")
        parse_secret(self.secret, "ROUTER_WEBHOOK_SECRET")

    @property
    def kinds(self) -> frozenset[str]:
        """The types of messages to send."""
        named = frozenset(each.strip() for each in self.events.split(",") if each.strip())
        return named or frozenset(KINDS)

    def key(self) -> bytes:
        """The key of signatures, b"" without one. Raises ConfigError if the file is not usable."""
        if not self.secret_file:
            return parse_secret(self.secret, "ROUTER_WEBHOOK_SECRET")
        try:
            found = Path(self.secret_file).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError("ROUTER_WEBHOOK_SECRET_FILE cannot be read") from None
        if not found:
            raise ConfigError("ROUTER_WEBHOOK_SECRET_FILE: the file is empty")
        return parse_secret(found, "ROUTER_WEBHOOK_SECRET_FILE")


def parse_secret(secret: str, name: str) -> bytes:
    """The bytes of a secret, b"" for none; `name` is the setting. Raises ConfigError.

    The message does not quote the secret.
    """
    if not secret:
        return b""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not (secret.startswith(SECRET_PREFIX) and SHORTEST_SECRET <= len(key) <= LONGEST_SECRET):
        raise ConfigError(
            f"{name} must be {SECRET_PREFIX} and {SHORTEST_SECRET} to {LONGEST_SECRET} bytes in "
            f"base64: echo {SECRET_PREFIX}$(openssl rand -base64 32)"
        )
    return key


def _check_url(url: str) -> None:
    """Raises ConfigError. The message does not quote the URL, which may hold a secret."""
    if not url.isascii() or any(char <= " " or char in "\\\x7f" for char in url):
        raise ConfigError("ROUTER_WEBHOOK_URL has a character that is not allowed in a URL")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("ROUTER_WEBHOOK_URL is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError("ROUTER_WEBHOOK_URL must be an https or http URL with a host")
    if "@" in parts.netloc or parts.fragment:
        raise ConfigError("ROUTER_WEBHOOK_URL must have no user, password or fragment")
