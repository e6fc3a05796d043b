"""`make bench`, or `python -m tests.bench [NAME…] [--quick]`: measure the figures, print the table, write bench.json.

NAME chooses every figure that begins with it. Exit 0 where every bound is kept, 1 where one is not. `--quick` is a short form
that shows that the harness works; its values mean little.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from tests.bench import (
    acquisition,
    first_paint,
    intake_durable,
    intent_cost,
    isolation,
    loop_lag,
    opcua,
    readings,
    restart,
    review_herbs,
    scan_answer,
)
from tests.bench.centre import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.figure import Figure

MODULES = (
    acquisition,
    isolation,
    opcua,
    loop_lag,
    intake_durable,
    scan_answer,
    restart,
    intent_cost,
    readings,
    first_paint,
    review_herbs,
)


def main(arguments: Sequence[str] | None = None, out: Path = ROOT / "bench.json") -> int:
    """Measure, print, write to `out`."""
    every = [name for module in MODULES for name in module.NAMES]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", epilog=f"figures: {', '.join(every)}")
    parser.add_argument("name", nargs="*", help="begin of the names of the figures to measure; all where left out")
    parser.add_argument("--quick", action="store_true", help="show in a minute that everything can be measured")
    options = parser.parse_args(arguments)
    wanted = tuple(options.name) or ("",)
    if unknown := [name for name in wanted if not any(figure.startswith(name) for figure in every)]:
        parser.error(f"no figure begins with {', '.join(unknown)}; there are {', '.join(every)}")
    figures: list[Figure] = []
    for module in MODULES:
        if any(name.startswith(wanted) for name in module.NAMES):
            for figure in module.measure(quick=options.quick):
                figures.append(figure)
                print(figure.line(), flush=True)
    out.write_text(json.dumps([figure.row() for figure in figures], indent=1) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if not figure.met]
    print(f"missed: {', '.join(missed)}" if missed else "every bound is kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
