"""The demo from its first process to its summary: `run_demo(options)` returns the exit code of the command.

Plant, controller and staff are processes; this one only posts as the hospitals do, watches, and judges what was left behind.
Headless it ends when every prescription has reached an end, or when nothing happens any more; with the floor terminal when
its user quits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from controller.config import load_config
from controller.demo.chaos import Chaos
from controller.demo.children import ChildDied, Children
from controller.demo.folder import SAMPLES, make_folder, make_room
from controller.demo.hospitals import NoAnswer, Posted, post_all
from controller.demo.plant_control import PlantDeaf
from controller.demo.progress import Progress, Stalled
from controller.demo.ready import NotUp, controller_up, machines_up
from controller.demo.summary import is_clean
from controller.demo.verdict import judge
from controller.demo.weather import warm_spell
from controller.demo.workload import hospitals, once_more, read_workload
from controller.formulary import load_recipes
from devices.site import PlantClock

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence
    from pathlib import Path

    from controller.config import Config
    from controller.demo.workload import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for. `count`: lines of the file, None for all. `database`: URL, empty for SQLite in `folder`.

    `chaos`: processes are killed and links and power cut meanwhile.
    """

    headless: bool
    speed: int
    prescriptions: Path
    count: int | None
    seed: int
    error_rate: float
    chaos: bool
    database: str
    summary: Path | None
    folder: Path


async def run_demo(options: Options) -> int:
    """Run it all. Raises WorkloadError or FolderError before anything was started."""
    began_s = time.monotonic()
    arrivals = read_workload(options.prescriptions, options.count)
    path = make_folder(
        options.folder,
        hospitals=hospitals(arrivals),
        prescriptions=options.prescriptions,
        speed=options.speed,
        database=options.database,
    )
    if options.summary:
        make_room(options.summary)
    config = load_config(path)
    clock = PlantClock.open(config.site.state, options.speed, first=arrivals[0].due_at)
    children, posted = Children(config.site.state / "log"), Posted()
    chaos = Chaos(options.seed, children, config.site) if options.chaos else None
    try:
        _say(options, "正在启动 starting: plant, controller, staff ...")
        code = await _play_to_the_end(_Stage(options, config, clock, children, posted, chaos), arrivals)
        _say(options, "正在结束 stopping ...")
        lasted = {
            "plant_minutes": (clock.now() - arrivals[0].due_at) / 60_000,
            "wall_seconds": time.monotonic() - began_s,
        }
    finally:
        await children.stop()
        clock.close()
    lasted = {name: round(value, 1) for name, value in lasted.items()}
    summary, remarks = judge(config, posted, name_open=options.headless, **lasted)
    if chaos is not None:
        summary["chaos"] = dict(chaos.inflicted)
    sys.stderr.write("".join(f"{remark}\n" for remark in remarks))
    _say(options, f"{_briefly(summary)}; all of it is in {options.folder}")
    text = json.dumps(summary, ensure_ascii=False, indent=1)
    if options.summary:
        options.summary.write_text(text + "\n", encoding="utf-8")
    if options.headless:
        sys.stdout.write(text + "\n")
    return code or int(options.headless and not is_clean(summary))


def _say(options: Options, line: str) -> None:
    """Tell the person at the terminal what takes its time; headless, the progress is told instead."""
    if not options.headless:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _briefly(summary: dict[str, Any]) -> str:
    counts, sound = summary["prescriptions"], summary["journal"]["verified"]
    found = ", ".join(f"{counts[name]} {name}" for name in ("received", "open", "lost"))
    return f"处方 prescriptions: {found}; 日志 journal: {'verified' if sound else 'NOT verified'}"


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything a running demo needs at hand."""

    options: Options
    config: Config
    clock: PlantClock
    children: Children
    posted: Posted
    chaos: Chaos | None


async def _play_to_the_end(stage: _Stage, arrivals: Sequence[Arrival]) -> int:
    """Return 0 where it ended as it should, 1 where it came to a stop, 128 + the signal where somebody ended it."""
    play = asyncio.ensure_future(_play(stage, arrivals))
    with _cancelled_by_signals(play) as caught:
        try:
            await play
        except (ChildDied, NotUp, NoAnswer, PlantDeaf, Stalled) as why:
            sys.stderr.write(f"\n{why}\n")
            return 1
        except asyncio.CancelledError:
            if not caught:
                raise
            sys.stderr.write(f"\nended by {signal.Signals(caught[0]).name}\n")
            return 128 + caught[0]
    return 0


@contextlib.contextmanager
def _cancelled_by_signals(play: asyncio.Future[None]) -> Generator[list[int]]:
    loop, caught = asyncio.get_running_loop(), list[int]()

    def catch(number: int) -> None:
        caught.append(number)
        play.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, catch, number)
    try:
        yield caught
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _play(stage: _Stage, arrivals: Sequence[Arrival]) -> None:
    """Start everything and let it run."""
    config, children = stage.config, stage.children
    place, url = ("--config", str(config.path)), f"http://{config.host}:{config.port}"
    await children.start("plant", "devices.plant", *place)
    await _first(children.watch(), machines_up(children))
    await children.start("controller", "controller", "run", *place)
    async with httpx.AsyncClient(base_url=url, timeout=10.0, trust_env=False) as http:
        await _first(children.watch(), controller_up(http))
        chance = ("--seed", str(stage.options.seed), "--error-rate", str(stage.options.error_rate))
        await children.start("staff", "controller.staff", *place, *chance)
        keys = json.loads((config.site.state / "keys.json").read_text(encoding="utf-8"))
        await _first(children.watch(), _post(stage, arrivals, keys, http), _trouble(stage), _show(stage, keys, http))


async def _post(stage: _Stage, arrivals: Sequence[Arrival], keys: dict[str, Any], http: httpx.AsyncClient) -> None:
    """Post everything; then only be there, since the run ends with what is shown."""
    coming = arrivals if stage.options.headless else once_more(arrivals)
    await post_all(coming, keys["hospitals"], http, stage.clock, stage.posted)
    await asyncio.Event().wait()


async def _trouble(stage: _Stage) -> None:
    """Let chaos reign where it was asked for; else make it warm for a while with the project's own samples."""
    if stage.chaos is not None:
        await stage.chaos.reign(for_ever=not stage.options.headless)
    elif stage.options.prescriptions.resolve() == SAMPLES:
        await warm_spell(stage.config, stage.clock)
    await asyncio.Event().wait()


async def _show(stage: _Stage, keys: dict[str, Any], http: httpx.AsyncClient) -> None:
    """Show how far it is: as lines until nothing is open, or as the floor terminal until its user quits."""
    config = stage.config
    if stage.options.headless:
        staff = config.staff
        waits = max(staff["transit_minutes"], *staff["minutes"].values(), *load_recipes().separate_minutes.values())
        beside = str if stage.chaos is None else stage.chaos.told
        await Progress(http, keys["admin"], stage.clock, stage.posted, config, waits, beside).watch()
        return
    arguments = ("-m", "tui", "--url", str(http.base_url), "--key-file", str(config.site.state / "keys.json"))
    terminal = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        await terminal.wait()
    finally:
        if terminal.returncode is None:
            terminal.terminate()
            await terminal.wait()


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Return or raise as soon as one does; end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
