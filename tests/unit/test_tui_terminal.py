"""However the terminal's process dies, the person gets back a sane terminal: real processes on a real pty."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.screens.fake_controller import FakeController
from tui.terminal import RESET

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0
GUARDED = """
import os, sys, time, tty
from tui.terminal import guarded
def app():
    tty.setraw(0)
    sys.stdout.write("\\x1b[?1049h\\x1b[?1000h\\x1b[?25lUP %d " % os.getpid())
    sys.stdout.flush()
    {does}
sys.exit(guarded(app))
"""


REAL = "'-m', 'tui', '--station', '', '--key-file', 'absent.json'"


class Pty:
    """A program on a pty of its own."""

    def __init__(self, child: int, master: int) -> None:
        self.child = child
        self.master = master
        self.before = modes(master)
        self.seen = b""

    def until(self, mark: bytes) -> bytes:
        """Read until `mark` has come."""
        deadline = time.monotonic() + PATIENCE_S
        while mark not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self.read(0.1)
        return self.seen

    def read(self, patience_s: float) -> bool:
        """Read what has come; False when there is nothing or the program is gone."""
        ready, _, _ = select.select([self.master], [], [], patience_s)
        try:
            chunk = os.read(self.master, 65536) if ready else b""
        except OSError:
            return False
        self.seen += chunk
        return bool(chunk)

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.read(0.02)
            found, status = os.waitpid(self.child, os.WNOHANG)
            if found:
                while self.read(0.1):
                    pass
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(self.seen)


@contextmanager
def on_a_pty(*command: str) -> Iterator[Pty]:
    held, go = os.pipe()  # the program begins when the modes of its terminal have been read
    child, master = pty.fork()
    if child == 0:
        os.read(held, 1)
        os.environ |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLUMNS": "80", "LINES": "24"}
        os.execv(sys.executable, [sys.executable, *command])
    found = Pty(child, master)
    os.write(go, b"!")
    os.close(held)
    os.close(go)
    try:
        yield found
    finally:
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(master)


def modes(master: int) -> list[object]:
    return termios.tcgetattr(master)[:4]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_child_leaves_echo_lines_cursor_and_screen_as_they_were(how: signal.Signals) -> None:
    with on_a_pty("-c", GUARDED.format(does="time.sleep(60)")) as found:
        found.until(b"UP ")
        found.read(0.1)
        child = int(found.seen.split(b"UP ")[1].split()[0])
        assert modes(found.master) != found.before
        killed_at = time.monotonic()
        os.kill(child, how)
        assert found.wait() == 128 + how
        assert time.monotonic() - killed_at < 1.0
        assert modes(found.master) == found.before
        assert found.seen.endswith(RESET.encode())


def test_a_child_that_ends_by_itself_gives_its_exit_code_and_nothing_is_printed_after_it() -> None:
    with on_a_pty("-c", GUARDED.format(does="sys.stdout.write('bye'); return 3")) as found:
        assert found.wait() == 3
        assert found.seen.endswith(b"bye")
        assert modes(found.master) == found.before


def test_a_signal_for_the_terminal_reaches_the_app() -> None:
    does = "import signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(7)); print('READY', flush=True); time.sleep(60)"
    with on_a_pty("-c", GUARDED.format(does=does)) as found:
        found.until(b"READY")
        os.kill(found.child, signal.SIGTERM)
        assert found.wait() == 7


def test_the_real_terminal_killed_outright_gives_the_tty_back() -> None:
    with on_a_pty("-m", "tui", "--station", "", "--key-file", "absent.json") as found:
        found.until("发运".encode())
        assert modes(found.master) != found.before
        children = _children(found.child)
        assert children
        os.kill(children[0], signal.SIGKILL)
        assert found.wait() == 128 + signal.SIGKILL
        assert modes(found.master) == found.before
        assert b"\x1b[?1049l" in found.seen


def test_the_real_terminal_asks_for_no_mouse_and_leaves_by_its_key() -> None:
    with on_a_pty("-m", "tui", "--station", "", "--key-file", "absent.json", "--locale", "en") as found:
        found.until(b"Ship")
        assert b"\x1b[?1000h" not in found.seen
        os.write(found.master, b"\x11")
        assert found.wait() == 0


@pytest.mark.parametrize("keys", [b"\x03", b"\x1bOP\x03"], ids=["on a page", "over the help"])
def test_ctrl_c_ends_the_real_terminal_cleanly_with_130(keys: bytes) -> None:
    with on_a_pty("-m", "tui", "--station", "", "--key-file", "absent.json") as found:
        found.until("发运".encode())
        os.write(found.master, keys)
        assert found.wait() == 130
        assert modes(found.master) == found.before
        assert b"Traceback" not in found.seen


def test_the_command_asks_for_a_terminal_where_there_is_none(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "controller", "floor"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "车间终端须在终端里打开 (the floor terminal must be opened in a terminal)\n"


@pytest.mark.parametrize("station", ["review-1", "courier-1"])
def test_the_command_opens_the_terminal_of_the_station_it_is_given_and_asks_for_none(station: str) -> None:
    with FakeController() as controller:
        command = ("floor", "--url", controller.url, "--key-file", str(controller.key_file), "--station", station)
        with on_a_pty("-m", "controller", *command) as found:
            found.until("发运".encode())
            deadline = time.monotonic() + PATIENCE_S
            while ("/api/v1/whoami", f"key-{station}") not in controller.asked:
                assert time.monotonic() < deadline, controller.asked
                found.read(0.05)
            assert "这台终端在哪个工位".encode() not in found.seen
            os.write(found.master, b"\x11")
            assert found.wait() == 0, found.seen[-3000:]


def test_the_command_asks_where_it_stands_when_it_is_not_told() -> None:
    with FakeController() as controller:
        command = ("floor", "--url", controller.url, "--key-file", str(controller.key_file))
        with on_a_pty("-m", "controller", *command) as found:
            found.until("这台终端在哪个工位".encode())
            os.write(found.master, b"\x11")
            assert found.wait() == 0, found.seen[-3000:]


def test_the_app_leaves_when_its_guard_is_gone() -> None:
    shell = f"import subprocess, sys, time; subprocess.run([sys.executable, {REAL}]); time.sleep(60)"
    with on_a_pty("-c", shell) as found:
        found.until("发运".encode())
        (guard,) = _children(found.child)
        (app,) = _children(guard)
        os.kill(guard, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while _alive(app):
            assert time.monotonic() < deadline
            found.read(0.05)


def test_a_wrong_option_is_told_before_the_screen_is_taken() -> None:
    with on_a_pty("-m", "tui", "--locale", "xx") as found:
        assert found.wait() == 2
        assert b"\x1b[?1049h" not in found.seen


def _children(parent: int) -> list[int]:
    processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [process for process in processes if _stat(process)[1:2] == [str(parent)]]


def _alive(process: int) -> bool:
    return _stat(process)[:1] not in ([], ["Z"], ["X"])


def _stat(process: int) -> list[str]:
    """Return state, parent and so on of a process; empty where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
