"""A name server for tests, in place of Docker's: it knows the addresses of one service."""

import socket
import socketserver
import struct
import threading

A, INTERNET, NO_ERROR, NO_NAME = 1, 1, 0, 3
ANSWERED = 0x8580
"""Flags of an authoritative answer to a query with recursion desired."""
POINTER = 0xC00C
"""In place of a name: the same as that of the question."""


class NameServer(socketserver.UDPServer):
    """Knows one name and the addresses in `addresses`, which may change at any time."""

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name, self.addresses = name, list[str]()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def place(self) -> str:
        """Where to ask: host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def answer(self, query: bytes) -> bytes:
        """The answer to one question (RFC 1035, section 4); it only knows addresses of IPv4."""
        number = struct.unpack_from("!H", query)[0]
        name, end = _name(query, 12)
        kind = struct.unpack_from("!H", query, end)[0]
        known = name == self.name and bool(self.addresses)
        addresses = self.addresses if known and kind == A else []
        flags = ANSWERED | (NO_ERROR if known else NO_NAME)
        head = struct.pack("!6H", number, flags, 1, len(addresses), 0, 0)
        return head + query[12 : end + 4] + b"".join(map(_record, addresses))


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, connection = self.request
        assert isinstance(self.server, NameServer)
        connection.sendto(self.server.answer(query), self.client_address)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name that begins at an offset, and the offset behind it."""
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _record(address: str) -> bytes:
    return struct.pack("!HHHIH", POINTER, A, INTERNET, 0, 4) + socket.inet_aton(address)
