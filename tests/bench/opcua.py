"""`opcua.300`: what one value from an OPC UA server costs the client, against bare subscriptions of asyncua.

Measured: user and system time of the client process, in microseconds per value that arrived, while 300 servers of five values,
which all change once a second, are watched. Ours is the fleet of the controller: link, every check, decoding, plausibility. The
reference subscribes, with asyncua alone, and throws the values away. In turn, medians.
"""

from __future__ import annotations

from statistics import median

from tests.bench.child import Child
from tests.bench.figure import Figure

NAMES = ("opcua.300",)
BOUND = 1.5
_SERVERS, _ROUNDS, _SECONDS = 300, 3, 12.0
_CHANNELS = 5


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    servers, rounds, seconds = (4, 1, 3.0) if quick else (_SERVERS, _ROUNDS, _SECONDS)
    costs: dict[str, list[float]] = {"ours": [], "bare": []}
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    with Child("tests.bench.opcua_servers", str(servers)) as there:
        ports = [str(port) for port in there.said["ports"]]
        for _ in range(rounds):
            for who, cost in costs.items():
                with Child("tests.bench.polling_opcua", who, *ports) as child:
                    done = child.ask(seconds=seconds)
                cost.append(done["cpu_s"] / max(1, done["polls"]) * 1e6)
                rates[who].append(done["polls"] / seconds / servers / _CHANNELS)
    ours, bare = median(costs["ours"]), median(costs["bare"])
    note = f"{median(rates['ours']):.2f} and {median(rates['bare']):.2f} of each value a second"
    return [
        Figure(
            NAMES[0], ours, "us/value", "asyncua subscriptions", bare, f"ratio <= {BOUND}", ours / bare <= BOUND, note
        )
    ]
