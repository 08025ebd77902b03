"""Connects to the router of another node, over TCP and mostly TLS."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse, os_failure

P = TypeVar("P", bound=asyncio.BaseProtocol)

KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A peer that takes no packets is noticed after 30 s, also on a silent stream or tunnel: it may be
a machine without power, which closes nothing."""


class PeerAddress(NamedTuple):
    """A router to connect to: a name or an address, a port, and how its TLS is checked.

    `tls` is None where the router speaks plain HTTP.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None

    @property
    def identity(self) -> object:
        """What two addresses of the same router have in common."""
        return self


async def connect_peer(address: PeerAddress, make_protocol: Callable[[], P]) -> P:
    """Connect, and check the peer's certificate; the caller limits the time.

    Raises:
        NoResponse: nothing answers there, or it does not prove that it is the one.
    """
    try:
        transport, protocol = await asyncio.get_running_loop().create_connection(
            make_protocol, address.host, address.port, ssl=address.tls
        )
    except ssl.SSLCertVerificationError as error:
        text = f"shows a certificate that is not accepted: {error.verify_message}"
        raise NoResponse(Outcome.FOREIGN, text) from None
    except ssl.SSLError as error:
        text = f"does not speak TLS as it should: {error.reason or error}"
        raise NoResponse(Outcome.FOREIGN, text) from None
    except socket.gaierror:
        raise NoResponse(Outcome.MISSING, "has a name that cannot be resolved") from None
    except OSError as error:
        raise _failure(error) from None
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if sys.platform == "linux":
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return protocol


def _failure(error: OSError) -> NoResponse:
    known = os_failure(error)
    if known is not None and known.outcome is Outcome.UNSEEN:
        return known  # this machine lacks something
    refused = isinstance(error, ConnectionRefusedError)
    reason = error.strerror or str(error)
    text = "nothing listens" if refused else f"cannot be connected to: {reason}"
    return NoResponse(Outcome.REFUSED, text)
