"""Runs code as another user: root may read and connect to everything."""

import contextlib
import os
from collections.abc import Iterator

NOBODY = 65_534

WITHOUT_POWER = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    if os.geteuid() == 0
    else ()
)
"""What a command begins with, so that permissions hold for it: root without its power over them."""


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """This process acts as a user for whom permissions hold."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@contextlib.contextmanager
def privileged() -> Iterator[None]:
    """The user before, for a moment."""
    now = os.geteuid()
    os.seteuid(os.getuid())
    try:
        yield
    finally:
        os.seteuid(now)
