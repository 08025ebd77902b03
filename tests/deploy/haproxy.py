"""deploy/haproxy.cfg as text: its directives and its variables."""

import re

from tests.deploy.compose import TOP

CONFIG = TOP / "deploy" / "haproxy.cfg"

LINES = [line.strip() for line in CONFIG.read_text("utf-8").splitlines()]


def directive(name: str) -> list[str]:
    """The arguments of every line that begins with these words."""
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def variables() -> dict[str, str]:
    """The environment variables that it reads, with their defaults."""
    return {
        name: default
        for line in LINES
        if not line.startswith("#")
        for name, default in re.findall(r"\$\{(\w+)-([^}]*)\}", line)
    }
