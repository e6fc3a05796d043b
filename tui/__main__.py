"""`python -m tui`: the floor terminal, as a child of a parent that resets the terminal whatever happens to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.terminal import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run the terminal until it is left."""
    parser = argparse.ArgumentParser(prog="decoction floor", description="The floor terminal / 车间终端")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the controller")
    parser.add_argument("--key-file", type=Path, default=Path("var/keys.json"), help="keys of stations and couriers")
    parser.add_argument("--locale", choices=("zh_CN", "en"), default="zh_CN", help="language of the screens")
    parser.add_argument(
        "--station", default=None, help="station or courier this terminal stands for; without it, it asks"
    )
    found = parser.parse_args(arguments)
    return guarded(lambda: _run(found))


def _run(found: argparse.Namespace) -> int:
    from tui.app import FloorApp, Options  # noqa: PLC0415 - only the child needs Textual

    app = FloorApp(Options(found.url, found.key_file, found.locale, found.station))
    # No mouse: nothing on the screen can be clicked, so nothing shown can be an action.
    app.run(mouse=False)
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
