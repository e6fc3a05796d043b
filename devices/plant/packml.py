"""The numbers a machine shows on the wire; those of OPC 30050 (PackML) where it has them."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(IntEnum):
    """The PackML states that these machines stop in; they pass through the transient ones at once."""

    STOPPED = 2
    IDLE = 4
    EXECUTE = 6
    ABORTED = 9
    HELD = 11
    COMPLETE = 17


class Mode(IntEnum):
    """Who commands: the line (PRODUCE) or a person at the panel (MANUAL)."""

    PRODUCE = 1
    MANUAL = 3


class Step(IntEnum):
    """The phase a machine is in; NONE between phases."""

    NONE = 0
    CHARGE = 1
    ADD_WATER = 2
    HEAT_TO_BOIL = 3
    HOLD_BOIL = 4
    DRAIN = 5
    RINSE = 6
    SOAK = 7
    PACK = 8
    FLUSH = 9


class Status(IntEnum):
    """What became of the last order the machine took."""

    NONE = 0
    RUNNING = 1
    FINISHED = 2
    FAILED = 3


class Reason(IntEnum):
    """Why an order was not taken; NONE when it was."""

    NONE = 0
    EPOCH = 1
    DUPLICATE = 2
    BUSY = 3
    CHECKSUM = 4
    PARAMETER = 5
    MODE = 6
    VERB = 7


class Fault(StrEnum):
    """What these machines can find wrong with themselves; each maker has a number of its own for it."""

    DRY_BOIL = "dry-boil"
    SENSOR = "sensor"
    HEARTBEAT = "heartbeat"


WORDS: Mapping[str, Mapping[str, int]] = {
    "StateCurrent": {
        "Clearing": 1,
        "Stopped": 2,
        "Starting": 3,
        "Idle": 4,
        "Suspended": 5,
        "Execute": 6,
        "Stopping": 7,
        "Aborting": 8,
        "Aborted": 9,
        "Holding": 10,
        "Held": 11,
        "Unholding": 12,
        "Suspending": 13,
        "Unsuspending": 14,
        "Resetting": 15,
        "Completing": 16,
        "Complete": 17,
    },
    "UnitModeCurrent": {"Produce": 1, "Maintenance": 2, "Manual": 3},
    "StepCurrent": {
        "None": 0,
        "Charge": 1,
        "AddWater": 2,
        "HeatToBoil": 3,
        "HoldBoil": 4,
        "Drain": 5,
        "Rinse": 6,
        "Soak": 7,
        "Pack": 8,
        "Flush": 9,
    },
    "OrderStatus": {"None": 0, "Running": 1, "Finished": 2, "Failed": 3},
    "RefusedReason": {
        "None": 0,
        "Epoch": 1,
        "Duplicate": 2,
        "Busy": 3,
        "Checksum": 4,
        "Parameter": 5,
        "Mode": 6,
        "Verb": 7,
    },
}
"""Tag -> the words that tables use for these numbers."""
