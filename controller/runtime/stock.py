"""The stock file as the line's lots: what arrived, from whom, whether it passed inspection, and in which drawer it is.

One `[[lot]]` each: id, herb, producer, inspection = "passed" | "failed", inspection_no, expires and received (dates), zone,
drawer (its code). Read at start; every problem is named at once: what is wrong in one place of a row hides nothing else of it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from controller.config import STRICT, ConfigError, check, misfits, read_toml, text_rows
from controller.model.codes import DRAWER, unsound
from controller.model.stock import Lot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
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
    raw = read_toml(config.stock)
    if problems := [*misfits(_FILE, raw, config.stock), *_problems(raw, config, herbs)]:
        raise ConfigError(problems)
    return tuple(_lot(row, config.timezone) for row in check(_FILE, raw, config.stock).lot)


def herbs_without_lot(config: Config, herbs: Collection[str]) -> tuple[str, ...]:
    """Return the herbs that no lot which passed inspection can give, as far as the stock file can be read. Raises ConfigError."""
    rows = text_rows(read_toml(config.stock), "lot")
    there = {row.get("herb") for row in rows if row.get("inspection") == "passed"}
    return tuple(herb for herb in herbs if herb not in there)


def _problems(raw: Mapping[str, Any], config: Config, herbs: Collection[str]) -> Iterator[str]:
    """Say what does not go together, of every row that has the text in question, whatever else is wrong with it."""
    name, rows, zones = config.stock.name, text_rows(raw, "lot"), {zone.id for zone in config.zones}
    for field in ("id", "drawer"):
        seen = Counter(row[field] for row in rows if field in row)
        yield from (f"{name}: lot.{field}: {text!r} is there twice" for text, count in seen.items() if count > 1)
    for index, row in enumerate(rows):
        if (herb := row.get("herb")) is not None and herb not in herbs:
            yield f"{name}: lot[{index}].herb: {herb!r} is not in the formulary"
        if (zone := row.get("zone")) is not None and zone not in zones:
            yield f"{name}: lot[{index}].zone: there is no zone {zone!r}"
        if (drawer := row.get("drawer")) is not None and (wrong := unsound(drawer, DRAWER)):
            yield f"{name}: lot[{index}].drawer: {wrong}"


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
