"""Every page shows what the controller says, moves by keys alone, and tells the truth when the controller is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.screens.conftest import LARGE, SMALL, Clock, terminal
from tests.screens.fake_controller import KEYS, FakeController
from tests.screens.plant_data import POTS, code, machine
from tui.state import Link

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {"f2": "总览", "f3": "处方", "f4": "设备", "f5": "报警", "f6": "审方", "f7": "扫码", "f8": "签核", "f9": "发运"}


async def test_the_overview_counts_stages_names_what_presses_and_shows_every_pot(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        text = floor.text()
        assert "煎煮 7" in text
        assert "暂停 1" in text
        assert "逾期 1" in text
        assert "免安全连接 12" in text
        assert all(f"{number:02d} " in text for number in range(1, 19))
        assert "20261122-0003" in text
        assert "失联" in text


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
async def test_every_page_has_all_its_keys_on_the_last_line_of_a_small_screen(
    controller: FakeController, locale: str
) -> None:
    async with terminal(controller, locale=locale) as floor:
        for key in PAGES:
            await floor.press(key)
            keys = [*floor.app.page.own_keys(), ("F1", "key.help"), ("F12", "key.language"), ("^Q", "key.quit")]
            last = floor.text().splitlines()[-1]
            assert "…" not in last, last
            for name, words in keys:
                assert f"{floor.app.words.of('keyname', name)} {floor.app.words(words)}" in last
        await floor.press("f3", "enter")
        assert floor.app.words("key.tab") in floor.text().splitlines()[-1]


async def test_f12_changes_the_language_and_back(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.press("f12")
        assert "Most pressing" in floor.text()
        await floor.press("f12")
        assert "最要紧的" in floor.text()


async def test_enter_on_a_pot_opens_it_with_values_boil_window_and_curve(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.press("enter")
        await floor.until(lambda: floor.app.view.curve)
        await floor.pilot.pause()
        text = floor.text()
        assert "pot-01" in text
        assert "99.6 °C  良好" in text
        assert "13:00 / 20:00" in text
        assert "后下" in text
        assert "沸腾线 99.5" in text
        assert "×" in text, "the gap is marked"
        await floor.press("right")
        assert "pot-02" in floor.text()
        await floor.press("left", "left")
        assert "store-4" in floor.text()


async def test_a_machine_without_link_shows_since_when_its_values_are_old(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        for _ in range(8):
            await floor.press("right")
        await floor.press("enter")
        await floor.settled()
        text = floor.text()
        assert "pot-09" in text
        assert text.count("STALE 自") == 5, "the link and all four values"
        assert "良好" not in text


async def test_a_prescription_is_followed_from_the_list_through_all_its_pages(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.press("f3")
        await floor.settled()
        assert "-12:00" in floor.text()
        await floor.press("enter")
        await floor.until(lambda: floor.app.view.case)
        await floor.pilot.pause()
        assert "黄芪" in floor.text()
        assert "测** **03" in floor.text(), "two identifiers"
        for words in ("审方发现", "来源关", "各煎沸腾 min", "锅次", "经过"):
            await floor.press("tab")
            assert words in floor.text()
        assert "后下完成 7.2 min" in floor.text()
        await floor.press("escape")
        assert "处方：未结束" in floor.text()


async def test_the_list_is_searched_by_number_narrowed_by_status_and_opened_by_a_scan(
    controller: FakeController,
) -> None:
    async with terminal(controller) as floor:
        await floor.press("f3", "slash", *"0042", "enter")
        assert "20261122-0042" in floor.text()
        assert "20261122-0003" not in floor.text()
        await floor.press("slash", "escape", "right")
        await floor.settled()
        assert floor.app.view.query.status == "received"
        assert "没有处方" in floor.text()
        await floor.press("left")
        await floor.settled()
        await floor.scan(code("B", 41))
        await floor.until(lambda: floor.app.view.case)
        assert floor.app.view.case_id == code("R", 41)


async def test_alarms_stand_in_the_order_of_their_urgency_with_what_to_do(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.press("f5")
        text = floor.text()
        assert text.index("pot-09") < text.index("pot-14") < text.index("pot-15")
        assert text.index("pot-14") < text.index("pot-08") < text.index("pot-16") < text.index("pot-15")
        assert "请到设备旁查看真实状态" in text
        assert "须在 15 分钟内响应" in text
        await floor.press("enter")
        assert "pot-09" in floor.text().splitlines()[1]


async def test_facts_of_the_stream_renew_what_is_shown(controller: FakeController) -> None:
    async with terminal(controller, size=LARGE) as floor:
        assert "煎煮 7" in floor.text()
        for row in controller.line.rows:
            if row["status"] == "soaking":
                row["status"] = "decocting"
        controller.happen("PailCharged", code("R", 7), pot="pot-07", batch=code("B", 7), by="")
        await floor.until(lambda: "煎煮 11" in floor.text())
        assert "药桶已入锅 pot-07" in floor.text()


async def test_machines_of_the_stream_change_their_tiles(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        assert "10 空闲" in floor.text()
        controller.push("machines", [machine("pot-10", "decoction", **POTS[14])])
        await floor.until(lambda: "10 故障" in floor.text())


async def test_a_lost_controller_is_red_with_its_age_and_no_value_looks_live(controller: FakeController) -> None:
    clock = Clock()
    async with terminal(controller, clock=clock) as floor:
        await floor.press("f4")
        await floor.until(lambda: "良好" in floor.text())
        clock.now_s += 95
        controller.stop()
        await floor.until(lambda: floor.app.view.link is Link.OFFLINE)
        await floor.pilot.pause()
        text = floor.text()
        assert "OFFLINE 1:35" in text
        assert "良好" not in text
        assert "STALE 自" in text
        await floor.press("f2")
        assert "99.6" not in floor.text()


async def test_a_stream_that_was_cut_comes_back_by_itself_and_misses_nothing(controller: FakeController) -> None:
    async with terminal(controller, size=LARGE) as floor:
        controller.cut()
        await floor.until(lambda: floor.app.view.link is Link.OFFLINE)
        controller.happen("BatchVerified", code("R", 7), by="", batch=code("B", 7))
        await floor.until(lambda: floor.app.view.link is Link.ONLINE)
        await floor.until(lambda: floor.app.view.recent[0]["kind"] == "BatchVerified")
        seqs = [one["seq"] for one in floor.app.view.recent]
        assert seqs == sorted(set(seqs), reverse=True)


async def test_a_key_file_that_comes_late_is_waited_for(controller: FakeController) -> None:
    controller.key_file.unlink()
    async with terminal(controller, ready=False) as floor:
        await floor.until(lambda: floor.app.view.link is Link.KEYLESS)
        await floor.pilot.pause()
        assert "等待密钥文件" in floor.text()
        controller.key_file.write_text(json.dumps(KEYS))
        await floor.until(lambda: floor.app.view.link is Link.ONLINE)


async def test_the_station_is_asked_first_and_leads_to_its_desk(controller: FakeController) -> None:
    async with terminal(controller, station=None, ready=False) as floor:
        await floor.until(lambda: "release-1" in floor.text())
        assert "哪个工位" in floor.text()
        await floor.press(*["down"] * 5, "enter")
        await floor.until(lambda: "放行台1" in floor.text())
        await floor.until(lambda: "核对并放行" in floor.text())


async def test_the_station_question_names_the_benches_and_escape_leaves_the_terminal_where_it_stands(
    controller: FakeController,
) -> None:
    async with terminal(controller, station="review-1") as floor:
        await floor.until(lambda: "审方台1  未刷工牌" in floor.text())
        await floor.press("ctrl+t")
        await floor.until(lambda: "煎药区1  floor-1" in floor.text())
        await floor.press("escape")
        assert floor.app.view.session.station == "review-1"
        assert floor.app.view.session.name_zh == "审方台1", "and it was not asked anew who stands there"


async def test_the_station_question_waits_for_the_key_file(controller: FakeController, tmp_path: Path) -> None:
    controller.key_file = tmp_path / "keys.json"
    async with terminal(controller, station=None, ready=False) as floor:
        await floor.until(lambda: "等待密钥文件" in floor.text())
        controller.key_file.write_text(json.dumps(KEYS))
        await floor.until(lambda: "courier-1" in floor.text())


async def test_a_thousand_machines_fit_on_the_smallest_screen_and_the_cursor_walks_over_them(
    controller: FakeController,
) -> None:
    controller.line.machines = [
        machine(f"pot-{number:04d}", "decoction", **POTS.get(number % 19, {})) for number in range(1, 1001)
    ]
    async with terminal(controller, size=SMALL) as floor:
        tiles = [
            line
            for line in floor.text().splitlines()
            if set(line.strip()) <= set(".,dwshbfH!?") and len(line.strip()) > 9
        ]
        assert sum(len(line.strip()) for line in tiles) == 1000
        await floor.press("down", "right")
        assert "pot-0080" in floor.text()


async def test_help_lists_the_keys_of_every_page_and_the_colours(controller: FakeController) -> None:
    async with terminal(controller, size=LARGE) as floor:
        await floor.press("f1")
        text = floor.text()
        for words in (*PAGES.values(), "指标", "换工位", "沸腾", "失联"):
            assert words in text
        await floor.press("escape")
        assert "最要紧的" in floor.text()


async def test_a_part_that_fails_is_said_in_one_line_and_the_screen_stays(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        controller.push("machines", "this is no list of machines")
        await floor.until(lambda: "程序故障，已继续" in floor.text())
        await floor.press("f5")
        assert "pot-09" in floor.text()
        await floor.until(lambda: floor.app.view.link is Link.ONLINE)


async def test_an_answer_that_lacks_what_a_painter_needs_costs_one_place_and_not_the_screen(
    controller: FakeController,
) -> None:
    controller.line.alarms = [
        {**controller.line.alarms[0]},
        {"id": "half", "state": "UNACK", "priority": "low", "raised_at": 1},
    ]
    async with terminal(controller) as floor:
        controller.push("machines", [{"id": "pot-01", "kind": "decoction"}])
        await floor.until(lambda: "KeyError" in floor.text())
        await floor.press("f5")
        assert "pot-09" in floor.text()
        assert "KeyError" in floor.text()
        assert floor.app._exception is None
