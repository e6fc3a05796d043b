"""What became of an order is what the machine says of its number, never what we think we sent. Pure.

Three kinds. `echo`: the machine keeps the number of the last order it accepted, so reading it settles every doubt.
`busy`: it has left its rest since we wrote, and from then on `standing` concludes what it does from its state. `none`: only
the answer on the wire. Where a kind cannot tell, the receipt is Unknown and a person decides. A `stop` alone may be said
twice: it is done when the machine rests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from devices.codec import checked_text
from devices.errors import CodecError, LinkRefused
from devices.model import Accepted, Failed, Finished, Mode, OrderStatus, Refused, RefusedReason, State, Unknown

if TYPE_CHECKING:
    from devices.errors import DeviceError
    from devices.model import Order, Receipt, Snapshot
    from devices.profile import Profile

STOP: Final = "stop"
_MAX: Final = 0xFFFF_FFFF
_AT_REST: Final = frozenset({State.IDLE, State.STOPPED, State.COMPLETE})
_BROKEN_OFF: Final = frozenset({State.STOPPED, State.ABORTED, State.HELD})
_TELLS_NOTHING: Final = frozenset({State.IDLE, State.UNDEFINED, State.RESETTING})
_WIRE: Final = {
    3: RefusedReason.PARAMETER,  # Modbus: illegal data value
    6: RefusedReason.BUSY,  # Modbus: server device busy
    0x8074_0000: RefusedReason.PARAMETER,  # OPC UA: BadTypeMismatch
    0x80AB_0000: RefusedReason.PARAMETER,  # OPC UA: BadInvalidArgument
}


def objection(profile: Profile, order: Order) -> RefusedReason | None:
    """Say why this order could never be taken by such a machine; None where it could."""
    verb = profile.verbs.get(order.verb)
    if verb is None or profile.command is None:
        return RefusedReason.VERB
    limits = {parameter.name: parameter for parameter in verb.parameters}
    needed = {name for name, parameter in limits.items() if parameter.default is None}
    if not needed <= order.parameters.keys() <= limits.keys() or not 0 < order.number <= _MAX:
        return RefusedReason.PARAMETER
    if not all(limits[name].low <= value <= limits[name].high for name, value in order.parameters.items()):
        return RefusedReason.PARAMETER
    try:
        checked_text(order.batch, "batch")
        checked_text(order.step, "step")
    except CodecError:
        return RefusedReason.PARAMETER
    return None


def before_sending(profile: Profile, order: Order, snapshot: Snapshot, *, sent: bool) -> Receipt | None:
    """Read before acting: a receipt where nothing may be sent, None where the order may leave now.

    `sent`: we wrote this number before and do not know what became of it.
    """
    if profile.handshake == "echo":
        return _echoed(order, snapshot)
    if order.verb == STOP:
        return _rests(order, snapshot)
    if sent:
        return _no_echo(order)
    if snapshot.mode in {Mode.MAINTENANCE, Mode.MANUAL}:
        return Refused(order.number, RefusedReason.MODE)
    if snapshot.state not in _AT_REST and "StateCurrent" in profile.tags:
        return Refused(order.number, RefusedReason.BUSY)
    return None


def heard(
    profile: Profile, order: Order, epoch: int, before: Snapshot, now: Snapshot, *, answered: bool
) -> Receipt | None:
    """Say what `now`, read after the order left, proves; None where it proves nothing yet.

    `before`: read before it left. `answered`: the wire said that the block arrived.
    """
    if profile.handshake != "echo" and order.verb == STOP and "StateCurrent" in profile.tags:
        return _rests(order, now)
    match profile.handshake:
        case "echo":
            if now.epoch > epoch:
                return Refused(order.number, RefusedReason.EPOCH)
            fresh = now.refused_order == order.number and before.refused_order != order.number
            return _echoed(order, now) or (Refused(order.number, now.refused_reason) if fresh else None)
        case "busy":
            return Accepted(order.number) if now.state not in _AT_REST | {State.UNDEFINED} else None
        case _:
            return Accepted(order.number) if answered else None


def lapsed(order: Order, last: Snapshot | None, doubt: DeviceError | None) -> Receipt:
    """Say what is left when the time for an echo is over. `last`: the last read after the order left.

    `doubt`: how the wire failed. An answer on the wire, even a refusing one, and a machine that was read since prove more
    than a time-out, after which the block may still arrive.
    """
    if last is not None and isinstance(doubt, LinkRefused):
        return Refused(order.number, _WIRE.get(doubt.code, RefusedReason.VERB))
    if last is not None and doubt is None and last.refused_order == order.number:
        return Refused(order.number, last.refused_reason)
    return Unknown(order.number, str(doubt or "the machine did not echo the order"))


def settle(profile: Profile, order: Order, snapshot: Snapshot, *, taken: bool = False) -> Receipt | None:
    """Say after a restart what became of an order of unknown outcome; None: the machine did not act on it.

    `taken`: it was seen to take the order before.
    """
    if profile.handshake != "echo":
        if order.verb == STOP:
            return _rests(order, snapshot)
        return _concluded(order, snapshot) if taken and profile.handshake == "busy" else _no_echo(order)
    if (receipt := _echoed(order, snapshot)) is not None:
        return receipt
    if snapshot.order > order.number:  # whatever became of ours, it can act no more
        return Unknown(order.number, "the machine has taken a later order")
    if snapshot.refused_order == order.number:
        return Refused(order.number, snapshot.refused_reason)
    return None


def standing(order: Order, snapshot: Snapshot) -> OrderStatus:
    """Conclude what a machine that names no order does about the one it was seen to take; NONE: it cannot tell any more.

    A conclusion holds as long as nobody can have come between: the same boot, in production, at work or complete. A machine
    that idles may have ended, broken off or forgotten it.
    """
    if order.verb == STOP:
        return OrderStatus.FINISHED if snapshot.state in _AT_REST else OrderStatus.RUNNING
    if order.boot not in (0, snapshot.boot) or snapshot.mode is not Mode.PRODUCE or snapshot.state in _TELLS_NOTHING:
        return OrderStatus.NONE
    if snapshot.state is State.COMPLETE:
        return OrderStatus.FINISHED
    return OrderStatus.FAILED if snapshot.state in _BROKEN_OFF else OrderStatus.RUNNING


def _concluded(order: Order, snapshot: Snapshot) -> Receipt:
    match standing(order, snapshot):
        case OrderStatus.RUNNING:
            return Accepted(order.number)
        case OrderStatus.FINISHED:
            return Finished(order.number, 0)
        case OrderStatus.FAILED:
            return Failed(order.number, snapshot.fault)
        case OrderStatus.NONE:
            return Unknown(order.number, "the machine is no longer at the order it took")


def _echoed(order: Order, snapshot: Snapshot) -> Receipt | None:
    if snapshot.order != order.number:
        return None
    if snapshot.batch != order.batch:
        return Refused(order.number, RefusedReason.DUPLICATE)
    match snapshot.order_status:
        case OrderStatus.FINISHED:
            return Finished(order.number, snapshot.order_value)
        case OrderStatus.FAILED:
            return Failed(order.number, snapshot.fault)
        case _:
            return Accepted(order.number)


def _rests(order: Order, snapshot: Snapshot) -> Receipt | None:
    """Say whether a stop has nothing left to do."""
    return Finished(order.number, 0) if snapshot.state in _AT_REST else None


def _no_echo(order: Order) -> Unknown:
    return Unknown(order.number, "this machine keeps no order numbers: look at it and decide")
