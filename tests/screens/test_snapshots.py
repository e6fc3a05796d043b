"""What every page looks like, at the size of an old terminal and of a wall screen: a picture that a person has looked at.

`pytest tests/screens/test_snapshots.py --snapshot-update` renews them after a change that was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.screens.conftest import LARGE, SMALL, Clock, Terminal
from tests.screens.plant_data import DISPENSER, OPERATOR, code, task
from tests.screens.recipe_data import recipe_task
from tui.app import FloorApp, Options
from tui.state import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.pilot import Pilot

    from tests.screens.fake_controller import FakeController

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])


def picture(
    snap_compare: Callable[..., bool],
    controller: FakeController,
    size: tuple[int, int],
    *keys: str,
    station: str | None = "",
    locale: Any = "zh_CN",
    scans: Sequence[str] = (),
    shows: str = "",
) -> bool:
    """Compare the terminal after these scans and keys with its picture; `shows` must stand on it."""
    app = FloorApp(Options(controller.url, controller.key_file, locale, station), now_s=Clock())

    async def before(pilot: Pilot[None]) -> None:
        floor = Terminal(app, pilot)
        await floor.until(lambda: app.view.link is Link.ONLINE)
        await floor.settled()
        if station:
            await floor.until(lambda: app.view.session.kind)
            await floor.settled()
        for one in scans:
            await floor.scan(one)
            await floor.settled()
        for key in keys:
            await floor.press(key)
            await floor.settled()
        await floor.until(lambda: shows in floor.text())
        await floor.settled()

    return snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_the_line_at_a_glance(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size)


def test_the_line_at_a_glance_in_english(snap_compare: Any, controller: FakeController) -> None:
    assert picture(snap_compare, controller, SMALL, locale="en")


@SIZES
def test_the_prescriptions(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f3")


@SIZES
def test_one_prescription(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f3", "enter", "tab", "tab", shows="来源关")


@SIZES
def test_one_machine(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f4", shows="沸腾线")


@SIZES
def test_a_machine_that_is_lost(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f4", *["right"] * 8, shows="STALE")


@SIZES
def test_the_alarms(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f5")


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_alarm_that_was_escalated(snap_compare: Any, controller: FakeController, locale: str) -> None:
    assert picture(snap_compare, controller, SMALL, "f5", locale=locale, shows="pack-3")


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_load_of_a_month(snap_compare: Any, controller: FakeController, locale: str) -> None:
    assert picture(snap_compare, controller, SMALL, "f5", "k", locale=locale, shows="link-stale pot-09")


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_alarm_being_shelved(snap_compare: Any, controller: FakeController, locale: str) -> None:
    assert picture(
        snap_compare, controller, SMALL, "f5", "s", station="floor-1", locale=locale, shows="link-stale:pot-09"
    )


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_doubtful_order_being_sent_again(snap_compare: Any, controller: FakeController, locale: str) -> None:
    details = {"reason": "unknown", "machine": "pot-09", "note": ""}
    choices = ["retry", "assume_ok", "scrap"]
    text = {"text_zh": "处理暂停：指令结果不明", "text_en": "Settle the hold: order outcome unknown"}
    controller.line.tasks = [task("hold", 9, "pharmacist", choices=choices, details=details, **text)]
    assert picture(snap_compare, controller, SMALL, "1", station="release-1", locale=locale, shows="PIN")


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_step_being_left_out(snap_compare: Any, controller: FakeController, locale: str) -> None:
    details = {"reason": "fault", "machine": "pot-09", "note": "concentrate", "pouch_ml": 298, "planned_ml": 200}
    text = {"text_zh": "处理暂停：设备故障", "text_en": "Settle the hold: machine fault"}
    choices = ["continue", "skip", "scrap"]
    controller.line.tasks = [task("hold", 9, "pharmacist", choices=choices, details=details, **text)]
    assert picture(snap_compare, controller, SMALL, "2", station="release-1", locale=locale, shows="PIN")


def waiting(snap_compare: Any, controller: FakeController, size: tuple[int, int], *keys: str, locale: str) -> bool:
    """Stand at the signing desk where a recipe table waits, and press `keys`."""
    controller.line.tasks = [recipe_task(), *(one for one in controller.line.tasks if one["kind"] == "release")]
    shows = {"": "rs-tcm-2027-1", "1": "50, 30", "a": "PIN"}[keys[-1] if keys else ""]
    return picture(snap_compare, controller, size, *keys, station="release-1", locale=locale, shows=shows)


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_recipe_table_waits_at_the_signing_desk(snap_compare: Any, controller: FakeController, locale: str) -> None:
    assert waiting(snap_compare, controller, SMALL, locale=locale)


@pytest.mark.parametrize(("size", "locale"), [(SMALL, "zh_CN"), (SMALL, "en"), (LARGE, "zh_CN")])
def test_what_a_recipe_table_changes(
    snap_compare: Any, controller: FakeController, size: tuple[int, int], locale: str
) -> None:
    assert waiting(snap_compare, controller, size, "1", locale=locale)


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_recipe_table_being_approved(snap_compare: Any, controller: FakeController, locale: str) -> None:
    assert waiting(snap_compare, controller, SMALL, "1", "a", locale=locale)


@SIZES
def test_the_review_desk(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, station="review-1", shows="未说明方剂类别")


def test_a_review_being_approved(snap_compare: Any, controller: FakeController) -> None:
    assert picture(snap_compare, controller, SMALL, "a", station="review-1", shows="电子签名")


@SIZES
def test_the_scan_desk(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, station="floor-1", shows="把药桶投入")


def test_a_herb_being_weighed(snap_compare: Any, controller: FakeController) -> None:
    scans = (DISPENSER, code("T", 21), code("D", "黄芪"))
    assert picture(snap_compare, controller, SMALL, station="dispensing-1", scans=scans, shows="称量 黄芪")


def test_a_scan_that_was_refused(snap_compare: Any, controller: FakeController) -> None:
    facts = {"machine": "pot-07", "celsius": 72.5}
    controller.refuse(
        code("T", 7), "pot-not-clean", "pot-07 还没有清洗。请先清洗。", facts=facts, who_may_override=["pharmacist"]
    )
    scans = (OPERATOR, code("T", 7), code("V", "pot-07"))
    assert picture(snap_compare, controller, SMALL, station="floor-1", scans=scans, shows="还没有清洗")


@SIZES
def test_the_signing_desk(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, station="release-1", shows="未通过")


@SIZES
def test_dispatch(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, station="dispatch-1", shows="装箱")


@SIZES
def test_the_help(snap_compare: Any, controller: FakeController, size: tuple[int, int]) -> None:
    assert picture(snap_compare, controller, size, "f1", shows="设备颜色")


def test_the_question_for_the_station(snap_compare: Any, controller: FakeController) -> None:
    assert picture(snap_compare, controller, SMALL, station=None, shows="courier-1")
