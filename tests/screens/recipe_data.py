"""A recipe table that waits for its signature, as the API tells of it: changes in five layers, a contradiction, old versions."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.screens.plant_data import MINUTE, NOW, PHARMACIST, task

_DAY = 24 * 60 * MINUTE
VERSION, DIGEST = "rs-tcm-2027-1", sha256(b"a recipe table").hexdigest()
_CHANGES = (
    ("classes.tonic.boil_minutes", "site classes.tonic", "[45, 35]", "[50, 30]"),
    ("classes.tonic.kinds.sealed.boil_minutes", "classes.tonic.kinds.sealed", "[20, 15]", "[25, 20]"),
    ("classes.tonic.soak_minutes", "site classes.tonic", "-", "60"),
    ("kinds.sealed.heat_up_minutes", "site kinds.sealed", "30", "35"),
    (
        "pots",
        "site",
        '["open", "circulating", "hopper", "concentrating", "sealed"]',
        '["open", "circulating", "hopper"]',
    ),
    ("separate_minutes.decoct-separately", "general", "120", "150"),
    ("seal_celsius", "site", "[120.0, 150.0]", "[125.0, 150.0]"),
    ("soak_minutes", "site", "30", "40"),
    ("version", "site", '"2026-2"', f'"{VERSION}"'),
)
_FLAW = {
    "place": "pots",
    "rule": "no-class",
    "text_zh": "本中心密闭型的锅没有任何方剂类别可用",
    "text_en": "no class may be cooked in the pots of kind sealed that this site has",
}


def recipe(**changes: Any) -> dict[str, Any]:
    """Return the answer of `GET /api/v1/recipe`."""
    return {
        "version": VERSION,
        "digest": DIGEST,
        "approved": False,
        "content": {},
        "versions": [
            {"version": "2026-1", "digest": "1" * 64, "by": "", "at": NOW - 300 * _DAY, "note": "simulated"},
            {"version": "2026-2", "digest": "2" * 64, "by": PHARMACIST, "at": NOW - 90 * _DAY, "note": "药事会八月"},
        ],
        "before": "2026-2",
        "changes": [dict(zip(("place", "layer", "old", "new"), one, strict=True)) for one in _CHANGES],
        "flaws": [_FLAW],
        **changes,
    }


def recipe_task() -> dict[str, Any]:
    """Return the task that asks for the signature."""
    return task(
        "recipe", 0, "pharmacist", case="", batch="", prescription_no="",
        details={"version": VERSION},
        text_zh=f"批准配方表 {VERSION}", text_en=f"Approve the recipe table {VERSION}",
    )  # fmt: skip
