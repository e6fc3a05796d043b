"""Whose timeline a fact belongs to: its case where it has one, else its machine, zone or alarm."""

from __future__ import annotations

from typing import Protocol


class _HasCase(Protocol):
    @property
    def case(self) -> str: ...


class _HasMachine(Protocol):
    @property
    def machine(self) -> str: ...


class _HasZone(Protocol):
    @property
    def zone(self) -> str: ...


class _HasAlarm(Protocol):
    @property
    def alarm(self) -> str: ...


class OfCase:
    """A fact in the timeline of its prescription."""

    __slots__ = ()

    @property
    def about(self: _HasCase) -> str:
        """Whose timeline this belongs to."""
        return self.case


class OfMachine:
    """A fact in the timeline of its machine."""

    __slots__ = ()

    @property
    def about(self: _HasMachine) -> str:
        """Whose timeline this belongs to."""
        return self.machine


class OfZone:
    """A fact in the timeline of its zone."""

    __slots__ = ()

    @property
    def about(self: _HasZone) -> str:
        """Whose timeline this belongs to."""
        return self.zone


class OfAlarm:
    """A fact in the timeline of its alarm."""

    __slots__ = ()

    @property
    def about(self: _HasAlarm) -> str:
        """Whose timeline this belongs to."""
        return self.alarm
