"""`isolation.half_blackholed`: how late healthy machines are polled while half of all machines cannot be reached.

Measured: for every poll of a healthy machine, how much later than due it began, p99, of 150 machines read at 1 Hz by the
fleet of the controller; beside them stand 150 more, whose port drops whoever knocks, or that listen and never say a word, half
of each. The reference is the same fleet with all 300 healthy, of which the same 150 count. Both in processes of their own,
in turn; the median of the turns. A slot that passed without a poll is a missed one, and none may be.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from tests.bench.child import Child
from tests.bench.figure import Figure

NAMES = ("isolation.half_blackholed",)
MOST_TIMES, MOST_MORE_MS = 1.1, 3.0
_MACHINES, _ROUNDS, _SECONDS = 300, 5, 12.0


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    machines, rounds, seconds = (40, 1, 3.0) if quick else (_MACHINES, _ROUNDS, _SECONDS)
    hurt: list[dict[str, Any]] = []
    well: list[dict[str, Any]] = []
    with Child("tests.bench.stand_ins") as stand_ins, Child("tests.bench.dead_ends") as ends:
        port, dead = str(stand_ins.said["port"]), [str(ends.said["hole"]), str(ends.said["mute"])]
        for _ in range(rounds):
            for turns, others in ((hurt, dead), (well, [port])):
                with Child("tests.bench.polling_isolated", str(machines), port, *others) as child:
                    turns.append(child.ask(seconds=seconds))
    ours, reference = (median(turn["p99_ms"] for turn in turns) for turns in (hurt, well))
    missed = sum(turn["missed"] for turn in hurt)
    limit = max(MOST_TIMES * reference, reference + MOST_MORE_MS)
    polls, tried = sum(turn["polls"] for turn in hurt), sum(turn["tried"] for turn in hurt)
    note = f"{missed} missed of {polls} polls; the dead were tried {tried} times"
    bound = f"<= max({MOST_TIMES}x, +{MOST_MORE_MS:.0f} ms), 0 missed"
    met = ours <= limit and not missed
    return [Figure(NAMES[0], ours, "ms", "none blackholed", reference, bound, met, note)]
