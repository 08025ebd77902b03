"""The token that commands send to a running router, from a file or from the environment."""

import os
import re
from pathlib import Path

from hero_router.errors import ConfigError

VARIABLE, FILE_VARIABLE = "ROUTER_TOKEN", "ROUTER_TOKEN_FILE"
FILE_FLAG = "--token-file"
"""There is no flag for the token itself: other users of the machine can read command lines."""

_TOKEN = re.compile(r"[!-~]+")


def read_token(file: str | None) -> str:
    """The token in `file`, else that of the environment; "" if there is none.

    Raises:
        ConfigError: the file cannot be read, there is no token in it, or one that no header can
            carry; or both variables are set. The message never has the token.
    """
    if file is not None:
        return _from_file(file, FILE_FLAG)
    token, path = (os.environ.get(name, "").strip() for name in (VARIABLE, FILE_VARIABLE))
    if token and path:
        raise ConfigError(f"set {VARIABLE} or {FILE_VARIABLE}, not both")
    if path:
        return _from_file(path, FILE_VARIABLE)
    return _checked(token, VARIABLE) if token else ""


def _from_file(path: str, source: str) -> str:
    try:
        token = Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{source}: {path} cannot be read: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a NUL in the path
        raise ConfigError(f"{source}: the file {path!r} does not hold a token") from None
    if not token:
        raise ConfigError(f"{source}: there is no token in {path}")
    return _checked(token, source)


def _checked(token: str, source: str) -> str:
    if _TOKEN.fullmatch(token) is None:
        raise ConfigError(f"{source} may hold only ASCII characters, and no spaces")
    return token
