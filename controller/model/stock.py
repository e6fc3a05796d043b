"""Herb stock: lots in drawers, in zones that a sensor watches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot of one herb. `expires_at`: ms. `quarantined`: its zone was out of limits and nobody has assessed it."""

    id: str
    herb: str
    producer: str
    inspection_passed: bool
    inspection: str
    expires_at: int
    received_at: int
    zone: str
    drawer: str
    quarantined: bool = False
    deviation_by: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """One storage zone. Limits in degrees C and % relative humidity. `seen_at`: last good reading, ms, 0 before the first.

    `excursion_at`: when it left its limits, 0 while inside and assessed.
    """

    id: str
    name_zh: str
    name_en: str
    celsius: tuple[float, float]
    humidity: tuple[float, float]
    sensor: str
    first_at: int = 0
    excursion_at: int = 0
    excursion_value: float = 0.0
    out: bool = False
