from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from devices.errors import ClockError
from devices.site import PlantClock, boot_id, boot_seconds, grace_s, period_s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from devices.errors import ClockError
from devices.site import PlantClock
state, speed, first, at = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
time.sleep(max(0, at - time.time()))
try:
    clock = PlantClock.open(state, speed, first=int(first) if first else None)
except ClockError as error:
    print("refused", error, flush=True)
    sys.exit(3)
print("open", clock.now(), (state / "clock.json").read_text(), flush=True)
sys.stdin.readline()
clock.keep_seen()
"""


def _process(state: Path, speed: int, *, first: str = "", at: float = 0.0) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", HOLD, str(state), str(speed), first, str(at)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _said(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    word, _, rest = process.stdout.readline().strip().partition(" ")
    return word, rest


@contextmanager
def _living(state: Path, speed: int, *, first: str = "") -> Iterator[subprocess.Popen[str]]:
    process = _process(state, speed, first=first)
    assert _said(process)[0] == "open"
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=5)


def _anchor(state: Path) -> dict[str, Any]:
    return json.loads((state / "clock.json").read_text(encoding="utf-8"))


def _write(state: Path, **changes: object) -> None:
    made = {"boot_id": boot_id(), "speed": 1, "first": 1000, "boot": boot_seconds(), "seen": 5000}
    (state / "clock.json").write_text(json.dumps({**made, **changes}), encoding="utf-8")


def test_processes_that_start_at_once_share_one_anchor(tmp_path: Path) -> None:
    at = time.time() + 0.5
    processes = [_process(tmp_path, 60, first=str(1_000_000 + n), at=at) for n in range(8)]
    try:
        said = [_said(process) for process in processes]
        assert {word for word, _ in said} == {"open"}
        anchors = {rest.partition(" ")[2] for _, rest in said}
        assert len(anchors) == 1
        assert json.loads(anchors.pop()) == _anchor(tmp_path)
        times = [int(rest.partition(" ")[0]) for _, rest in said]
        assert max(times) - min(times) < 60_000
    finally:
        for process in processes:
            _end(process)


def test_processes_of_two_speeds_that_start_at_once_never_both_run(tmp_path: Path) -> None:
    for attempt in range(3):
        state = tmp_path / str(attempt)
        at = time.time() + 0.4
        processes = [_process(state, speed, at=at) for speed in (1, 60, 1, 60, 1, 60)]
        try:
            words = [_said(process)[0] for process in processes]
            speeds = {speed for speed, word in zip((1, 60, 1, 60, 1, 60), words, strict=True) if word == "open"}
            assert len(speeds) == 1
            assert speeds == {_anchor(state)["speed"]}
        finally:
            for process in processes:
                _end(process)


def test_another_speed_is_refused_while_a_process_lives_and_taken_when_it_was_killed(tmp_path: Path) -> None:
    with _living(tmp_path, 60) as process:
        with pytest.raises(ClockError, match="runs at speed 60, this process was asked for 2") as error:
            PlantClock.open(tmp_path, 2)
        assert "use their speed" in error.value.advice
        joined = PlantClock.open(tmp_path, 60)
        joined.close()
        process.send_signal(signal.SIGKILL)
        process.wait(5)
    clock = PlantClock.open(tmp_path, 2)
    assert _anchor(tmp_path)["speed"] == 2
    clock.close()


def test_the_last_process_keeps_the_anchor_alive_not_the_first(tmp_path: Path) -> None:
    with _living(tmp_path, 60), _living(tmp_path, 60) as second:
        second.kill()
        second.wait(5)
        with pytest.raises(ClockError):
            PlantClock.open(tmp_path, 2)


def test_a_restart_at_the_same_speed_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    first = PlantClock.open(tmp_path, 20, first=1_000_000)
    before, anchor = first.now(), _anchor(tmp_path)
    first.close()
    time.sleep(0.1)
    again = PlantClock.open(tmp_path, 20, first=9_000_000)
    assert 2_000 <= again.now() - before < 60_000
    assert _anchor(tmp_path) == anchor
    again.close()


def test_plant_time_runs_as_many_times_as_fast_as_the_wall(tmp_path: Path) -> None:
    clock = PlantClock.open(tmp_path, 100, first=5_000_000)
    plant, wall = clock.now(), time.monotonic()
    assert 5_000_000 <= plant < 5_100_000
    time.sleep(0.2)
    assert clock.now() - plant == pytest.approx((time.monotonic() - wall) * 100_000, rel=0.1)
    assert clock.wall_seconds(60_000) == pytest.approx(0.6)
    clock.close()


def test_a_new_anchor_in_real_time_starts_now_or_where_time_was_already(tmp_path: Path) -> None:
    clock = PlantClock.open(tmp_path, 1)
    assert abs(clock.now() - time.time() * 1000) < 2_000
    clock.close()
    ahead = int(time.time() * 1000) + 86_400_000
    _write(tmp_path, speed=60, seen=ahead)
    clock = PlantClock.open(tmp_path, 1)
    assert 0 <= clock.now() - ahead < 2_000
    clock.close()


def test_a_new_anchor_in_fast_time_goes_on_from_what_was_seen(tmp_path: Path) -> None:
    _write(tmp_path, speed=1, seen=5_000_000)
    clock = PlantClock.open(tmp_path, 60)
    assert 5_000_000 <= clock.now() < 5_100_000
    clock.close()


def test_after_a_reboot_of_the_computer_time_goes_on_from_what_was_seen(tmp_path: Path) -> None:
    _write(tmp_path, boot_id="another-boot", speed=60, seen=5_000_000, boot=1e9)
    clock = PlantClock.open(tmp_path, 60)
    assert 5_000_000 <= clock.now() < 5_100_000
    assert _anchor(tmp_path)["boot_id"] == boot_id()
    clock.close()


@pytest.mark.parametrize(("first", "starts"), [(9_000_000, 9_000_000), (1_000, 5_000_000)])
def test_the_wished_first_time_counts_only_where_it_is_not_in_the_past(tmp_path: Path, first: int, starts: int) -> None:
    _write(tmp_path, speed=1, seen=5_000_000)
    clock = PlantClock.open(tmp_path, 60, first=first)
    assert 0 <= clock.now() - starts < 100_000
    clock.close()


def test_time_that_was_seen_survives_a_kill_and_a_change_of_speed(tmp_path: Path) -> None:
    clock = PlantClock.open(tmp_path, 200, first=1_000_000)
    time.sleep(0.1)
    clock.keep_seen()
    seen = _anchor(tmp_path)["seen"]
    assert 1_020_000 <= seen <= clock.now()
    clock.close()
    with _living(tmp_path, 20) as process:
        assert _anchor(tmp_path)["first"] == seen
        process.kill()
        process.wait(5)
    assert _anchor(tmp_path)["seen"] >= seen


def test_time_never_falls_below_the_last_fact(tmp_path: Path) -> None:
    clock = PlantClock.open(tmp_path, 1, first=1_000)
    floor = clock.now() + 60_000
    clock.not_before(floor)
    clock.not_before(floor - 1)
    assert clock.now() == floor
    clock.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"speed": 1}', "\x00"])
def test_an_anchor_that_cannot_be_read_is_refused_by_name_and_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text, encoding="utf-8")
    with pytest.raises(ClockError, match=r"clock\.json") as error:
        PlantClock.open(tmp_path, 1)
    assert "remove the file" in error.value.advice
    assert (tmp_path / "clock.json").read_text(encoding="utf-8") == text


def test_a_refused_process_lets_go_of_the_folder(tmp_path: Path) -> None:
    with _living(tmp_path, 60) as process:
        for _ in range(5):
            with pytest.raises(ClockError):
                PlantClock.open(tmp_path, 2)
        process.kill()
        process.wait(5)
    PlantClock.open(tmp_path, 2).close()


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    clock = PlantClock.open(tmp_path, 1)
    clock.close()
    clock.close()


@pytest.mark.parametrize(
    ("profile_s", "speed", "wall_s", "plant_grace_s"),
    [(1.0, 1, 1.0, 3.0), (1.0, 4, 0.25, 3.0), (1.0, 240, 0.25, 180.0), (5.0, 1, 5.0, 15.0), (5.0, 20, 0.25, 15.0)],
)
def test_the_poll_period_shrinks_with_the_clock_down_to_a_quarter_second(
    profile_s: float, speed: int, wall_s: float, plant_grace_s: float
) -> None:
    assert period_s(profile_s, speed) == pytest.approx(wall_s)
    assert grace_s(profile_s, speed) == pytest.approx(plant_grace_s)
