"""The stock file as the line's lots: what arrived, from whom, whether it passed inspection, and in which drawer it is.

One `[[lot]]` each: id, herb, producer, inspection = "passed" | "failed", inspection_no, expires and received (dates), zone,
drawer (its code). Read at start; every problem is named at once.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from controller.config import STRICT, ConfigError, check, read_toml
from controller.model.codes import DRAWER, is_sound
from controller.model.stock import Lot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import tzinfo

    from controller.config import Config

_Word = Annotated[str, Field(min_length=1, max_length=60)]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Lot:
    id: _Word
    herb: _Word
    producer: _Word
    inspection: Literal["passed", "failed"]
    inspection_no: _Word
    expires: date
    received: date
    zone: _Word
    drawer: _Word


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _File:
    lot: tuple[_Lot, ...] = ()


_FILE = TypeAdapter(_File)


def load_lots(config: Config, herbs: Collection[str]) -> tuple[Lot, ...]:
    """Read the site's stock file. `herbs`: the names of the formulary. Raises ConfigError with every problem."""
    rows = check(_FILE, read_toml(config.stock), config.stock).lot
    problems = [f"{config.stock.name}: {problem}" for problem in _problems(rows, config, herbs)]
    if problems:
        raise ConfigError(problems)
    return tuple(_lot(row, config.timezone) for row in rows)


def _problems(rows: tuple[_Lot, ...], config: Config, herbs: Collection[str]) -> Iterator[str]:
    zones = {zone.id for zone in config.zones}
    for field in ("id", "drawer"):
        seen = Counter(getattr(row, field) for row in rows)
        yield from (f"lot.{field}: {name!r} is there twice" for name, count in seen.items() if count > 1)
    for index, row in enumerate(rows):
        if row.herb not in herbs:
            yield f"lot[{index}].herb: {row.herb!r} is not in the formulary"
        if row.zone not in zones:
            yield f"lot[{index}].zone: there is no zone {row.zone!r}"
        if not (row.drawer.startswith(f"{DRAWER}-") and is_sound(row.drawer)):
            yield f"lot[{index}].drawer: {row.drawer!r} is not a code {DRAWER}-… with its check character"


def _lot(row: _Lot, zone: tzinfo) -> Lot:
    return Lot(
        id=row.id,
        herb=row.herb,
        producer=row.producer,
        inspection_passed=row.inspection == "passed",
        inspection=row.inspection_no,
        # Good until the end of its last day.
        expires_at=_midnight(row.expires + timedelta(days=1), zone),
        received_at=_midnight(row.received, zone),
        zone=row.zone,
        drawer=row.drawer,
    )


def _midnight(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000
