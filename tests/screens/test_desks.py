"""Every act a person does at a desk reaches the controller once, in the form it wants, with few keys; a refusal says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.screens.conftest import Clock, terminal
from tests.screens.plant_data import (
    CHECKER,
    COURIER,
    DISPENSER,
    OPERATOR,
    PACKER,
    PHARMACIST,
    PIN,
    code,
    task,
)
from tui.acts import CHOICES
from tui.codes import short
from tui.state import Tone

if TYPE_CHECKING:
    from tests.screens.conftest import Terminal
    from tests.screens.fake_controller import FakeController


async def log_in(floor: Terminal, badge: str) -> None:
    await floor.scan(badge)
    await floor.until(lambda: floor.app.view.session.actor == badge)


async def sign(floor: Terminal, badge: str, pin: str = PIN, note: str = "") -> None:
    """Fill in the signature that is being asked for."""
    await floor.until(lambda: "电子签名" in floor.text())
    await floor.scan(badge)
    await floor.press(*pin, "enter")
    if note:
        await floor.press(*note, "enter")


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


async def test_a_badge_and_then_two_codes_are_one_bind_in_the_right_order(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        assert "煎药员1" in floor.text()
        await floor.scan(code("V", "pot-07"))
        assert "接着扫：药桶 / 附包" in floor.text() or "接着扫：附包 / 药桶" in floor.text()
        await floor.scan(code("T", 7))
        await floor.until(lambda: len(controller.scans) == 3)
        bind = controller.scans[-1]
        assert bind["code"] == code("T", 7)
        assert bind["into"] == code("V", "pot-07")
        assert bind["actor"] == OPERATOR
        assert bind["station"] == "floor-1"
        assert bind["key"] == "key-floor-1"
        assert bind["scanned_at"].startswith("2026-11-22T10:20")
        await floor.until(lambda: "已完成" in floor.text())
        assert floor.app.view.hand.code == ""


async def test_a_scan_on_any_page_goes_to_the_scan_desk(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        await floor.press("f5")
        await floor.scan(code("T", 7))
        await floor.until(lambda: "接着扫" in floor.text())
        assert floor.app.view.hand.code == code("T", 7)


async def test_nothing_is_sent_before_somebody_has_scanned_a_badge(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.scan(code("T", 7))
        await floor.until(lambda: "请先扫工牌" in floor.text())
        assert not controller.scans


async def test_a_terminal_that_only_shows_sends_nothing(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.scan(OPERATOR)
        await floor.until(lambda: "请先选择工位" in floor.text())
        assert not controller.scans


async def test_an_unknown_badge_logs_nobody_in(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.scan(code("A", "nobody"))
        await floor.until(lambda: "没有此工牌的人员" in floor.text())
        assert floor.app.view.session.actor == ""


async def test_a_refusal_shows_rule_facts_who_may_override(controller: FakeController) -> None:
    controller.refuse(
        code("T", 7),
        "pot-not-clean",
        "pot-07 还没有清洗。请先清洗。",
        facts={"machine": "pot-07", "celsius": 72.5},
        who_may_override=["pharmacist"],
    )
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        await floor.scan(code("T", 7))
        await floor.until(lambda: "pot-07 还没有清洗" in floor.text())
        text = floor.text()
        assert "规则：pot-not-clean" in text
        assert "设备 pot-07" in text
        assert "温度 72.5" in text
        assert "可由以下人员处理：药师" in text


async def test_a_herb_is_one_scan_and_its_weight(controller: FakeController) -> None:
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.scan(code("T", 21))
        await floor.until(lambda: floor.app.view.hand.code)
        await floor.scan(code("D", "黄芪"))
        await floor.until(lambda: "称量 黄芪" in floor.text())
        assert "[99.75..110.25]" in floor.text()
        await floor.press(*"105.2", "enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "RecordWeight", "batch": code("B", 21), "herb": "黄芪", "grams": 105.2, "actor": DISPENSER,
        }  # fmt: skip
        await floor.until(lambda: floor.app.view.ask is None)
        assert floor.app.view.hand.code == code("T", 21), "the next drawer is one scan again"


async def test_a_weight_that_is_refused_is_asked_for_again(controller: FakeController) -> None:
    controller.refuse("RecordWeight", "weight-out-of-tolerance", "重量超出允差。", facts={"low": 99.75, "high": 110.25})
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.scan(code("T", 21))
        await floor.scan(code("D", "黄芪"))
        await floor.until(lambda: floor.app.view.ask)
        await floor.pilot.pause()
        await floor.press(*"12", "enter")
        await floor.until(lambda: "重量超出允差" in floor.text())
        assert "称量 黄芪" in floor.text()


async def test_a_drawer_scanned_before_a_restart_is_weighed_on_by_enter(controller: FakeController) -> None:
    controller.line.tasks = [one for one in controller.line.tasks if one["details"].get("lot")]
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.until(lambda: "白芍" in floor.text())
        await floor.press("enter")
        await floor.until(lambda: "称量 白芍" in floor.text())


async def test_a_part_made_apart_is_attested_with_its_minutes(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        await floor.scan(code("K", 3))
        await floor.until(lambda: "另制用时 阿胶" in floor.text())
        assert "至少 5 分钟" in floor.text()
        await floor.press("6", "enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "AttestSeparate", "batch": code("B", 3), "herb": "阿胶", "code": code("K", 3), "minutes": 6,
            "actor": OPERATOR,
        }  # fmt: skip


@pytest.mark.parametrize("slow", [False, True])
async def test_the_digits_of_a_scanned_code_never_become_grams(controller: FakeController, slow: bool) -> None:
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.scan(code("T", 21))
        await floor.scan(code("D", "黄芪"))
        await floor.until(lambda: floor.app.view.ask)
        await floor.pilot.pause()
        await floor.press("1", "0")
        if slow:
            await floor.type(code("D", "白芍"))
            await floor.press("enter")
        else:
            await floor.scan(code("D", "白芍"))
        await floor.until(lambda: len(controller.scans) == 4)
        assert controller.scans[-1]["code"] == code("D", "白芍")
        assert not controller.intents


async def test_the_bar_code_of_a_packet_is_turned_away_and_never_becomes_grams(controller: FakeController) -> None:
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.scan(code("T", 21))
        await floor.scan(code("D", "黄芪"))
        await floor.until(lambda: floor.app.view.ask is not None)
        await floor.pilot.pause()
        await floor.scan("6901234567892")
        await floor.until(lambda: "这不是本中心的条码" in floor.text())
        assert not controller.intents
        assert "6901234567892" not in floor.text()


async def test_letters_typed_slowly_into_a_note_stay_letters(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press("3")
        await floor.until(lambda: "电子签名" in floor.text())
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter")
        await floor.type("B-2")
        await floor.pilot.pause(0.15)
        await floor.press("enter")
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["note"] == "B-2"


async def test_a_badge_scanned_while_a_note_is_written_does_not_end_in_the_note(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press("3")
        await floor.scan(DISPENSER)
        await floor.press(*PIN, "enter", *"spilt")
        await floor.scan(PHARMACIST)
        await floor.press("enter")
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["note"] == "spilt"
        assert controller.intents[0]["actor"] == PHARMACIST


async def test_a_lost_answer_to_a_scan_is_asked_for_again_under_the_same_nonce(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        controller.lost = 2
        await floor.scan(code("T", 7))
        await floor.until(lambda: len(controller.scans) == 4)
        await floor.until(lambda: floor.app.view.verdict and floor.app.view.verdict.tone is Tone.NOTE)
        assert len({one["nonce"] for one in controller.scans[1:]}) == 1


async def test_a_lost_answer_to_a_signature_is_never_sent_again_and_says_so(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        controller.lost = 1
        await floor.press("1")
        await sign(floor, PHARMACIST)
        await floor.press("enter")
        await floor.until(lambda: "不知道是否已执行" in floor.text())
        assert len(controller.intents) == 1


@pytest.mark.parametrize(
    ("down", "number", "note", "intent"),
    [
        (0, "1", "", {"type": "Continue", "batch": code("B", 9), "reason": "link-stale", "note": ""}),
        (0, "2", "", {"type": "RunDeficit", "batch": code("B", 9), "note": ""}),
        (0, "3", "burnt", {"type": "Scrap", "batch": code("B", 9), "note": "burnt"}),
        (1, "1", "seen", {"type": "AcceptDeviation", "target": code("B", 11), "reason": "late-missed", "note": "seen"}),
        (2, "1", "short", {"type": "AcceptDeviation", "target": "cool", "reason": "", "note": "short"}),
        (3, "1", "", {"type": "SignRelease", "batch": code("B", 41)}),
        (3, "2", "first batch: water", {"type": "Scrap", "batch": code("B", 41), "note": "first batch: water"}),
        (5, "1", "", {"type": "SignVerify", "batch": code("B", 26)}),
    ],
)
async def test_every_choice_of_the_signing_desk_is_one_key_and_a_signature(
    controller: FakeController, down: int, number: str, note: str, intent: dict[str, Any]
) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press(*["down"] * down, number)
        await sign(floor, PHARMACIST, note=note)
        if not note and intent["type"] in {"Continue", "RunDeficit"}:
            await floor.press("enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {**intent, "actor": PHARMACIST, "pin": PIN}


@pytest.mark.parametrize(
    ("number", "choice", "statement", "intent"),
    [
        ("1", "retry", "已到现场确认设备 pot-09 未执行，重新下发", "Retry"),
        ("2", "assume_ok", "已到现场确认设备 pot-09 已执行", "AssumeOk"),
        ("3", "migrate", "已到现场确认设备 pot-09 已停止加热", "Migrate"),
    ],
)
async def test_who_looked_at_the_machine_says_so_in_full_and_writes_what_was_seen(
    controller: FakeController, number: str, choice: str, statement: str, intent: str
) -> None:
    details = {"reason": "unknown", "machine": "pot-09", "note": ""}
    choices = ["retry", "assume_ok", "migrate", "scrap"]
    controller.line.tasks = [
        task("hold", 9, "pharmacist", choices=choices, details=details, text_zh="处理暂停：指令结果不明")
    ]
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：指令结果不明" in floor.text())
        assert floor.app.words.of("choice", choice) in floor.text()
        await floor.press(number)
        await floor.until(lambda: "电子签名" in floor.text())
        assert statement in floor.text()
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter", "enter")
        assert "请填写：说明" in floor.text(), "nothing is signed without what was seen"
        assert not controller.intents
        await floor.press(*"cold", "enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": intent, "batch": code("B", 9), "note": "cold", "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip


async def test_who_leaves_a_step_out_reads_what_will_be_in_the_pouches(controller: FakeController) -> None:
    details = {"reason": "fault", "machine": "pot-09", "note": "concentrate", "pouch_ml": 298, "planned_ml": 200}
    choices = ["continue", "skip", "scrap"]
    controller.line.tasks = [
        task("hold", 9, "pharmacist", choices=choices, details=details, text_zh="处理暂停：设备故障")
    ]
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "略过此步" in floor.text())
        await floor.press("2")
        await floor.until(lambda: "电子签名" in floor.text())
        assert "每袋最多 298 mL" in floor.text()
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter", "enter")
        assert not controller.intents, "nothing is left out without a reason"
        await floor.press(*"heater", "enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "Skip", "batch": code("B", 9), "note": "heater", "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip


async def test_the_eighth_choice_has_a_key_too(controller: FakeController) -> None:
    controller.line.tasks = [task("hold", 9, "pharmacist", choices=list(CHOICES), text_zh="处理暂停")]
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停" in floor.text())
        await floor.press("8")
        await sign(floor, PHARMACIST, note="burnt")
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["type"] == "Scrap"


async def test_the_signing_desk_shows_what_failed_and_what_is_missing(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "未通过 1 项" in floor.text())
        text = floor.text()
        assert "补煎不足分钟" in text
        assert "10.2 / 20 min" in text
        assert "后下时间" in text


async def test_a_verification_bench_sees_its_own_work_first(controller: FakeController) -> None:
    async with terminal(controller, station="verification-1") as floor:
        await floor.until(lambda: "复核药桶" in floor.text())
        rows = floor.text().splitlines()
        assert "复核" in rows[2]
        await floor.until(lambda: "黄芪" in floor.text())


async def test_a_wrong_pin_is_said_and_signs_nothing(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press("down", "down", "down", "1")
        await sign(floor, PHARMACIST, pin="0000")
        await floor.until(lambda: "工牌的密码不正确" in floor.text())


async def test_escape_takes_a_signature_back_and_scrap_wants_a_reason(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press("3")
        await sign(floor, PHARMACIST)
        await floor.press("enter")
        assert "请填写：说明" in floor.text()
        await floor.press("escape")
        assert "电子签名" not in floor.text()
        assert not controller.intents


async def test_only_a_badge_is_scanned_into_a_signature(controller: FakeController) -> None:
    async with terminal(controller, station="release-1") as floor:
        await floor.until(lambda: "处理暂停：设备失联" in floor.text())
        await floor.press("1")
        await floor.scan(code("T", 7))
        await floor.until(lambda: "请先完成或取消" in floor.text())
        assert not controller.scans


async def test_a_review_is_approved_with_class_and_handling_confirmed_or_changed(controller: FakeController) -> None:
    async with terminal(controller, station="review-1") as floor:
        await floor.until(lambda: "未说明方剂类别" in floor.text())
        await floor.press("a")
        await floor.until(lambda: "电子签名" in floor.text())
        assert "滋补" in floor.text(), "the proposal is on"
        await floor.press("left", "enter")
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "SignReview", "case": code("R", 31), "decision": "approve", "recipe_class": "exterior-releasing",
            "handlings": {"砂仁": "add-late"}, "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip
        await floor.until(lambda: "已记录" in floor.text())


@pytest.mark.parametrize(("key", "decision"), [("r", "return"), ("x", "reject")])
async def test_a_review_is_turned_down_with_a_reason(controller: FakeController, key: str, decision: str) -> None:
    async with terminal(controller, station="review-1") as floor:
        await floor.until(lambda: "未说明方剂类别" in floor.text())
        await floor.press(key)
        await sign(floor, PHARMACIST, note="too much")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "SignReview", "case": code("R", 31), "decision": decision, "reason": "too much", "actor": PHARMACIST,
            "pin": PIN,
        }  # fmt: skip


async def test_the_reviewer_reads_with_the_station_key_and_everybody_else_with_the_floor_key(
    controller: FakeController,
) -> None:
    async with terminal(controller, station="review-1") as floor:
        await floor.until(lambda: floor.app.view.case)
        read = dict(controller.asked)
        assert read[f"/api/v1/prescriptions/{code('R', 31)}"] == "key-review-1"
        assert read["/api/v1/line"] == "key-floor"
        assert floor.app.view.session.name_zh == "审方台1"


async def test_an_alarm_is_acknowledged_with_one_key(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        await floor.press("f5", "a")
        await floor.until(lambda: controller.acknowledged)
        assert controller.acknowledged == [("link-stale:pot-09", OPERATOR)]
        await floor.until(lambda: "由 A-" in floor.text())


async def test_an_act_without_a_badge_asks_for_one_and_no_pin(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "a")
        await floor.until(lambda: "电子签名" in floor.text())
        assert "PIN" not in floor.text()
        await floor.scan(OPERATOR)
        await floor.press("enter")
        await floor.until(lambda: controller.acknowledged)


@pytest.mark.parametrize(("typed", "minutes"), [("", 60), ("25", 25)])
async def test_an_alarm_is_shelved_for_some_minutes_with_a_reason_and_taken_down_again(
    controller: FakeController, typed: str, minutes: int
) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "s")
        await floor.until(lambda: "搁置报警  link-stale:pot-09" in floor.text())
        await floor.press(*typed)
        await sign(floor, PHARMACIST, note="cable")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "ShelveAlarm", "alarm": "link-stale:pot-09", "minutes": minutes, "note": "cable",
            "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip
        await floor.until(lambda: next(one for one in floor.app.view.alarms if "pot-09" in one["id"])["shelved_until"])
        await floor.pilot.pause()
        assert f"由 {short(PHARMACIST)}" not in floor.text(), "to shelve is not to acknowledge"
        assert f"{short(PHARMACIST)} 搁置到 11-22 {'11:20' if minutes == 60 else '10:45'}" in floor.text()
        await floor.press("s")
        await floor.until(lambda: "从搁置中取下" in floor.text())
        await sign(floor, PHARMACIST)
        await floor.until(lambda: len(controller.intents) == 2)
        assert without(controller.intents[1], "key") == {
            "type": "UnshelveAlarm", "alarm": "link-stale:pot-09", "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip


async def test_an_alarm_is_not_shelved_for_no_time_or_without_a_reason(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "s")
        await floor.until(lambda: "电子签名" in floor.text())
        await floor.press("0", "enter")
        assert "请填写：分钟" in floor.text()
        await floor.press("5", "enter")
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter", "enter")
        assert "请填写：说明" in floor.text()
        await floor.press("escape")
        assert not controller.intents


async def test_the_digits_of_a_badge_scanned_into_the_minutes_stay_out_of_them(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "s")
        await floor.until(lambda: "电子签名" in floor.text())
        await floor.scan(PHARMACIST)
        await floor.press(*PIN, "enter", *"why", "enter")
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["minutes"] == 60


async def test_an_alarm_about_safety_is_not_shelved_and_the_key_says_why(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "down", "down", "down", "s")
        await floor.until(lambda: "该报警涉及安全，不能搁置" in floor.text())
        assert "电子签名" not in floor.text()
        assert "pot-14" in floor.text()


async def test_a_machine_is_taken_out_of_service_with_a_reason_and_put_back(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f4", *["right"] * 9, "o")
        await floor.until(lambda: "停用  pot-10" in floor.text())
        await sign(floor, PHARMACIST, note="leaks")
        await floor.until(lambda: controller.intents)
        assert without(controller.intents[0], "key") == {
            "type": "TakeOutOfService", "target": "pot-10", "note": "leaks", "actor": PHARMACIST, "pin": PIN,
        }  # fmt: skip
        await floor.until(lambda: f"{short(PHARMACIST)} 于" in floor.text())
        await floor.press("o")
        await floor.until(lambda: "恢复使用  pot-10" in floor.text())
        await sign(floor, PHARMACIST, note="sealed")
        await floor.until(lambda: len(controller.intents) == 2)
        assert controller.intents[1]["type"] == "ReturnToService"


async def test_an_alarm_that_is_quiet_with_its_machine_offers_to_put_the_machine_back(
    controller: FakeController,
) -> None:
    controller.line.alarms = [one for one in controller.line.alarms if one["state"] == "OOSRV"]
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5")
        assert "换加热管" in floor.text()
        await floor.press("o")
        await floor.until(lambda: "恢复使用  pot-12" in floor.text())


async def test_one_alarm_is_taken_out_of_service(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.press("f5", "o")
        await floor.until(lambda: "停用  link-stale:pot-09" in floor.text())
        await sign(floor, PHARMACIST, note="cable")
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["target"] == "link-stale:pot-09"


async def test_the_load_of_alarms_is_turned_by_months_and_never_into_the_future(controller: FakeController) -> None:
    async with terminal(controller) as floor:
        await floor.press("f5", "k")
        await floor.until(lambda: "报警月度指标 2026-11" in floor.text())
        await floor.press("right")
        await floor.pilot.pause()
        assert "2026-11" in floor.text()
        await floor.press(*["left"] * 11)
        await floor.until(lambda: "报警月度指标 2025-12" in floor.text())
        await floor.until(lambda: any("kpi" in path for path, _ in controller.asked))
        await floor.press("escape")
        await floor.until(lambda: "pot-09" in floor.text())


async def test_bags_are_boxed_one_scan_each_and_the_parcel_goes_to_the_courier(controller: FakeController) -> None:
    async with terminal(controller, station="dispatch-1") as floor:
        await log_in(floor, PACKER)
        await floor.scan(code("P", 43))
        for number in range(3):
            await floor.scan(code("G", 43, number))
        await floor.scan(COURIER)
        await floor.until(lambda: len(controller.scans) == 6)
        parcel = code("P", 43)
        assert [(one["code"], one.get("into")) for one in controller.scans[2:]] == [
            *((code("G", 43, number), parcel) for number in range(3)),
            (parcel, COURIER),
        ]
        assert floor.app.view.session.actor == PACKER


@pytest.mark.parametrize(("key", "outcome"), [("d", "delivered"), ("x", "refused"), ("b", "returned")])
async def test_a_courier_says_how_a_parcel_ended(controller: FakeController, key: str, outcome: str) -> None:
    controller.line.tasks = [one for one in controller.line.tasks if one["kind"] == "deliver"]
    async with terminal(controller, station="courier-1") as floor:
        await log_in(floor, COURIER)
        await floor.until(lambda: "送达并确认签收" in floor.text())
        await floor.press(key)
        await floor.until(lambda: "电子签名" in floor.text())
        assert not controller.intents, "a stray key ends nothing"
        await floor.press(*(["enter"] if outcome == "delivered" else ["tab", "enter"]))
        await floor.until(lambda: controller.intents)
        assert controller.intents[0] == {
            "type": "ConfirmDelivery", "parcel": code("P", 52), "outcome": outcome, "note": "", "actor": COURIER,
            "key": "key-courier-1",
        }  # fmt: skip


async def test_the_terminal_locks_when_nobody_has_touched_it_for_five_minutes(controller: FakeController) -> None:
    clock = Clock()
    async with terminal(controller, station="floor-1", clock=clock) as floor:
        await log_in(floor, OPERATOR)
        await floor.scan(code("T", 7))
        clock.now_s += 290
        await floor.press("down")
        clock.now_s += 290
        floor.app._beat()
        await floor.pilot.pause()
        assert floor.app.view.session.actor == OPERATOR, "a key was pressed in between"
        assert "0:10" in floor.text(), "the last minute is counted down"
        clock.now_s += 11
        floor.app._beat()
        await floor.pilot.pause()
        assert floor.app.view.session.actor == ""
        assert floor.app.view.hand.code == ""
        assert "已锁定" in floor.text()


async def test_what_the_pail_in_hand_is_for_comes_first_and_windows_that_close_next(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.until(lambda: "剩 " in floor.text())
        rows = floor.text().splitlines()
        first = next(number for number, line in enumerate(rows) if "内容" in line) + 1
        assert "后下" in rows[first]
        await log_in(floor, OPERATOR)
        await floor.scan(code("T", 7))
        await floor.until(lambda: "把药桶投入" in floor.text().splitlines()[first])


async def test_the_filter_narrows_the_tasks_to_bench_or_floor(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await floor.until(lambda: "绑定锅次" in floor.text())
        await floor.press("f")
        assert "绑定锅次" in floor.text()
        assert "把药桶投入" not in floor.text()
        await floor.press("f")
        assert "绑定锅次" not in floor.text()
        assert "把药桶投入" in floor.text()


async def test_a_code_may_be_typed_by_hand_where_the_label_is_torn(controller: FakeController) -> None:
    async with terminal(controller, station="floor-1") as floor:
        await log_in(floor, OPERATOR)
        await floor.press("slash")
        await floor.type(code("T", 7)[:6])
        assert f"条码 {code('T', 7)[:6]}" in floor.text()
        await floor.type(code("T", 7)[6:])
        await floor.press("enter")
        await floor.until(lambda: floor.app.view.hand.code == code("T", 7))


async def test_two_portions_are_asked_for_one_after_the_other(controller: FakeController) -> None:
    details = {"herb": "甘草", "grams": 6.0, "tolerance_g": 0.3, "times": 2, "lot": "L", "container": "pail"}
    controller.line.tasks = [task("draw", 21, "dispenser", into=code("T", 21), details=details)]
    async with terminal(controller, station="dispensing-1") as floor:
        await log_in(floor, DISPENSER)
        await floor.until(lambda: floor.app.view.tasks)
        await floor.pilot.pause()
        await floor.press("enter")
        await floor.until(lambda: "还有 2 份" in floor.text())


async def test_people_of_a_verification_differ_because_the_badge_can_be_scanned_anew(
    controller: FakeController,
) -> None:
    async with terminal(controller, station="verification-1") as floor:
        await floor.until(lambda: "复核药桶" in floor.text())
        await log_in(floor, DISPENSER)
        await floor.press("1")
        await sign(floor, CHECKER)
        await floor.until(lambda: controller.intents)
        assert controller.intents[0]["actor"] == CHECKER
        assert floor.app.view.session.actor == DISPENSER
