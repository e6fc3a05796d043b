"""`acquisition.300`: what one completed poll costs the polling process, against pymodbus alone.

Measured: user and system time of the client process, in microseconds per completed poll, while it reads 40 registers of each
of 300 machines at 1 Hz with their phases spread, over 60 seconds in three turns of 20. The machines are stand-ins in another
process that cost next to nothing. Ours is the whole way: link, every check of the answer, 10 decoded channels, plausibility,
publishing, and the database, whose last blocks are written before the turn is counted. The reference is a loop around pymodbus on
stock asyncio that throws the answers away; the same loop on uvloop, on which ours runs, is printed beside.
"""

from __future__ import annotations

from statistics import median

from tests.bench.child import Child
from tests.bench.figure import Figure

NAMES = ("acquisition.300",)
BOUND = 1.5
_MACHINES = 300
_OURS, _BARE, _BARE_ON_UVLOOP = ("ours", "uvloop"), ("bare", "asyncio"), ("bare", "uvloop")


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    rounds, machines = (1, 30) if quick else (3, _MACHINES)
    costs: dict[tuple[str, str], list[float]] = {_OURS: [], _BARE: [], _BARE_ON_UVLOOP: []}
    polled: list[float] = []
    with Child("tests.bench.stand_ins") as stand_ins:
        for _ in range(rounds):
            for kind, seconds in ((_OURS, 20.0), (_BARE, 20.0), (_BARE_ON_UVLOOP, 8.0)):
                who, loop = kind
                lasts_s = 3.0 if quick else seconds
                with Child(f"tests.bench.polling_{who}", loop, str(stand_ins.said["port"]), str(machines)) as child:
                    done = child.ask(seconds=lasts_s)
                costs[kind].append(done["cpu_s"] / max(1, done["polls"]) * 1e6)
                if kind == _OURS:
                    polled.append(done["polls"] / lasts_s / machines)
    ours, bare, bare_on_uvloop = (median(costs[kind]) for kind in costs)
    note = f"x{ours / bare_on_uvloop:.2f} of the same loop on uvloop; {median(polled):.2f} polls a second and machine"
    met = ours / bare <= BOUND
    return [Figure(NAMES[0], ours, "us/poll", "pymodbus alone on asyncio", bare, f"ratio <= {BOUND}", met, note)]
