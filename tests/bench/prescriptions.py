"""Prescriptions of fourteen herbs that nobody has anything against, as hospitals post them; no two of one number differ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

HERBS = (
    "桂枝",
    "白芍",
    "白术",
    "当归",
    "党参",
    "黄芪",
    "陈皮",
    "川芎",
    "熟地黄",
    "柴胡",
    "黄芩",
    "大枣",
    "炙甘草",
    "生姜",
)


def body(number: int, *, hospital: str, issued_at: int, herbs: tuple[str, ...] = HERBS) -> dict[str, Any]:
    """Return the body of `POST /api/v1/prescriptions`. `issued_at`: ms."""
    person = f"测试患者{number:06}"
    return {
        "hospital": hospital,
        "prescription_no": f"BENCH-{number:07}",
        "version": 1,
        "issued_at": datetime.fromtimestamp(issued_at // 1000, UTC).isoformat(),
        "patient": {"id": f"B{number}", "name": person, "sex": "male", "birth_date": "1960-01-01", "pregnant": False,
                    "lactating": False, "allergies": []},
        "prescriber": {"name": "测试医师01", "department": "中医科", "overrides": []},
        "diagnosis": "测试",
        "pattern": "",
        "doses": 7,
        "servings_per_dose": 2,
        "serving_ml": 200,
        "route": "oral",
        "urgency": "routine",
        "preparation": "decoct",
        "class": "general",
        "items": [{"herb": herb, "grams": 6.0, "handling": "none"} for herb in herbs],
        "delivery": {"method": "courier", "recipient": person, "phone": "13800000000", "address": "测试镇测试村1号"},
    }  # fmt: skip
