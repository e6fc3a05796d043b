"""The floor terminal: holds the view, hands keys and scans to who wants them, paints the page in sight; nothing is decided here.

What takes long to import (HTTP) is imported after the first paint. Whatever fails in the background is said in one line
and started again; the screen stays.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.widgets import Input

from tui import state
from tui.codes import BADGE, is_code, prefix
from tui.keys import KeysMissing, read_keys
from tui.scanner import ENTER, TYPING_GAP_S, Scanner
from tui.screens.help import HelpModal
from tui.screens.machine import MachinePage
from tui.screens.overview import OverviewPage
from tui.screens.page import Page
from tui.screens.station import StationModal
from tui.state import Tone, View
from tui.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from textual.binding import BindingType
    from textual.screen import Screen

    from tui.acts import Body, Signature
    from tui.bench import Bench
    from tui.freshness import Need
    from tui.keys import Keys
    from tui.state import Verdict
    from tui.sync import Connect, Sync
    from tui.words import Locale

BEAT_S = 1.0
"""How often clocks and ages on the screen move."""

NOTICE_S = 8.0
RESTART_S = 1.0
TRAIL = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What the terminal is started with."""

    url: str
    key_file: Path
    locale: Locale = "zh_CN"
    station: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for a while in place of the keys."""

    text: str = ""
    tone: Tone = Tone.BAD
    until_s: float = 0.0
