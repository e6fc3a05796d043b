"""`decoction alarms`: what a month of alarms asked of people, from a running controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.options import SITE_FILE, Config, KeyFile, Url
from controller.cli.plainly import plainly
from controller.cli.remote import Remote, RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.wire.alarm_load import AlarmLoadView

_PATH = "/api/v1/alarms/kpi"


def alarms(
    month: Annotated[
        str, typer.Option("--month", help="YYYY-MM; the present one where left out", metavar="MONTH")
    ] = "",
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
) -> None:
    """Write the load of a month of alarms to standard output, by the figures of ISA-18.2."""
    with plainly(RemoteError):
        remote = Remote.of(config, url, key_file)
        load: AlarmLoadView = remote.get(_PATH, **({"month": month} if month else {})).json()
        for told in to_lines(load):
            typer.echo(told)


def to_lines(load: AlarmLoadView) -> Iterator[str]:
    """Yield one figure a line, with the limit it is compared with."""
    window = f"{load['window_minutes']} min"
    yield f"报警负荷 Alarm load  {load['month']}" + ("" if load["whole"] else "  (不完整 not the whole month)")
    yield f"报警数 alarms: {load['raised']}  (报警台 consoles: {load['consoles']})"
    yield f"每 {window} 每台平均/最多 average/most per console: {load['average']:.2f} / {load['most']:g}  (<= 1 / 10)"
    yield f"泛滥时间 time in flood (> {load['flood_from']}): {load['flood_share']:.2%}  (< 1 %)"
    yield f"陈旧 stale (> {load['stale_hours']} h): {_names(load['stale'])}"
    yield f"抖动 chattering: {_names(load['chattering'])}"
    for priority, wanted in load["wanted"].items():
        yield f"级别 priority {priority}: {load['share'].get(priority, 0.0):.0%}  ({wanted:.0%})"
    in_time = "-" if load["in_time"] is None else f"{load['in_time']:.0%}"
    yield f"按时确认 acknowledged in time: {in_time}  (升级 escalated: {load['escalated']})"
    yield from (f"{one['count']:6d}  {one['alarm']}" for one in load["frequent"])


def _names(alarms: list[str]) -> str:
    return f"{len(alarms)} {' '.join(alarms)}".strip()
