"""A record put in order for the eye, once for every kind of paper: headings, pairs and tables, in Chinese with English below.

All texts are plain; whoever prints a block makes them inert for its own form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.model.checkpoint import Gate
from controller.model.prescription import Handling
from controller.render.curve import Curve, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controller.render.curve import Samples
    from controller.render.record import BatchEntry, Record
    from controller.texts import Texts

TITLE = ("中药代煎批记录", "Decoction batch record")
GATES = tuple(Gate)
_TABLED = frozenset(
    {
        "BagBoxed",
        "BoilMeasured",
        "CheckpointRecorded",
        "DrawerScanned",
        "HerbWeighed",
        "OrderAccepted",
        "OrderFinished",
        "OrderIssued",
    }
)
"""Facts that the tables above the timeline tell already."""
_UNITS = {"Cel": " ℃", "1": ""}
_BADGE_END, _CLOCK = 4, 5
_RECEIPT = "delivery.receipt"


@dataclass(frozen=True, slots=True)
class Heading:
    """A title of a section. `level`: 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels with their values, printed side by side."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `widths`: parts of the page's width. `bad`: rows to be marked."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]
    bad: frozenset[int] = frozenset()


Block = Heading | Pairs | Grid | Curve


def blocks(record: Record, texts: Texts, samples: Mapping[str, Samples] | None = None) -> Iterator[Block]:
    """Give the blocks of a record, top to bottom. `samples`: what was measured, by batch."""
    page = _Page(record, texts, samples or {})
    yield Pairs(page.head())
    yield Heading("患者 Patient")
    yield Pairs(page.patient())
    yield Heading("处方 Prescription")
    yield Pairs(page.prescription())
    yield page.findings()
    for batch in record["batches"]:
        yield from page.batch(batch)
    if record["delivery"]:
        yield Heading("交付 Delivery")
        yield Pairs(page.delivery())
    yield Heading("签名 Signatures")
    yield page.signatures()
    yield Heading("时间线（其余见上表） Timeline, beside the tables above")
    yield page.timeline()


