"""`acquisition.300` and `acquisition.1000`: what one completed poll costs the polling process, against pymodbus alone.

Measured: user and system time of the client process, in microseconds per completed poll, while it reads 40 registers of each
of so many machines at 1 Hz with their phases spread, over 60 seconds in three turns of 20. The machines are stand-ins in another
process that cost next to nothing. Ours is the whole way: link, every check of the answer, 10 decoded channels, plausibility,
publishing, and the database, whose last blocks are written before the turn is counted. The reference is a loop around pymodbus on
stock asyncio that throws the answers away; the same loop on uvloop, on which ours runs, is printed beside.
"""

from __future__ import annotations

from statistics import median

from tests.bench.child import Child
from tests.bench.figure import Figure

NAMES = ("acquisition.300", "acquisition.1000")
BOUNDS = (1.5, 1.3)
_MACHINES = (300, 1000)
_QUICK = (30, 60)
_OURS, _BARE, _BARE_ON_UVLOOP = ("ours", "uvloop"), ("bare", "asyncio"), ("bare", "uvloop")


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure both figures."""
    sizes = _QUICK if quick else _MACHINES
    return [_cost(name, bound, size, quick=quick) for name, bound, size in zip(NAMES, BOUNDS, sizes, strict=True)]


def _cost(name: str, bound: float, machines: int, *, quick: bool) -> Figure:
    rounds = 1 if quick else 3
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
    met = ours / bare <= bound
    return Figure(name, ours, "us/poll", "pymodbus alone on asyncio", bare, f"ratio <= {bound}", met, note)
