"""docker-compose.yml as the tests read it: its services with all variables filled in."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).resolve().parents[2]
FILE = TOP / "docker-compose.yml"
PASSWORD_FILE = TOP / "deploy" / "compose.password.yml"
NODES_FILE = TOP / "deploy" / "compose.nodes.yml"

_VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the compose file."""

    name: str
    raw: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        """What is run; [] for the image's own command."""
        return [str(word) for word in self.raw.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.raw.get("environment", {}).items()}

    @property
    def health(self) -> list[str]:
        """The command of the health check; [] where there is none."""
        kind, *command = self.raw.get("healthcheck", {"test": ["CMD"]})["test"]
        assert kind == "CMD", "a shell in between hides errors"
        return list(command)

    @property
    def volumes(self) -> list[tuple[str, str, str]]:
        """Source, target and mode of each volume."""
        parts = [[*str(text).split(":"), "rw"][:3] for text in self.raw.get("volumes", [])]
        return [(source, target, mode) for source, target, mode in parts]

    @property
    def stop_seconds(self) -> float:
        """How long it may take to end before it is killed."""
        text = str(self.raw["stop_grace_period"])
        assert text.endswith("s")
        return float(text.removesuffix("s"))


def filled(variables: Mapping[str, str] = os.environ, file: Path = FILE) -> Any:
    """A file with `${NAME:-default}` replaced, as compose does before it reads the values."""
    text = _VARIABLE.sub(lambda m: variables.get(m[1]) or m[2], file.read_text("utf-8"))
    return yaml.safe_load(text)


def services(variables: Mapping[str, str] | None = None, file: Path = FILE) -> dict[str, Service]:
    """All services of a file by name; without `variables` those of somebody who has set none."""
    known = variables or {}
    found = filled(known, file)["services"]
    return {name: Service(name, _passed_on(raw, known)) for name, raw in found.items()}


def _passed_on(raw: Mapping[str, Any], variables: Mapping[str, str]) -> Mapping[str, Any]:
    """A variable without a value is passed on where somebody has set it."""
    environment = {
        name: variables.get(name) if value is None else value
        for name, value in raw.get("environment", {}).items()
    }
    given = {name: value for name, value in environment.items() if value is not None}
    return {**raw, "environment": given} if environment else raw
