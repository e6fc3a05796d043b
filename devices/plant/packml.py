"""The numbers a machine shows on the wire; those of OPC 30050 (PackML) where it has them."""

from __future__ import annotations

from enum import IntEnum


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


class FaultCode(IntEnum):
    """The fault numbers of the profiles that these machines can raise by themselves."""

    DRY_BOIL = 1
    SENSOR = 3
    HEARTBEAT = 4
