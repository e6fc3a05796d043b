"""What a controller of the default plant could say at one plausible moment: 18 pots, 20 soaking positions, prescriptions.

Everything is built anew by `Line()` and may be changed by a test; nothing is random, so that pictures stay the same.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MINUTE, HOUR = 60_000, 3_600_000
NOW = round(datetime(2026, 11, 22, 2, 20, tzinfo=UTC).timestamp() * 1000)
"""10:20 in Shanghai."""


PLAN: Any = {
    "bags": 14, "recipe_version": "2026-2", "recipe_digest": "4d5efd1cdc0c" + "0" * 52,
    "settings": [
        {"name": "boil_minutes", "values": [45.0, 35.0], "layer": "site classes.tonic"},
        {"name": "soak_minutes", "values": [30.0], "layer": "general"},
        {"name": "first_minutes", "values": [60.0], "layer": "prescription"},
    ],
}  # fmt: skip


def code(prefix: str, *parts: object) -> str:
    """Return a code of the right shape that is the same every time."""
    token = base64.b32encode(hashlib.sha256(" ".join(map(str, (prefix, *parts))).encode()).digest()).decode()
    return f"{prefix}-{token[:17]}"


PHARMACIST, DISPENSER, CHECKER, OPERATOR, PACKER = (
    code("A", name) for name in ("药师1", "调剂员1", "复核员1", "煎药员1", "包装员1")
)
COURIER = code("A", "快递员1")
PEOPLE = {
    PHARMACIST: "药师1",
    DISPENSER: "调剂员1",
    CHECKER: "复核员1",
    OPERATOR: "煎药员1",
    PACKER: "包装员1",
    COURIER: "快递员1",
}
PIN = "4711"

HERBS = (
    ("黄芪", 15.0, "none"), ("党参", 12.0, "none"), ("白术", 10.0, "none"), ("茯苓", 12.0, "none"), ("当归", 10.0, "none"),
    ("白芍", 10.0, "none"), ("柴胡", 9.0, "none"), ("陈皮", 6.0, "none"), ("法半夏", 9.0, "none"), ("炙甘草", 6.0, "none"),
    ("石膏", 30.0, "decoct-first"), ("薄荷", 6.0, "add-late"), ("车前子", 10.0, "wrap"), ("阿胶", 9.0, "melt"),
)  # fmt: skip


def row(number: int, status: str, **more: Any) -> dict[str, Any]:
    """Return one prescription of the list."""
    promised = NOW + (number % 7) * HOUR + 5 * HOUR
    return {
        "id": code("R", number),
        "hospital": ("RS-TCM", "RS-YULI", "RS-YINTAN")[number % 3],
        "prescription_no": f"20261122-{number:04d}",
        "version": 1,
        "status": status,
        "stage": status,
        "urgency": "routine",
        "preparation": "decoct",
        "delivery": ("courier", "pickup", "ward")[number % 3],
        "received_at": NOW - 2 * HOUR - number * MINUTE,
        "promised_at": promised,
        "slack_s": (promised - NOW) / 1000,
        "promise_at_risk": False,
        "late": False,
        "batch": code("B", number) if status not in {"received", "in_review", "returned"} else "",
        "machine": "",
        "patient": {
            "name": "测**", "second": f"**{number:02d}", "sex": ("female", "male")[number % 2], "age_years": 30 + number,
            "pregnant": None if number % 4 == 0 else False, "lactating": False, "allergies": None if number % 5 == 0 else [],
        },
        **more,
    }  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Return the open prescriptions by slack."""
    found = [
        row(3, "decocting", late=True, machine="pot-03", promised_at=NOW - 12 * MINUTE, slack_s=-720.0),
        row(
            9,
            "held",
            stage="decocting",
            machine="pot-09",
            promise_at_risk=True,
            slack_s=1500.0,
            promised_at=NOW + 25 * MINUTE,
        ),
        row(21, "dispensing", urgency="urgent", promise_at_risk=True, slack_s=4080.0, promised_at=NOW + 68 * MINUTE),
        *(row(number, "decocting", machine=f"pot-{number:02d}") for number in (1, 2, 4, 5, 6, 11)),
        *(row(number, "soaking", machine=f"soak-{number:02d}") for number in (7, 8, 10, 12)),
        *(row(number, "in_review") for number in (31, 32, 33)),
        *(row(number, "quality_check") for number in (41, 42)),
        row(51, "awaiting_handover"),
        row(52, "in_transit"),
        row(61, "returned"),
        row(71, "packing", machine="pack-2"),
    ]
    return sorted(found, key=lambda one: one["slack_s"])


