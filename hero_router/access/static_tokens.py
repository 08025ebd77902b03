"""The tokens in the router's settings, and the search for the token that a caller sends.

Pure: no I/O, no clock.
"""

import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from hero_router.access.principal import ADMIN, ALL_ROLES, VIEWER
from hero_router.errors import ConfigError

MIN_LENGTH = 16
"""Fewest characters of a token: a shorter one can be guessed from the signature of a session."""

_TOKEN = re.compile(r"[!-~]+")
_BEARER = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)

ROLES = {ADMIN: ALL_ROLES, VIEWER: frozenset({VIEWER})}
"""The roles of a principal for the role that a setting names: an administrator may look too."""


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A token's digest, and the name, roles and contexts of its caller (None: all contexts)."""

    digest: bytes
    name: str
    roles: frozenset[str]
    contexts: frozenset[str] | None = None


class Tokens:
    """The tokens by which callers prove who they are."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        """Use these tokens. Raises ConfigError if two are the same."""
        if len({token.digest for token in tokens}) < len(tokens):
            raise ConfigError("two callers have the same token")
        self._tokens = tuple(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens)

    def find(self, presented: str) -> Token | None:
        """The token with this text. Each is compared, in constant time, as bytes."""
        digest, found = digest_of(presented), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def make_token(
    text: str, name: str, role: str, contexts: Iterable[str] | None, where: str
) -> Token:
    """A token from its text; `where` is the setting that holds it.

    Raises:
        ConfigError: the text is too short or could not be sent in a header, or there is no such
            role.
    """
    check_secret(text, where)
    if role not in ROLES:
        raise ConfigError(f"{where}: the role {role!r} is neither {ADMIN} nor {VIEWER}")
    only = None if contexts is None else frozenset(contexts)
    if only is not None and not only:
        raise ConfigError(f"{where}: {name} has access to no context")
    return Token(digest_of(text), name, ROLES[role], only)


def check_secret(text: str, where: str) -> None:
    """Check that a secret is long enough and can be sent in a header. Raises ConfigError."""
    if len(text) < MIN_LENGTH:
        raise ConfigError(
            f"{where} is shorter than {MIN_LENGTH} characters; `openssl rand -hex 32` makes one"
        )
    if _TOKEN.fullmatch(text) is None:
        raise ConfigError(f"{where} may hold only ASCII characters, and no spaces")


def parse_file(text: str, where: str) -> list[Token]:
    """The tokens in a file: each line has a name, a role, contexts and a token.

    Contexts are separated by commas; `*` stands for all. Empty lines, and lines that begin with
    `#`, are skipped.

    Raises:
        ConfigError: a line is malformed, or two lines have the same name. No message repeats a
            token.
    """
    found = list[Token]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        place = f"{where}, line {number}"
        words = line.split()
        if len(words) != 4:
            raise ConfigError(f"{place}: write name, role, contexts and token, in this order")
        name, role, contexts, secret = words
        only = None if contexts == "*" else filter(None, contexts.split(","))
        found.append(make_token(secret, name, role, only, place))
        if name in {token.name for token in found[:-1]}:
            raise ConfigError(f"{place}: the name {name} is used twice")
    return found


def bearer(fields: Iterable[str]) -> str | None:
    """The token in an `Authorization` header (RFC 6750, section 2.1); None without one."""
    return next((found[1] for field in fields if (found := _BEARER.fullmatch(field))), None)


def digest_of(text: str) -> bytes:
    """The digest by which tokens are compared; also of bytes that are no UTF-8."""
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
