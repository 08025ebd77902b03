"""The token that commands send to a running router, from a file or from the environment."""

import os
from pathlib import Path

from hero_router.errors import ConfigError

VARIABLE, FILE_VARIABLE = "ROUTER_TOKEN", "ROUTER_TOKEN_FILE"
FILE_FLAG = "--token-file"
"""There is no flag for the token itself: other users of the machine can read command lines."""


def read_token(file: str | None) -> str:
    """The token in `file`, else that of the environment; "" if there is none.

    Raises:
        ConfigError: the file cannot be read, or there is no token in it, or one that no header can
            carry. The message never has the token.
    """
    if file is not None:
        return _from_file(file, FILE_FLAG)
    if token := os.environ.get(VARIABLE, "").strip():
        return _checked(token, VARIABLE)
    if path := os.environ.get(FILE_VARIABLE, "").strip():
        return _from_file(path, FILE_VARIABLE)
    return ""


def _from_file(path: str, source: str) -> str:
    try:
        token = Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{source}: {path} cannot be read: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a NUL in the path
        raise ConfigError(f"{source}: {path!r} is no file with a token") from None
    if not token:
        raise ConfigError(f"{source}: there is no token in {path}")
    return _checked(token, source)


def _checked(token: str, source: str) -> str:
    if not token.isprintable() or " " in token:
        raise ConfigError(f"{source} holds no token: a token has no spaces and no line ends")
    return token
