"""Ports to listen on that no connection of another program can take in the meantime."""

from __future__ import annotations

import itertools
import random
import socket

_BELOW_THE_ANSWERING = range(20_000, 32_768)
"""Above the usual services and below the ports that systems give to the near end of a connection (Linux from 32768, RFC 6335
from 49152): a port of those may be gone again before its server has started."""

_next = itertools.count(random.SystemRandom().randrange(len(_BELOW_THE_ANSWERING)))


def free_ports(count: int) -> list[int]:
    """Return so many ports of 127.0.0.1 that nobody listens on now, and none that was returned lately.

    Raises OSError where so many are not to be had.
    """
    found: list[int] = []
    for _ in _BELOW_THE_ANSWERING:
        if len(found) == count:
            return found
        port = _BELOW_THE_ANSWERING[next(_next) % len(_BELOW_THE_ANSWERING)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    raise OSError(f"{count} free ports of 127.0.0.1 were not found")
