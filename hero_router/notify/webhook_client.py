"""Sends messages to the webhook's URL, but never to an address that the settings forbid.

Each address is checked at the moment of the connection, so a name that resolves to another address
the next time (DNS rebinding) is checked again. Redirects are not followed.
"""

import ipaddress
import socket
import time
from dataclasses import dataclass

import aiohttp
from aiohttp.connector import AddrInfoType

from hero_router import __version__
from hero_router.notify.messages import Queued
from hero_router.notify.sender import Failed
from hero_router.notify.signature import signed_headers

ANSWER_SECONDS = 10.0
"""Longest time for one attempt, from the look-up of the name to the head of the answer."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052, section 2.1)."""


class ForbiddenAddress(OSError):
    """The URL leads to this machine or into a private network, and the settings forbid that."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages go: `key` signs them; `private` allows addresses that are not public."""

    url: str
    key: bytes
    private: bool

    async def send(self, message: Queued) -> None:
        """Send one message. Raises Failed, unless the target answers with 2xx."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"hero_router/{__version__}",
            **signed_headers(self.key, message.id, int(time.time()), message.body),
        }
        try:
            async with self._session() as session:
                request = session.post(
                    self.url, data=message.body.encode("ascii"), headers=headers,
                    allow_redirects=False,
                )  # fmt: skip
                async with request as answer:
                    _check(answer.status)
        except TimeoutError:
            raise Failed(f"no answer in {ANSWER_SECONDS:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise Failed(_reason(error.os_error)) from None
        except (aiohttp.ClientError, OSError) as error:  # their texts may quote the URL
            raise Failed(f"the connection failed ({type(error).__name__})") from None

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            force_close=True, use_dns_cache=False, socket_factory=self._open_socket
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            auto_decompress=False,
            trust_env=False,
        )

    def _open_socket(self, info: AddrInfoType) -> socket.socket:
        """A socket for one address of the target. Raises ForbiddenAddress."""
        family, kind, protocol, _, address = info
        if not (self.private or is_public(str(address[0]))):
            raise ForbiddenAddress
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def is_public(address: str) -> bool:
    """Whether an address is of the public Internet; also an IPv4 address in an IPv6 form counts."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _check(status: int) -> None:
    """Raises Failed, unless the status says that the target has the message."""
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise Failed(f"it redirects (status {status}), which is not followed", is_refusal=True)
    again = status >= 500 or status in (408, 425, 429)
    raise Failed(f"it answers with status {status}", is_refusal=not again)


def _reason(error: BaseException) -> str:
    """Why no connection was made; several addresses may have failed."""
    causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    if any(isinstance(cause, ForbiddenAddress) for cause in causes):
        return "it leads to this machine or into a private network (see ROUTER_WEBHOOK_PRIVATE)"
    if isinstance(error, socket.gaierror):
        return "its host name is not found"
    return f"the connection failed ({getattr(error, 'strerror', None) or type(error).__name__})"
