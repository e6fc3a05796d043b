"""Pictures of the real program for the documents: `python -m tests.pictures` renews docs/pictures/*.svg.

Without `--url` it runs a demo of its own for some plant hours. The terminal is the real one, run headless in a given size.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from rich.cells import cell_len

from tui.app import FloorApp, Options
from tui.state import Link

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SMALL, LARGE = (80, 24), (160, 50)
CELL_PX = 12.2
"""Width of a cell in Textual's SVG."""

DEADLINE_S = 120.0
SPEED = 60
WARM_UP_S = 100.0
"""Wall seconds of demo before the pictures: at this speed enough for pots to boil and parcels to leave."""

PICTURES: dict[str, tuple[tuple[int, int], str, Sequence[str]]] = {
    "overview": (LARGE, "zh_CN", ()),
    "overview-en": (LARGE, "en", ()),
    "overview-80x24": (SMALL, "zh_CN", ()),
    "prescriptions": (SMALL, "zh_CN", ("f3",)),
    "prescription": (LARGE, "zh_CN", ("f3", "enter", "tab", "tab")),
    "machine": (LARGE, "zh_CN", ("f4",)),
    "machine-80x24": (SMALL, "zh_CN", ("f4",)),
    "alarms": (SMALL, "zh_CN", ("f5",)),
    "review": (SMALL, "zh_CN", ("f6",)),
    "scan": (SMALL, "zh_CN", ("f7",)),
    "signing": (SMALL, "zh_CN", ("f8",)),
    "dispatch": (SMALL, "zh_CN", ("f9",)),
    "help": (SMALL, "en", ("f1",)),
}
_TEXT = re.compile(
    r'<text class="([^"]+)" x="([^"]+)" y="([^"]+)" textLength="([^"]+)" clip-path="([^"]+)">(.*?)</text>'
)
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_RUN = re.compile(f"[{_WIDE}]+|[^{_WIDE}]+")
BLANKS = "\xa0 "


def aligned(svg: str) -> str:
    """Give Chinese and Latin runs of a line their own places: no font has both at exactly two cells to one."""
    return _TEXT.sub(_split, svg)


def _split(found: re.Match[str]) -> str:
    style, x, y, _, clip, content = found.groups()
    parts: list[str] = []
    place = float(x)
    for run in _RUN.findall(html.unescape(content)):
        text = run.strip(BLANKS)
        if text:
            at = place + cell_len(run[: run.index(text)]) * CELL_PX
            length = cell_len(text) * CELL_PX
            inner = html.escape(text).replace(" ", "&#160;").replace("\xa0", "&#160;")
            parts.append(
                f'<text class="{style}" x="{at:g}" y="{y}" textLength="{length:g}" clip-path="{clip}">{inner}</text>'
            )
        place += cell_len(run) * CELL_PX
    return "".join(parts)


async def picture(url: str, key_file: Path, size: tuple[int, int], locale: str, keys: Sequence[str]) -> str:
    """Run the terminal, press the keys, and return what it shows as SVG."""
    app = FloorApp(Options(url, key_file, "en" if locale == "en" else "zh_CN", ""))
    async with app.run_test(size=size) as pilot:
        async with asyncio.timeout(DEADLINE_S):
            while app.view.link is not Link.ONLINE or not app.view.machines or app.view.line is None:
                await pilot.pause(0.1)
        await pilot.pause(1.5)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(1.5)
        return aligned(app.export_screenshot(title="decoction floor"))


@contextmanager
def demo() -> Generator[tuple[str, Path]]:
    """Run a headless demo in a folder of its own until the pictures are taken; give its URL and key file."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "controller", "demo", "--headless", "--speed", str(SPEED)]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            state = Path(folder) / "var" / "demo"
            yield _ready(state), state / "keys.json"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _ready(state: Path) -> str:
    """Wait until the controller of the demo is ready and has worked for a while; return its URL."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            api = tomllib.loads((state / "config.toml").read_text(encoding="utf-8"))["api"]
            url = f"http://{api['host']}:{api['port']}"
            with urlopen(f"{url}/readyz", timeout=2):
                json.loads((state / "keys.json").read_text(encoding="utf-8"))
                time.sleep(WARM_UP_S)
                return url
        except (OSError, URLError, ValueError):
            time.sleep(0.5)
    raise TimeoutError("the demo did not become ready")


def make(url: str, key_file: Path, folder: Path = FOLDER) -> None:
    """Make every picture of the controller at `url`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (size, locale, keys) in PICTURES.items():
        (folder / f"{name}.svg").write_text(asyncio.run(picture(url, key_file, size, locale, keys)), encoding="utf-8")
        print(f"docs/pictures/{name}.svg")


def main() -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(description="Renew docs/pictures from the real terminal.")
    parser.add_argument("--url", default="", help="a running controller; without it a demo is run")
    parser.add_argument("--key-file", type=Path, default=Path("var/keys.json"))
    found = parser.parse_args()
    if found.url:
        make(found.url, found.key_file)
    else:
        with demo() as (url, key_file):
            make(url, key_file)


if __name__ == "__main__":
    main()
