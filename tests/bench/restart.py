"""`restart.5000` and `restart.5000_long_history`: how long a line is away when its controller is started again.

Measured: seconds from exec of `decoction run` to the first 200 of `/readyz`, with 5,000 open prescriptions at mixed stages (see
`past.py`) in the database of the default plant, whose machines are off, since a machine out of reach must not delay readiness;
the second with 1,000,000 facts of closed prescriptions besides. The reference of the first is the time from exec until the same
modules are imported, that of the second is the first. In turn, medians.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from tests.bench.centre import Centre, scratch
from tests.bench.figure import Figure
from tests.bench.past import fill

NAMES = ("restart.5000", "restart.5000_long_history")
BEYOND_IMPORT_S, LONG_RATIO = 3.0, 1.2
_IMPORT = "import controller.__main__, controller.cli.run, os; os.write(1, b'x')"


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure both figures."""
    rounds, open_prescriptions, closed_facts = (1, 200, 5_000) if quick else (5, 5_000, 1_000_000)
    took: dict[str, list[float]] = {"import": [], "short": [], "long": []}
    with scratch() as folder, Centre(folder / "short") as short, Centre(folder / "long") as long:
        fill(short.config, open_prescriptions=open_prescriptions)
        fill(long.config, open_prescriptions=open_prescriptions, closed_facts=closed_facts)
        for _ in range(rounds):
            took["import"].append(_import_s())
            took["short"].append(_restart_s(short))
            took["long"].append(_restart_s(long))
    import_s, short_s, long_s = (median(times) for times in took.values())
    bound = f"<= import + {BEYOND_IMPORT_S:.0f} s"
    note = f"import + {short_s - import_s:.2f} s"
    met, long_met = short_s <= import_s + BEYOND_IMPORT_S, long_s / short_s <= LONG_RATIO
    return [
        Figure(NAMES[0], short_s, "s", "import of the same modules", import_s, bound, met, note),
        Figure(NAMES[1], long_s, "s", NAMES[0], short_s, f"ratio <= {LONG_RATIO}", long_met),
    ]


def _import_s() -> float:
    """Return the time from exec until everything is imported."""
    began_s = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", _IMPORT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.read(1) != b"x":
            raise RuntimeError("the modules of the controller cannot be imported")
        return time.monotonic() - began_s


def _restart_s(centre: Centre) -> float:
    """Return the time from exec to readiness, and end the controller."""
    began_s = time.monotonic()
    centre.start_controller()
    centre.wait_ready()
    took_s = time.monotonic() - began_s
    centre.end("controller")
    return took_s
