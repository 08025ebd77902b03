"""A name of this machine with addresses of both families, as `localhost` is on most machines."""

import socket
from typing import Any

import pytest


def give_localhost_both_families(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks for no family gets ::1 of `localhost` first, then 127.0.0.1."""
    real = socket.getaddrinfo

    def looked_up(host: Any, port: Any, family: int = 0, *rest: Any, **named: Any) -> Any:
        if host != "localhost":
            return real(host, port, family, *rest, **named)
        places = {socket.AF_INET6: "::1", socket.AF_INET: "127.0.0.1"}
        wanted = [place for kind, place in places.items() if family in (socket.AF_UNSPEC, kind)]
        return [item for place in wanted for item in real(place, port, family, *rest, **named)]

    patch.setattr(socket, "getaddrinfo", looked_up)
