"""Sends simulated staff to work until SIGINT or SIGTERM: `python -m controller.staff --config config.toml`.

Exit: 0 when sent home by SIGTERM, 130 after Ctrl-C, 1 for a site file that staff cannot work with, told in words.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from controller.staff.settings import INTERRUPTED, SettingsError, load_settings


def main() -> int:
    """Run the program; return its exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = load_settings(arguments.config)
        from controller.staff.day import spend  # noqa: PLC0415 - takes a while; what is wrong is told before

        return asyncio.run(spend(settings, arguments))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m controller.staff", description="Simulated staff of a decoction centre."
    )
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="site file (default: %(default)s)")
    parser.add_argument("--url", help="controller, where it is not the site file's")
    parser.add_argument("--key-file", type=Path, help="keys, where they are not in the state folder")
    parser.add_argument("--people-file", type=Path, help="people with PINs, where they are not in the state folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--error-rate", type=float, default=0.02, help="mistakes per act (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
