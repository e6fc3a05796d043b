"""`terminal.first_paint`: how long somebody waits in front of a terminal that was just switched on.

Measured: seconds from exec of `python -m tui` in a real pseudo-terminal of 120 x 40 against a running controller and plant,
until the overview is on the screen: its parts, its keys, and what it waits for. From then on keys and scans are taken; HTTP is
imported after it, and when the map of the machines with what they do was there is printed beside. The reference is a Textual app
with an empty DataTable on the same pseudo-terminal, until the header of its column is there. In turn, medians.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from statistics import median

from tests.bench.bare_app import COLUMN
from tests.bench.centre import Centre, scratch
from tests.bench.figure import Figure
from tui.words import Words

NAMES = ("terminal.first_paint",)
BOUND = 1.5
_ROWS, _COLUMNS = 40, 120
_LONGEST_S, _SETTLE_S = 30.0, 3.0


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    rounds = 1 if quick else 7
    words = Words("zh_CN")
    waits, machine_map = words("overview.waiting"), words("group.pot")
    overview_s: list[float] = []
    map_s: list[float] = []
    bare_s: list[float] = []
    with scratch() as folder, Centre(folder) as centre:
        centre.start_plant()
        centre.start_controller()
        centre.wait_ready()
        time.sleep(_SETTLE_S)
        url = f"http://{centre.config.host}:{centre.config.port}"
        ours = ("tui", "--url", url, "--key-file", str(centre.state / "keys.json"), "--station", "")
        for _ in range(rounds):
            seen_s = _seen_after(ours, (waits, machine_map))
            overview_s.append(seen_s[0])
            map_s.append(seen_s[1])
            bare_s += _seen_after(("tests.bench.bare_app",), (COLUMN,))
    overview, bare = median(overview_s), median(bare_s)
    met, note = overview / bare <= BOUND, f"machines after {median(map_s):.2f} s"
    return [Figure(NAMES[0], overview, "s", "a bare Textual app", bare, f"ratio <= {BOUND}", met, note)]


def _seen_after(arguments: tuple[str, ...], texts: tuple[str, ...]) -> list[float]:
    """Start `python -m …` on a terminal of its own; return when each text was first on the screen, seconds from exec."""
    terminal, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "TERM": "xterm-256color"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    try:
        wanted = [text.encode() for text in texts]
        seen_s: list[float] = []
        shown = b""
        while len(seen_s) < len(wanted):
            there, _, _ = select.select([terminal], [], [], began_s + _LONGEST_S - time.monotonic())
            if not there:
                raise RuntimeError(f"{texts[len(seen_s)]} is not on the screen of {arguments[0]}")
            shown += os.read(terminal, 65536)
            while len(seen_s) < len(wanted) and wanted[len(seen_s)] in shown:
                seen_s.append(time.monotonic() - began_s)
        return seen_s
    finally:
        process.terminate()
        _drain(terminal)
        process.wait(_LONGEST_S)
        os.close(terminal)


def _drain(terminal: int) -> None:
    """Read until nobody holds the other side, so that no child waits for a reader."""
    ends_s = time.monotonic() + _LONGEST_S
    while select.select([terminal], [], [], max(0.0, ends_s - time.monotonic()))[0]:
        try:
            os.read(terminal, 65536)
        except OSError:  # Linux says so that all have left
            return