def reading(value: float, unit: str, quality: str = "good", reason: str = "", age_s: float = 0.4) -> dict[str, Any]:
    """Return one reading."""
    return {"value": value, "unit": unit, "quality": quality, "reason": reason, "at": NOW - 400, "age_s": age_s}


def machine(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return one machine at rest."""
    return {
        "id": name, "kind": kind, "code": code("V", name), "profile": f"{name.partition('-')[0]}-modbus", "waiver": "",
        "watchdog": "finish-phase" if kind == "decoction" else "", "by_hand": False, "monitor_only": False, "begun_by": "",
        "begun_at": 0, "link": "fresh", "link_since": NOW - 3 * HOUR, "age_s": 0.4,
        "state": "IDLE", "step": "NONE", "mode": "PRODUCE", "boot": 1, "fault": 0, "fault_zh": "", "fault_en": "",
        "batch": "", "case": "", "prescription_no": "", "next_batch": "", "held": False, "order_step": "", "remaining_s": 0,
        "out_by": "", "out_at": 0, "out_note": "",
        "clean": True, "volume_ml": [], "packer": "", "free_at": 0, "boil": None, "readings": {},
        **more,
    }  # fmt: skip


def working(number: int, step: str, order_step: str, remaining_s: int, **more: Any) -> dict[str, Any]:
    """Return what a machine says that works for prescription `number`."""
    return {
        "state": "EXECUTE", "step": step, "order_step": order_step, "remaining_s": remaining_s, "batch": code("B", number),
        "case": code("R", number), "prescription_no": f"20261122-{number:04d}", "clean": False, **more,
    }  # fmt: skip


def boil(credit_s: float, *, late: bool = False, state: str = "boiling") -> dict[str, Any]:
    """Return a boil of twenty minutes that began so long ago."""
    began = NOW - round(credit_s * 1000)
    return {
        "name": "boil.1", "required_s": 1200, "credit_s": credit_s, "counter_s": credit_s + 2, "began_at": began,
        "ends_at": began + 1206_000, "opens_at": began + 600_000 if late else 0, "closes_at": began + 900_000 if late else 0,
        "state": state,
    }  # fmt: skip


POTS: dict[int, dict[str, Any]] = {
    1: working(1, "HOLD_BOIL", "boil.1", 420, boil=boil(780, late=True)),
    2: working(2, "HEAT_TO_BOIL", "boil.1", 1500, boil=boil(0, state="heating")),
    3: working(3, "HOLD_BOIL", "boil.2", 65, boil=boil(1140)),
    4: working(4, "DRAIN", "drain.1", 40),
    5: working(5, "ADD_WATER", "water.2", 30),
    6: working(6, "HOLD_BOIL", "boil.1", 960, boil=boil(240)),
    7: {"next_batch": code("B", 7)},
    8: {"clean": False},
    9: working(
        9, "HOLD_BOIL", "boil.1", 0, held=True, boil=boil(612), link="stale", link_since=NOW - 96_000, age_s=96.0
    ),
    11: working(11, "HEAT_TO_BOIL", "boil.1", 1680, boil=boil(0, state="heating")),
    12: {"step": "RINSE", "state": "EXECUTE", "order_step": "rinse.1", "remaining_s": 120, "clean": False},
    14: {"fault": 3, "fault_zh": "温度传感器故障", "fault_en": "temperature sensor failed", "state": "ABORTED"},
    15: {"mode": "MANUAL"},
    16: {"link": "never", "age_s": -1.0},
}
"""What the pots do that are not idle."""

_TEMPERATURE = {"HOLD_BOIL": 99.6, "HEAT_TO_BOIL": 61.3, "DRAIN": 96.0, "ADD_WATER": 74.8, "RINSE": 86.2}


def machines() -> list[dict[str, Any]]:
    """Return every machine of the default plant."""
    found: list[dict[str, Any]] = []
    for number in range(1, 19):
        one = machine(f"pot-{number:02d}", "decoction", **POTS.get(number, {}))
        one |= {"volume_ml": [1500, 12000], "packer": f"pack-{(number - 1) // 3 + 1}"}
        one |= {"profile": "pot-opcua", "waiver": "opcua-none"} if number > 12 else {}
        quality = (
            ("stale", "link") if one["link"] != "fresh" else ("bad", "no sensor") if one["fault"] else ("good", "")
        )
        if one["link"] != "never":
            warm = _TEMPERATURE.get(one["step"], 22.5)
            one["readings"] = {
                "ActualTemperature": reading(warm + number / 100, "Cel", *quality, age_s=one["age_s"]),
                "SetTemperature": reading(100.0 if one["batch"] else 0.0, "Cel", *quality, age_s=one["age_s"]),
                "HeaterPower": reading(1.85 if one["batch"] else 0.0, "kW", *quality, age_s=one["age_s"]),
                "Level": reading(6240.0 if one["batch"] else 0.0, "mL", *quality, age_s=one["age_s"]),
            }
        found.append(one)
    for number in range(1, 21):
        busy = working(number, "SOAK", "soak", 60 * number) if number in {7, 8, 10, 12} else {}
        one = machine(f"soak-{number:02d}", "soaking", **busy)
        one["readings"] = {"Level": reading(5200.0 if busy else 0.0, "mL"), "ActualTemperature": reading(21.4, "Cel")}
        found.append(one)
    for number in range(1, 7):
        busy = working(71, "PACK", "pack", 90) if number == 2 else {}
        one = machine(f"pack-{number}", "packing", profile="packer-opcua", waiver="opcua-none", **busy)
        one["readings"] = {"Count": reading(9.0 if busy else 0.0, "1"), "SealTemperature": reading(138.0, "Cel")}
        found.append(one)
    for family, many in (("scale", 6), ("recheck", 3)):
        for number in range(1, many + 1):
            weight = 104.6 if number == 1 else 0.0
            found.append(machine(f"{family}-{number}", "scale", readings={"CurrentWeight": reading(weight, "g")}))
    for number, celsius in enumerate((21.3, 14.8, 15.2, 20.9), 1):
        readings = {"Temperature": reading(celsius, "Cel"), "Humidity": reading(52.0, "%RH")}
        found.append(machine(f"store-{number}", "storage", readings=readings))
    return found


RESPOND_MINUTES = {
    "fault": 5, "peer-distrusted": 15, "zone-excursion": 15, "mode": 15, "link-stale": 15, "rinse-cold": 30,
    "promise-missed": 120,
}  # fmt: skip
NEVER_SHELVED = frozenset({"fault", "peer-distrusted", "zone-excursion"})


def alarm(name: str, source: str, priority: str, state: str, minutes: int, **more: Any) -> dict[str, Any]:
    """Return one alarm."""
    seen = state in {"ACKED", "NORMAL"}
    return {
        "id": f"{name}:{source}", "rule": name, "source": source, "priority": priority, "state": state,
        "raised_at": NOW - minutes * MINUTE, "acknowledged_by": OPERATOR if seen else "",
        "acknowledged_at": NOW - (minutes - 1) * MINUTE if seen else 0,
        "cleared_at": NOW - MINUTE if state in {"RTNUN", "NORMAL"} else 0, "detail": "",
        "respond_minutes": RESPOND_MINUTES[name], "shelvable": name not in NEVER_SHELVED,
        "shelved_until": 0, "shelved_by": "", "suppressed_by": "", "recurrences": 0, "repeats": 0, "called": 0,
        "called_role": "", "out_by": "", "out_at": 0, "out_note": "", "cause_zh": "设备断电、网线松动或通信卡死。",
        "cause_en": "No power, a loose cable or a machine that hangs.", **more,
    }  # fmt: skip


def alarms() -> list[dict[str, Any]]:
    """Return alarms in every state."""
    return [
        alarm("link-stale", "pot-09", "high", "UNACK", 2, text_zh="与设备 pot-09 失去联系；显示值已过时，其锅次已暂停。",
              text_en="The road to pot-09 is lost; its values are old and its batch is on hold.",
              action_zh="请到设备旁查看真实状态，并检查电源和网络。",
              action_en="Look at the machine itself, and check its power and network."),
        alarm("fault", "pot-14", "medium", "ACKED", 31, text_zh="设备 pot-14 故障（代码 3）；不能接收新任务。",
              text_en="The machine pot-14 has a fault (code 3); it takes no new work.",
              action_zh="请到设备旁排除故障。", action_en="Go to the machine and clear the fault."),
        alarm("promise-missed", code("R", 3), "medium", "UNACK", 12, text_zh="处方 20261122-0003 已超过承诺时间。",
              text_en="The prescription 20261122-0003 is past its promise.",
              action_zh="请通知医院并优先处理。", action_en="Tell the hospital and put it first."),
        alarm("zone-excursion", "cool", "low", "RTNUN", 55, text_zh="库区 cool 超限（21.2 °C）；其中的批号已隔离。",
              text_en="The zone cool left its limits (21.2 °C); its lots are quarantined.",
              action_zh="请恢复库区环境，再由药师评估。", action_en="Bring the zone back inside its limits."),
        alarm("mode", "pot-15", "low", "NORMAL", 140, text_zh="设备 pot-15 不在生产模式；控制器不能指挥它。",
              text_en="The machine pot-15 is not in production mode.",
              action_zh="请确认现场安全后切回生产模式。", action_en="Switch back to production."),
        alarm("rinse-cold", "pot-08", "medium", "SHLVD", 25, shelved_until=NOW + 40 * MINUTE, shelved_by=PHARMACIST,
              detail="78.0 °C", text_zh="设备 pot-08 清洗水温一直不够（78.0 °C）。",
              text_en="The machine pot-08 does not rinse hot (78.0 °C).",
              action_zh="请检查加热与进水；清洗合格前不会再投料。", action_en="Look at its heater and inlet."),
        alarm("peer-distrusted", "pack-3", "high", "LATCH", 48, called=1, called_role="admin", repeats=23, recurrences=2,
              text_zh="设备 pack-3 的身份不可信；不接收其数据，也不向它发指令。",
              text_en="Whoever answers for pack-3 cannot be trusted; nothing is taken from it or asked of it.",
              cause_zh="证书错误、过期、未登记或被降级：shows an expired certificate",
              cause_en="A certificate that is wrong, expired or not pinned, or a downgrade: shows an expired certificate",
              detail="shows an expired certificate",
              action_zh="请核对设备和网络上有没有冒充者，再由管理员更新证书。",
              action_en="Make sure that nobody stands in for the machine; then an administrator renews the certificate."),
        alarm("mode", "pot-12", "low", "OOSRV", 1500, suppressed_by="out-of-service", out_by=PHARMACIST,
              out_at=NOW - 1600 * MINUTE, out_note="换加热管", text_zh="设备 pot-12 不在生产模式；控制器不能指挥它。",
              text_en="The machine pot-12 is not in production mode; the controller cannot direct it.",
              action_zh="请确认现场安全后切回生产模式。", action_en="Switch back to production."),
        alarm("link-stale", "pot-16", "medium", "DSUPR", 1, suppressed_by="links-lost:line",
              text_zh="与设备 pot-16 失去联系；显示值已过时，其锅次已暂停。",
              text_en="The road to pot-16 is lost; its values are old and its batch is on hold.",
              action_zh="请到设备旁查看真实状态，并检查电源和网络。", action_en="Look at the machine itself."),
    ]  # fmt: skip


def load(month: str) -> dict[str, Any]:
    """Return the load of alarms of a month."""
    frequent = [
        ("link-stale:pot-09", 41),
        ("mode:pot-15", 30),
        (f"promise-missed:{code('R', 3)}", 7),
        ("disk-low:line", 1),
    ]
    return {
        "month": month, "from_at": NOW - 22 * 24 * HOUR, "until_at": NOW, "consoles": 3, "window_minutes": 10, "flood_from": 10,
        "stale_hours": 24, "raised": 79, "average": 0.0083, "most": 4.33, "flood_share": 0.0, "stale": ["mode:pot-15"],
        "chattering": ["link-stale:pot-09", "rinse-cold:pot-08"], "share": {"high": 0.06, "medium": 0.52, "low": 0.42},
        "wanted": {"high": 0.05, "medium": 0.15, "low": 0.8}, "in_time": 0.94, "escalated": 5,
        "frequent": [{"alarm": name, "count": count} for name, count in frequent], "whole": True,
    }  # fmt: skip


def task(kind: str, number: int, role: str, **more: Any) -> dict[str, Any]:
    """Return one task of prescription `number`."""
    return {
        "kind": kind, "case": code("R", number), "batch": code("B", number), "prescription_no": f"20261122-{number:04d}",
        "role": role, "rank": NOW + number * 10 * MINUTE, "code": "", "into": "", "codes": [], "choices": [], "opens_at": 0,
        "closes_at": 0, "details": {}, "text_zh": kind, "text_en": kind, **more,
    }  # fmt: skip


def draw(number: int, herb: str, grams: float, lot: str = "") -> dict[str, Any]:
    """Return the next herb to weigh."""
    details = {
        "herb": herb,
        "grams": grams,
        "tolerance_g": round(grams * 0.05, 2),
        "times": 1,
        "lot": lot,
        "container": "pail",
    }
    return task("draw", number, "dispenser", into=code("T", number), codes=[code("D", herb)], details=details,
                text_zh=f"称取 {herb} {grams:g} g，1 次", text_en=f"Weigh {herb}, {grams:g} g, 1 times")  # fmt: skip


def tasks() -> list[dict[str, Any]]:
    """Return what people should do next."""
    hold_text = {"text_zh": "处理暂停：设备失联", "text_en": "Settle the hold: machine link lost"}
    return [
        *(task("review", number, "pharmacist", batch="", text_zh="审方", text_en="Review") for number in (31, 32, 33)),
        task("bind-pail", 22, "dispenser", into=code("B", 22), codes=[code("T", n) for n in (22, 23, 24)],
             text_zh="取空桶并绑定锅次", text_en="Take an empty pail and bind it"),
        draw(21, "黄芪", 105.0),
        draw(25, "白芍", 70.0, lot="BS-2026-11"),
        task("verify", 26, "checker", code=code("T", 26), text_zh="复核药桶", text_en="Verify the pail"),
        task("place-pail", 13, "operator", code=code("T", 13), into=code("V", "soak-13"), details={"machine": "soak-13"},
             text_zh="把药桶放到 soak-13", text_en="Place the pail in soak-13"),
        task("charge", 7, "operator", code=code("T", 7), into=code("V", "pot-07"), details={"machine": "pot-07"},
             text_zh="把药桶投入 pot-07", text_en="Charge the pail into pot-07"),
        task("add-late", 1, "operator", code=code("K", 1), into=code("V", "pot-01"), opens_at=NOW - 3 * MINUTE,
             closes_at=NOW + 2 * MINUTE, rank=NOW + 2 * MINUTE, details={"machine": "pot-01"},
             text_zh="把后下药包投入 pot-01", text_en="Add the late packet to pot-01"),
        task("add-late", 6, "operator", code=code("K", 6), into=code("V", "pot-06"), opens_at=NOW + 6 * MINUTE,
             closes_at=NOW + 11 * MINUTE, rank=NOW + 11 * MINUTE, details={"machine": "pot-06"},
             text_zh="把后下药包投入 pot-06", text_en="Add the late packet to pot-06"),
        task("separate", 3, "operator", code=code("K", 3),
             details={"herb": "阿胶", "grams": 63.0, "handling": "melt", "least_minutes": 5},
             text_zh="烊化 阿胶 63 g，至少 5 分钟", text_en="melt: 阿胶 63 g, at least 5 min"),
        task("hold", 9, "pharmacist", choices=["continue", "run_deficit", "scrap"],
             details={"reason": "link-stale", "machine": "pot-09", "note": ""}, **hold_text),
        task("hold", 11, "pharmacist", choices=["accept_deviation", "scrap"],
             details={"reason": "late-missed", "machine": "pot-11", "note": ""},
             text_zh="处理暂停：后下错过", text_en="Settle the hold: add-late missed"),
        task("excursion", 0, "pharmacist", case="", batch="cool", prescription_no="", choices=["accept_deviation"],
             text_zh="评估库区超限", text_en="Assess the excursion of the zone"),
        task("release", 41, "pharmacist", text_zh="核对并放行", text_en="Check and release"),
        task("release", 42, "pharmacist", text_zh="核对并放行", text_en="Check and release"),
        task("box", 43, "packer", into=code("P", 43), codes=[code("G", 43, n) for n in range(14)],
             text_zh="把药袋逐袋装箱", text_en="Put each bag into the parcel"),
        task("box-packet", 44, "packer", code=code("K", 44), into=code("P", 44), details={"herb": "三七粉"},
             text_zh="把 三七粉 药包装箱", text_en="Put the packet of 三七粉 into the parcel"),
        task("hand-over", 51, "packer", code=code("P", 51), details={"method": "courier"},
             text_zh="交付包裹（快递）", text_en="Hand the parcel over (courier)"),
        task("deliver", 52, "courier", code=code("P", 52), opens_at=NOW - 40 * MINUTE, details={"method": "courier"},
             text_zh="送达并确认签收", text_en="Deliver and confirm the receipt"),
    ]  # fmt: skip


def fact(seq: int, kind: str, minutes_ago: int, about: str, **body: Any) -> dict[str, Any]:
    """Return one fact that became true so many minutes ago."""
    at = NOW - minutes_ago * MINUTE
    return {"seq": seq, "at": at, "kind": kind, "about": about, "body": {"at": at, "case": about, **body}}


def checkpoint(
    gate: str, name: str, minutes: int, about: str = "", verdict: str = "passed", **more: Any
) -> dict[str, Any]:
    """Return one checkpoint."""
    return {
        "gate": gate, "name": name, "about": about, "verdict": verdict, "by": DISPENSER, "at": NOW - minutes * MINUTE,
        "value": None, "low": None, "high": None, "unit": "", "evidence": "", "attested": False, **more,
    }  # fmt: skip


def case(number: int, listed: dict[str, Any]) -> dict[str, Any]:
    """Return a prescription whole, from its line in the list."""
    in_review = listed["status"] in {"received", "in_review", "returned"}
    batch = None if in_review else _batch(number, listed)
    weighed = batch is not None and number != 21
    items = [
        {"herb": herb, "grams": grams, "handling": handling, "total_grams": grams * 7,
         "weighed": [round(grams * 7 * 1.004, 1)] if weighed else [], "lot": f"L{place:02d}-2610" if weighed else "",
         "drawer": code("D", herb) if weighed else ""}
        for place, (herb, grams, handling) in enumerate(HERBS)
    ]  # fmt: skip
    return {
        **listed,
        "doses": 7, "servings_per_dose": 2, "serving_ml": 200, "route": "oral", "recipe_class": "" if in_review else "general",
        "prescriber": "测试医师", "diagnosis": "气虚证", "items": items,
        "findings": findings() if number % 2 else [],
        "batches": [batch] if batch else [],
        "parcel": _parcel(number, listed) if listed["status"] in {"awaiting_handover", "in_transit"} else None,
        "timeline": timeline(number, listed["id"]),
    }  # fmt: skip


def findings() -> list[dict[str, Any]]:
    """Return one finding for each who may settle it."""
    return [
        {"rule": "dose-above-range", "herbs": ["细辛"], "settles": "prescriber", "text_zh": "细辛 5 g，超过每日 1-3 g。",
         "text_en": "细辛 5 g a day is above 1-3 g.", "source": "ChP 2020", "proposal": "", "overridden_by": "测试医师"},
        {"rule": "pregnancy-unknown", "herbs": ["桃仁"], "settles": "prescriber",
         "text_zh": "妊娠情况不详，方中有妊娠慎用药 桃仁。",
         "text_en": "Pregnancy is unknown and 桃仁 asks for caution.", "source": "ChP 2020", "proposal": "", "overridden_by": ""},
        {"rule": "class-not-stated", "herbs": [], "settles": "reviewer", "text_zh": "未说明方剂类别。",
         "text_en": "The class is not stated.", "source": "house", "proposal": "tonic", "overridden_by": ""},
        {"rule": "handling-missing", "herbs": ["砂仁"], "settles": "reviewer", "text_zh": "砂仁 应后下，处方未注明。",
         "text_en": "砂仁 is to be added late, which is not stated.", "source": "ChP 2020", "proposal": "add-late",
         "overridden_by": ""},
    ]  # fmt: skip


def _batch(number: int, listed: dict[str, Any]) -> dict[str, Any]:
    held = listed["status"] == "held"
    points = [
        *(checkpoint("source", "source.lot", 95, herb, evidence=f"L{place:02d}-2610")
          for place, (herb, *_) in enumerate(HERBS[:4])),
        *(checkpoint("review", "dispense.weight", 94, herb, value=grams * 7.03, low=grams * 6.65, high=grams * 7.35, unit="g")
          for herb, grams, _ in HERBS[:4]),
        checkpoint("storage", "storage.zone", 95, "room", value=21.3, low=10.0, high=30.0, unit="Cel", by="store-1"),
        checkpoint("review", "review.sign", 100, by=PHARMACIST),
        checkpoint("review", "verify.sign", 88, by=CHECKER),
        checkpoint("decoction", "soak.minutes", 45, value=36.0, low=30.0, high=120.0, unit="min", by="soak-03"),
        checkpoint("decoction", "pot.clean", 44, value=86.4, low=85.0, unit="Cel", by="pot-03"),
        checkpoint("decoction", "pail.match", 44, by=OPERATOR),
        checkpoint("decoction", "late.window", 20, verdict="failed" if held else "passed", value=12.5 if held else 7.2, low=4.0,
                   high=11.0, unit="min", by=OPERATOR),
        checkpoint("decoction", "separate.阿胶", 15, "阿胶", value=6.0, low=5.0, unit="min", by=OPERATOR, attested=True),
    ]  # fmt: skip
    hold = {"reason": "link-stale", "cause": "machine", "at": NOW - 2 * MINUTE, "choices": ["continue", "run_deficit", "scrap"],
            "machine": "pot-09", "note": "", "text_zh": "与 pot-09 失去联系。",
            "text_en": "The road to pot-09 is lost."}  # fmt: skip
    return {
        "id": listed["batch"], "attempt": 1, "stage": {"quality_check": "quality-check"}.get(listed["stage"], "boiling"),
        "opened_at": NOW - 100 * MINUTE, "pail": code("T", number), "pot": listed["machine"] or "pot-03", "packer": "pack-1",
        "soak_machine": "soak-03", "soak_began_at": NOW - 81 * MINUTE, "charged_at": NOW - 44 * MINUTE, "dispensers": [DISPENSER],
        "verifier": CHECKER, "operators": [OPERATOR], "released_by": "", "plan": PLAN,
        "boils": [boil(1200, late=True, state="ended"), {**boil(1140 if not held else 612), "name": "boil.2"}],
        "holds": [hold] if held else [],
        "deviations": [{"reason": "machine-attested", "note": "", "accepted_by": CHECKER,
                        "text_zh": "部分沸腾时间只有设备的计时为证。",
                        "text_en": "Some minutes at the boil are attested by the machine alone."}] if number % 2 else [],
        "bags": [code("G", number, n) for n in range(14)] if listed["stage"] == "quality_check" else [], "boxed": 0,
        "checkpoints": points, "missing": [["boil.2.minutes", ""], ["pack.count", ""], ["pack.seal", ""], ["release.sign", ""]],
    }  # fmt: skip


def _parcel(number: int, listed: dict[str, Any]) -> dict[str, Any]:
    away = listed["status"] == "in_transit"
    return {
        "code": code("P", number), "pickup_code": code("S", number), "method": listed["delivery"],
        "courier": COURIER if away else "", "handed_over_at": NOW - 40 * MINUTE if away else 0, "labels": ["冲服 三七粉 21 g"],
    }  # fmt: skip


def timeline(number: int, about: str) -> list[dict[str, Any]]:
    """Return the life of a prescription so far."""
    batch = code("B", number)
    return [
        fact(101, "PrescriptionReceived", 120, about, findings=[1, 2]),
        fact(102, "ReviewSigned", 100, about, by=PHARMACIST),
        fact(103, "BatchOpened", 100, about, batch=batch, attempt=1),
        fact(110, "PailBound", 97, about, batch=batch, pail=code("T", number), by=DISPENSER),
        fact(111, "DrawerScanned", 95, about, batch=batch, lot="L00-2610", by=DISPENSER),
        fact(112, "HerbWeighed", 94, about, batch=batch, grams=105.4, done=True, by=DISPENSER),
        fact(140, "BatchVerified", 88, about, batch=batch, by=CHECKER),
        fact(141, "SoakAssigned", 87, about, batch=batch, machine="soak-03", pot="pot-03"),
        fact(150, "PailPlaced", 82, about, batch=batch, machine="soak-03", by=OPERATOR),
        fact(151, "SoakBegan", 81, about, batch=batch),
        fact(160, "PailCharged", 44, about, batch=batch, pot="pot-03", by=OPERATOR),
        fact(161, "OrderIssued", 44, about, batch=batch, machine="pot-03", verb="decoct", step="boil.1"),
        fact(170, "BoilBegan", 27, about, batch=batch, name="boil.1"),
        fact(175, "LateAdded", 20, about, batch=batch, by=OPERATOR, minutes=7.2),
        fact(180, "CheckpointRecorded", 20, about, batch=batch,
             checkpoint=checkpoint("decoction", "late.window", 20, verdict="passed", by=OPERATOR)),
        fact(190, "HoldPlaced", 2, about, batch=batch, hold={"reason": "link-stale", "machine": "pot-09"}),
    ]  # fmt: skip


def recent() -> list[dict[str, Any]]:
    """Return the last facts of the line, oldest first."""
    return [
        fact(5101, "OrderAccepted", 9, code("R", 6), machine="pot-06", batch=code("B", 6)),
        fact(5102, "BoilBegan", 8, code("R", 6), name="boil.1", batch=code("B", 6)),
        fact(5103, "BatchVerified", 6, code("R", 13), by=CHECKER, batch=code("B", 13)),
        fact(5104, "AlarmRaised", 2, "link-stale:pot-09", rule="link-stale", source="pot-09"),
        fact(
            5105, "HoldPlaced", 2, code("R", 9), hold={"reason": "link-stale", "machine": "pot-09"}, batch=code("B", 9)
        ),
        fact(5106, "BatchPacked", 1, code("R", 41), count=14, batch=code("B", 41)),
    ]


def curve(batch: str, machine_id: str) -> dict[str, Any]:
    """Return a heat-up, a boil, and a gap of some minutes in it."""
    points: list[dict[str, Any]] = []
    for minute in range(45):
        at = NOW - (45 - minute) * MINUTE
        celsius = min(99.6, 22.0 + minute * 3.4) + (0.1 if minute % 2 else -0.1)
        if minute == 33:
            points.append({"at": at, "value": None, "quality": "stale"})
        elif not 33 < minute < 38:
            points.append({"at": at, "value": celsius, "quality": "bad" if minute == 12 else "good"})
    return {
        "batch": batch,
        "machine": machine_id,
        "tag": "ActualTemperature",
        "unit": "Cel",
        "boil_celsius": 99.5,
        "points": points,
    }


@dataclass
class Line:
    """Everything that the fake controller answers with."""

    rows: list[dict[str, Any]] = field(default_factory=rows)
    machines: list[dict[str, Any]] = field(default_factory=machines)
    alarms: list[dict[str, Any]] = field(default_factory=alarms)
    tasks: list[dict[str, Any]] = field(default_factory=tasks)
    facts: list[dict[str, Any]] = field(default_factory=recent)
    people: dict[str, str] = field(default_factory=lambda: dict(PEOPLE))
    name: str = "示例煎药中心"
    timezone: str = "Asia/Shanghai"
    speed: int = 1
    now: int = NOW

    def case(self, id_: str) -> dict[str, Any] | None:
        """Return one prescription, whole; those that only tasks name get a line of their own."""
        for number in range(80):
            if code("R", number) == id_:
                listed = next((one for one in self.rows if one["id"] == id_), None) or row(number, "dispensing")
                return case(number, listed)
        return None

    def glance(self) -> dict[str, Any]:
        """Return the line at a glance."""
        counts: dict[str, int] = {}
        for one in self.rows:
            counts[one["status"]] = counts.get(one["status"], 0) + 1
        return {
            "line": "A", "name": self.name, "timezone": self.timezone, "now": self.now, "speed": self.speed,
            "seq": self.facts[-1]["seq"] if self.facts else 0,
            "counts": counts, "late": sum(one["late"] for one in self.rows),
            "at_risk": sum(one["promise_at_risk"] for one in self.rows), "alarms": {"UNACK": 2, "ACKED": 1, "RTNUN": 1},
            "waivers": [one["id"] for one in self.machines if one["waiver"]],
            "out_of_service": [one["id"] for one in self.machines if one["out_by"]],
            "stations": [
                {"id": "review-1", "name_zh": "审方台1", "name_en": "review desk 1"},
                {"id": "floor-1", "name_zh": "煎药区1", "name_en": "decoction floor 1"},
            ],
        }  # fmt: skip
