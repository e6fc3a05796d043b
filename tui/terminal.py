"""Gives the person back a sane terminal, however the app dies: it runs as a child, and this parent cleans up behind it.

A killed Textual app leaves the tty raw and without echo, in the alternate screen. The parent has imported nothing but the
standard library, so it can hardly die itself; if it does, the child notices (`FloorApp`) and leaves in order.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

RESET = (
    "\x1b[?2026l"  # end a synchronised update
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # no mouse reports
    "\x1b[?1004l\x1b[?2004l\x1b[?2048l"  # no focus, paste and resize reports
    "\x1b[<u"  # the keyboard's own protocol off
    "\x1b[?1049l"  # leave the alternate screen
    "\x1b[0m\x1b[?7h\x1b[?25h"  # plain colours, line wrap, cursor
)
"""Undoes everything that the app may have switched on."""

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def guarded(app: Callable[[], int]) -> int:
    """Run `app` in a child process and return its exit code (128 + number when a signal killed it).

    Whatever happens to the child, the terminal's modes are as before when this returns.
    """
    tty = sys.stdin.fileno() if sys.stdin.isatty() else None
    before = termios.tcgetattr(tty) if tty is not None else None
    child = os.fork()
    if child == 0:
        os._exit(_exit_code(app))
    _pass_on(child)
    status = os.waitstatus_to_exitcode(_wait(child))
    if before is not None and tty is not None:
        # Output that the child left in the queue is of no use to anybody.
        termios.tcsetattr(tty, termios.TCSAFLUSH, before)
    if status < 0 and sys.stdout.isatty():
        sys.stdout.write(RESET)
        sys.stdout.flush()
    return status if status >= 0 else 128 - status


def _exit_code(app: Callable[[], int]) -> int:
    try:
        return app()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _pass_on(child: int) -> None:
    """Hand signals meant for the terminal on to the child; Ctrl-C is a key for the app and nothing for us."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _PASSED_ON:
        signal.signal(number, hand_on)


def _wait(child: int) -> int:
    return os.waitpid(child, 0)[1]
