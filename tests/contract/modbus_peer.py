"""The other end of a Modbus wire, written by hand from the standard, so that it can also break it."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.contract.words import until

if TYPE_CHECKING:
    from tests.contract.papers import Paper

Lie = Callable[[bytes, bytes], bytes]


class ModbusPeer:
    """Holding registers of unit 1. `lie(request, answer)` returns what is really sent; `refusal`: the exception code of all.

    `illegal` registers are refused with `illegal_code`, or answered with no data where that is 0; `most`: registers that one
    request may ask for; `one_guest`: a second connection is closed at once.
    """

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.registers: dict[int, int] = {}
        self.illegal: set[int] = set()
        self.illegal_code = 2
        self.most = 125
        self.one_guest = False
        self.turned_away = 0
        self.refusal = 0
        self.lie: Lie = lambda request, answer: answer
        self.requests: list[bytes] = []
        self.request_times: list[float] = []
        self.written: list[tuple[int, list[int]]] = []
        self.port = 0
        self.open = 0

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await until(lambda: not self.open, 5)

    def put(self, address: int, registers: list[int]) -> None:
        self.registers |= {address + index: register for index, register in enumerate(registers)}

    def say(self, data: bytes) -> None:
        """Send bytes that nobody asked for."""
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.one_guest and self.open:
            self.turned_away += 1
            writer.close()
            return
        self.open += 1
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readexactly(6)
                body = await reader.readexactly(int.from_bytes(head[4:6], "big"))
                self.requests.append(head + body)
                self.request_times.append(asyncio.get_running_loop().time())
                pdu = body[:1] + self._answer(body[1:])
                writer.write(self.lie(head + body, head[:4] + struct.pack(">H", len(pdu)) + pdu))
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    def _answer(self, pdu: bytes) -> bytes:
        function, address, count = struct.unpack(">BHH", pdu[:5])
        asked = range(address, address + count)
        if function == 3 and count > self.most:
            return bytes((function | 0x80, 3))
        if not self.refusal and not self.illegal_code and not self.illegal.isdisjoint(asked):
            return bytes((function, 0))
        if self.refusal or not self.illegal.isdisjoint(asked):
            return bytes((function | 0x80, self.refusal or self.illegal_code))
        if function == 16:
            values = list(struct.unpack(f">{count}H", pdu[6:]))
            self.put(address, values)
            self.written.append((address, values))
            return pdu[:5]
        words = [self.registers.get(at, 0) for at in asked]
        return bytes((function, 2 * count)) + struct.pack(f">{count}H", *words)


def guard(own: Paper, client: Paper, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    """The TLS of a machine that shows `own` and lets in nobody but `client`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(client.certificate)
    context.maximum_version = newest
    return context