class _Page:
    def __init__(self, record: Record, texts: Texts, samples: Mapping[str, Samples]) -> None:
        self._record = record
        self._texts = texts
        self._samples = samples

    def head(self) -> list[tuple[str, str]]:
        record = self._record
        return [
            ("中心 Centre", record["site"]),
            ("医院 Hospital", f"{record['hospital']['name']} {record['hospital']['code']}".strip()),
            ("处方号 Prescription no.", self._of("prescription_no")),
            ("版本 Version", self._of("version")),
            ("接收 Received", self._at(record["received_at"])),
            ("承诺 Promised", self._at(record["promised_at"])),
            ("结束 Ended", f"{self._word('status', record['end'])} {self._at(record['ended_at'])}"),
            ("打印 Printed", self._at(record["printed_at"])),
        ]

    def patient(self) -> list[tuple[str, str]]:
        patient = self._record["patient"]
        allergies = patient["allergies"]
        return [
            ("姓名 Name", patient["name"]),
            ("识别码 Second identifier", patient["second"]),
            ("性别 Sex", self._word("sex", patient["sex"])),
            ("年龄 Age", str(patient["age_years"])),
            ("妊娠 Pregnant", _known(patient["pregnant"])),
            ("哺乳 Lactating", _known(patient["lactating"])),
            ("过敏 Allergies", "不详 unknown" if allergies is None else ", ".join(allergies) or "无 none"),
            ("诊断 Diagnosis", self._record["diagnosis"] or "-"),
        ]

    def prescription(self) -> list[tuple[str, str]]:
        doses = f"{self._of('doses')} × {self._of('servings_per_dose')} × {self._of('serving_ml')} mL"
        return [
            ("医师 Prescriber", self._of("prescriber")),
            ("剂 × 次 × 量 Doses × servings × volume", doses),
            ("用法 Route", self._word("route", self._of("route"))),
            ("方式 Preparation", self._word("preparation", self._of("preparation"))),
            ("类别 Class", self._word("recipe_class", self._of("recipe_class"))),
            ("缓急 Urgency", self._word("urgency", self._of("urgency"))),
        ]

    def findings(self) -> Grid:
        signed = {
            (one["rule"], tuple(sorted(one["herbs"]))): f"{one['signed_by']}：{one['reason']}"
            for one in self._record["prescription"].get("overrides", [])
        }
        rows = [
            (one["text_zh"], one["text_en"], signed.get((one["rule"], tuple(sorted(one["herbs"]))), ""))
            for one in self._record["findings"]
        ]
        return Grid(
            ("审方意见 Finding", "English", "医师再次签字 Signed again"), rows or [("无 none", "", "")], (4, 4, 3)
        )

    def batch(self, batch: BatchEntry) -> Iterator[Block]:
        yield Heading(f"锅次 Batch {batch['id']}")
        yield Pairs(self._batch_head(batch))
        yield Heading("调剂 Dispensing", 2)
        yield self._herbs(batch)
        if batch["boils"]:
            yield Heading("煎煮 Decoction", 2)
            yield self._boils(batch)
            yield from self._curve(batch)
            yield self._orders(batch)
        if batch["settings"]:
            yield Heading("配方参数 Recipe numbers", 2)
            yield self._settings(batch)
        if batch["additions"]:
            yield Heading("投药 Additions", 2)
            rows = [
                (
                    self._word("addition", one["what"]),
                    self._at(one["at"]),
                    self._who(one["by"]),
                    _number(one["minutes"], "min"),
                )
                for one in batch["additions"]
            ]
            yield Grid(("内容 What", "时间 At", "人员 By", "分钟 Minutes"), rows, (3, 3, 3, 2))
        yield Heading("五个关口 The five gates", 2)
        yield self._checkpoints(batch)
        if batch["holds"]:
            yield Heading("暂停与偏差 Holds and deviations", 2)
            yield self._holds(batch)

    def _batch_head(self, batch: BatchEntry) -> list[tuple[str, str]]:
        soak, machines = batch["soak"], batch["machines"]
        soaked = "-"
        if soak.get("began_at"):
            minutes = (soak["charged_at"] - soak["began_at"]) / 60_000 if soak.get("charged_at") else None
            soaked = f"{self._at(soak['began_at'])}，{_number(minutes, 'min')}，{soak['water_ml']} mL"
        bags = f"{batch['packed']} / {batch['planned_bags']}" if batch["boils"] else "-"
        return [
            ("第几次 Attempt", f"{batch['attempt']} {batch['replaces']}".strip()),
            ("状态 End", f"{self._word('stage', batch['end'])} {self._at(batch['ended_at'])}"),
            ("设备 Machines", ", ".join(machines.values()) or "-"),
            ("浸泡 Soak", soaked),
            ("袋数 Bags", bags),
            ("规则版本 Recipe, formulary", f"{batch['recipe_version']}, {batch['formulary_version']}"),
        ]

    def _herbs(self, batch: BatchEntry) -> Grid:
        rows = [
            (
                herb["herb"],
                "-" if herb["handling"] == Handling.NONE else self._word("handling", herb["handling"]),
                f"{herb['times']} × {herb['grams']:g} ± {herb['tolerance_g']:g}",
                ", ".join(f"{grams:g}" for grams in herb["weighed"]) or "-",
                herb["lot"] or "-",
                self._who(herb["by"]),
            )
            for herb in batch["herbs"]
        ]
        head = ("药名 Herb", "煎法 Handling", "应称 Planned g", "实称 Weighed g", "批号 Lot", "人员 By")
        return Grid(head, rows, (4, 4, 4, 3, 3, 4))

    def _settings(self, batch: BatchEntry) -> Grid:
        rows = [
            (
                self._word("setting", one["name"]),
                ", ".join(f"{value:g}" for value in one["values"]),
                " ".join(self._word("layer", layer) for layer in one["layer"].split()),
            )
            for one in batch["settings"]
        ]
        return Grid(("参数 Number", "数值 Value", "由哪一层设定 Set by"), rows, (5, 2, 4))

    def _boils(self, batch: BatchEntry) -> Grid:
        rows = [
            (
                self._word("step", boil["name"]),
                self._at(boil["began_at"]),
                _minutes(boil["required_s"]),
                _minutes(boil["credit_s"]),
                _minutes(boil["covered_s"]),
                _minutes(boil["counter_s"]),
                "合格 settled" if boil["settled"] else "-",
            )
            for boil in batch["boils"]
        ]
        head = (
            "煎次 Boil",
            "沸腾 Began",
            "应煎 Required",
            "记录 Credited",
            "设备补证 Covered",
            "设备计时 Machine",
            "结论 Verdict",
        )
        return Grid(head, rows, (4, 5, 4, 4, 4, 4, 4))

    def _curve(self, batch: BatchEntry) -> Iterator[Block]:
        samples = self._samples.get(batch["id"])
        curve = drawn(samples, lambda at: self._at(at)[-_CLOCK:]) if samples else None
        if curve:
            yield Heading("温度曲线，虚线为沸腾线，灰底为无数据 Temperature; dashed: the boil line; grey: no data", 2)
            yield curve

    def _orders(self, batch: BatchEntry) -> Grid:
        rows = [
            (
                f"{one['machine']} {one['number']}",
                self._word("step", one["step"]),
                self._at(one["issued_at"]),
                self._at(one["ended_at"]),
                self._word("outcome", one["outcome"]),
            )
            for one in batch["orders"]
        ]
        bad = frozenset(index for index, one in enumerate(batch["orders"]) if one["outcome"] not in ("finished", ""))
        head = ("设备 指令 Machine, order", "步骤 Step", "发出 Issued", "结束 Ended", "结果 Outcome")
        return Grid(head, rows, (4, 5, 4, 4, 4), bad)

    def _checkpoints(self, batch: BatchEntry) -> Grid:
        ordered = sorted(batch["checkpoints"], key=lambda one: (GATES.index(one["gate"]), one["at"]))
        rows = [
            (
                self._word("gate", one["gate"]),
                self._checked(one),
                self._measured(one),
                self._word("verdict", one["verdict"]) + (" 口述 attested" if one["attested"] else ""),
                self._who(one["by"]),
                self._at(one["at"]),
            )
            for one in ordered
        ]
        bad = frozenset(index for index, one in enumerate(ordered) if one["verdict"] != "passed")
        head = (
            "关口 Gate",
            "检查 Checkpoint",
            "实测（限度） Value (limits)",
            "结论 Verdict",
            "人员 设备 By",
            "时间 At",
        )
        return Grid(head, rows, (70, 101, 111, 79, 82, 72), bad)

    def _holds(self, batch: BatchEntry) -> Grid:
        rows = [
            (
                self._word("reason", one["reason"]),
                f"{one['machine']} {one['note']}".strip() or "-",
                self._at(one["at"]),
                self._at(one["ended_at"]),
                f"{self._word('choice', one['choice'])} {self._who(one['by'])} {one['end_note']}".strip(),
            )
            for one in batch["holds"]
        ]
        head = ("原因 Reason", "设备 说明 Machine, note", "开始 From", "解除 Until", "处理 Settled by")
        return Grid(head, rows, (4, 4, 4, 4, 5), frozenset(range(len(rows))))

    def delivery(self) -> list[tuple[str, str]]:
        delivery = self._record["delivery"]
        return [
            ("包裹 Parcel", delivery.get("parcel", "-")),
            ("方式 Method", self._word("method", self._of("delivery"))),
            ("交给 Handed to", self._who(delivery.get("to", ""))),
            ("交付 Handed over", f"{self._at(delivery.get('handed_over_at', 0))} {self._who(delivery.get('by', ''))}"),
            (
                "结果 Outcome",
                f"{self._word('outcome', delivery.get('outcome', ''))} {self._at(delivery.get('confirmed_at', 0))}",
            ),
            ("说明 Note", delivery.get("note", "") or "-"),
        ]

    def signatures(self) -> Grid:
        rows = [
            (
                self._word("act", one["act"]),
                self._who(one["badge"]),
                self._at(one["at"]),
                f"{one['batch']} {one['note']}".strip() or "-",
            )
            for one in self._record["signatures"]
        ]
        return Grid(("含义 Meaning", "签名 Signed by", "时间 At", "对象 说明 About"), rows, (3, 5, 4, 8))

    def timeline(self) -> Grid:
        rows: list[tuple[str, str, str, str]] = []
        for one in self._record["timeline"]:
            if one["kind"] in _TABLED:
                continue
            text = self._texts.say("done", one["kind"], one["body"])
            rows.append((str(one["seq"]), self._at(one["at"]), text.zh, text.en))
        return Grid(("序号 No.", "时间 At", "事实 Fact", "English"), rows, (2, 4, 7, 7))

    def _of(self, key: str) -> str:
        value = self._record["prescription"].get(key)
        return "" if value is None else str(value)

    def _at(self, at: int) -> str:
        return self._texts.moment(at)

    def _checked(self, point: dict[str, Any]) -> str:
        """Name a checkpoint, what it is about, and of a boil which one: `boil.2` of `boil.2.minutes`."""
        name, about = point["name"], point["about"]
        if name.startswith("boil.") and not about:
            about = self._word("step", name.removesuffix(".minutes"))
        return f"{self._word('checkpoint', name)} {about}".strip()

    def _measured(self, point: dict[str, Any]) -> str:
        """Show value and limits of a checkpoint, else what proves it."""
        value, low, high, unit = point["value"], point["low"], point["high"], point["unit"]
        if value is None:
            return self._word("outcome", point["evidence"]) if point["name"] == _RECEIPT else point["evidence"] or "-"
        unit = _UNITS.get(unit, f" {unit}")
        if low is None:
            return f"{value:g}{unit}"
        return f"{value:g}{unit}（{low:g}–{high:g}）" if high is not None else f"{value:g}{unit}（≥ {low:g}）"

    def _word(self, group: str, key: str) -> str:
        if not key:
            return "-"
        text = self._texts.label(group, key)
        return text.zh if text.zh == text.en else f"{text.zh} {text.en}"

    def _who(self, badge: str) -> str:
        if not badge:
            return "-"
        name = self._record["people"].get(badge, "")
        return f"{name} #{badge[-_BADGE_END:]}" if name else badge


def _known(value: bool | None) -> str:  # noqa: FBT001 - three states of one answer
    return {True: "是 yes", False: "否 no", None: "不详 unknown"}[value]


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g} {unit}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
