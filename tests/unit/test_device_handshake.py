from __future__ import annotations

from dataclasses import replace

import pytest

from devices import codec, handshake
from devices.errors import LinkRefused, LinkTimeout
from devices.model import (
    Accepted,
    Failed,
    Finished,
    Mode,
    Order,
    OrderStatus,
    Receipt,
    Refused,
    RefusedReason,
    State,
    Unknown,
)
from devices.profile import Profile, load_profile
from tests.contract.words import CHARGE, order, snapshot

ECHO = load_profile("pot-modbus")
BUSY = replace(ECHO, handshake="busy")
NONE = replace(ECHO, handshake="none")
MINE = order(17)
STOP = order(18, "stop")
BEFORE = snapshot(order=16, epoch=3, batch="B-other")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (order(), None),
        (order(number=2**32 - 1), None),
        (order(number=0), RefusedReason.PARAMETER),
        (order(number=2**32), RefusedReason.PARAMETER),
        (replace(order(), verb="fry"), RefusedReason.VERB),
        (order(parameters={}), RefusedReason.PARAMETER),
        (order(parameters={**CHARGE, "more": 1}), RefusedReason.PARAMETER),
        (order(parameters={**CHARGE, "herb_g": 0}), RefusedReason.PARAMETER),
        (order(parameters={**CHARGE, "herb_g": 10_001}), RefusedReason.PARAMETER),
        (order(batch="B" * 20), None),
        (order(batch="B" * 21), RefusedReason.PARAMETER),
        (order(batch="药"), RefusedReason.PARAMETER),
        (order(batch="B\x1b[2J"), RefusedReason.PARAMETER),
        (replace(order(), step="s" * 21), RefusedReason.PARAMETER),
    ],
)
def test_an_order_that_no_machine_could_take_is_known_before_it_is_sent(
    asked: Order, reason: RefusedReason | None
) -> None:
    assert handshake.objection(ECHO, asked) is reason


def test_a_machine_that_takes_no_orders_objects_to_all_of_them() -> None:
    assert handshake.objection(load_profile("scale-modbus"), order()) is RefusedReason.VERB


@pytest.mark.parametrize(
    ("said", "receipt"),
    [
        ({"order": 17, "epoch": 3, "batch": MINE.batch, "order_status": OrderStatus.RUNNING}, Accepted(17)),
        (
            {"order": 17, "epoch": 3, "batch": MINE.batch, "order_status": OrderStatus.FINISHED, "order_value": 4010},
            Finished(17, 4010),
        ),
        ({"order": 17, "epoch": 3, "batch": MINE.batch, "order_status": OrderStatus.FAILED, "fault": 6}, Failed(17, 6)),
        ({"order": 17, "epoch": 3, "batch": "B-other"}, Refused(17, RefusedReason.DUPLICATE)),
        (
            {"order": 16, "epoch": 3, "refused_order": 17, "refused_reason": RefusedReason.BUSY},
            Refused(17, RefusedReason.BUSY),
        ),
        (
            {"order": 18, "epoch": 3, "refused_order": 17, "refused_reason": RefusedReason.DUPLICATE},
            Refused(17, RefusedReason.DUPLICATE),
        ),
        (
            {
                "order": 17,
                "epoch": 3,
                "batch": MINE.batch,
                "refused_order": 17,
                "refused_reason": RefusedReason.DUPLICATE,
            },
            Accepted(17),
        ),
        ({"order": 16, "epoch": 4}, Refused(17, RefusedReason.EPOCH)),
        ({"order": 16, "epoch": 3}, None),
        ({"order": 18, "epoch": 3}, None),
        ({"order": 16, "epoch": 3, "refused_order": 16, "refused_reason": RefusedReason.BUSY}, None),
    ],
)
def test_after_sending_only_the_echo_of_number_batch_and_epoch_counts(
    said: dict[str, object], receipt: Receipt | None
) -> None:
    assert handshake.heard(ECHO, MINE, 3, BEFORE, snapshot(**said), answered=False) == receipt


def test_a_refusal_from_before_this_order_left_is_not_its_answer() -> None:
    old = replace(BEFORE, refused_order=17, refused_reason=RefusedReason.BUSY)
    assert handshake.heard(ECHO, MINE, 3, old, old, answered=True) is None
    assert handshake.lapsed(MINE, old, None) == Refused(17, RefusedReason.BUSY)
    assert isinstance(handshake.lapsed(MINE, old, LinkTimeout("no answer")), Unknown)


def test_without_an_echo_in_time_the_outcome_is_unknown() -> None:
    assert isinstance(handshake.lapsed(MINE, BEFORE, None), Unknown)
    assert handshake.lapsed(MINE, None, LinkTimeout("no answer", machine="pot-03")) == Unknown(17, "pot-03: no answer")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (6, RefusedReason.BUSY),
        (3, RefusedReason.PARAMETER),
        (2, RefusedReason.VERB),
        (0x80AB0000, RefusedReason.PARAMETER),
    ],
)
def test_a_refusal_on_the_wire_counts_once_the_machine_was_read_since(code: int, reason: RefusedReason) -> None:
    doubt = LinkRefused("no", code=code)
    assert handshake.lapsed(MINE, BEFORE, doubt) == Refused(17, reason)
    assert isinstance(handshake.lapsed(MINE, None, doubt), Unknown)


@pytest.mark.parametrize(
    ("said", "receipt"),
    [
        ({"order": 17, "batch": MINE.batch, "epoch": 1}, Accepted(17)),
        ({"order": 17, "batch": MINE.batch, "order_status": OrderStatus.FINISHED, "order_value": 9}, Finished(17, 9)),
        ({"order": 17, "batch": MINE.batch, "order_status": OrderStatus.FAILED, "fault": 5}, Failed(17, 5)),
        ({"order": 17, "batch": "B-other"}, Refused(17, RefusedReason.DUPLICATE)),
        ({"order": 18, "batch": "B-other"}, Unknown(17, "the machine has taken a later order")),
        ({"order": 16, "refused_order": 17, "refused_reason": RefusedReason.MODE}, Refused(17, RefusedReason.MODE)),
        ({"order": 16, "batch": MINE.batch}, None),
        ({"order": 0}, None),
    ],
)
def test_reading_the_machine_settles_an_order_of_unknown_outcome(
    said: dict[str, object], receipt: Receipt | None
) -> None:
    assert handshake.settle(ECHO, MINE, snapshot(**said)) == receipt


def test_an_order_that_was_taken_is_not_sent_again() -> None:
    taken = snapshot(order=17, batch=MINE.batch, order_status=OrderStatus.RUNNING)
    assert handshake.before_sending(ECHO, MINE, taken, sent=False) == Accepted(17)
    assert handshake.before_sending(ECHO, MINE, BEFORE, sent=True) is None


def test_a_machine_without_echo_gets_an_order_at_rest_and_once_only() -> None:
    running = snapshot(state=State.EXECUTE)
    assert handshake.before_sending(BUSY, MINE, running, sent=False) == Refused(17, RefusedReason.BUSY)
    assert handshake.before_sending(BUSY, MINE, snapshot(), sent=False) is None
    assert isinstance(handshake.before_sending(BUSY, MINE, snapshot(), sent=True), Unknown)
    assert isinstance(handshake.before_sending(NONE, MINE, snapshot(), sent=True), Unknown)
    assert isinstance(handshake.settle(BUSY, MINE, running), Unknown)
    assert isinstance(handshake.settle(NONE, MINE, snapshot()), Unknown)


def test_a_busy_machine_accepted_when_it_has_left_rest() -> None:
    assert handshake.heard(BUSY, MINE, 1, snapshot(), snapshot(state=State.EXECUTE), answered=False) == Accepted(17)
    assert handshake.heard(BUSY, MINE, 1, snapshot(), snapshot(state=State.COMPLETE), answered=True) is None
    assert handshake.heard(BUSY, MINE, 1, snapshot(), snapshot(state=State.UNDEFINED), answered=True) is None


def test_a_machine_that_says_nothing_accepted_only_by_its_answer_on_the_wire() -> None:
    assert handshake.heard(NONE, MINE, 1, snapshot(), snapshot(state=State.EXECUTE), answered=True) == Accepted(17)
    assert handshake.heard(NONE, MINE, 1, snapshot(), snapshot(state=State.EXECUTE), answered=False) is None


@pytest.mark.parametrize("profile", [BUSY, NONE])
def test_a_machine_without_echo_is_not_asked_in_manual_mode_or_while_it_runs(profile: Profile) -> None:
    for mode in (Mode.MANUAL, Mode.MAINTENANCE):
        refused = handshake.before_sending(profile, MINE, snapshot(mode=mode), sent=False)
        assert refused == Refused(17, RefusedReason.MODE)
    running = snapshot(state=State.EXECUTE)
    assert handshake.before_sending(profile, MINE, running, sent=False) == Refused(17, RefusedReason.BUSY)


def test_a_machine_that_shows_no_state_is_asked_whatever_it_does() -> None:
    blind = load_profile("pot-modbus-d")
    dark = snapshot(state=State.UNDEFINED, mode=Mode.INVALID)
    assert handshake.before_sending(blind, MINE, dark, sent=False) is None
    assert handshake.before_sending(blind, STOP, dark, sent=True) is None
    assert handshake.heard(blind, STOP, 1, dark, dark, answered=True) == Accepted(18)
    assert handshake.heard(blind, STOP, 1, dark, dark, answered=False) is None


@pytest.mark.parametrize("profile", [BUSY, NONE])
def test_a_stop_is_said_until_the_machine_rests_and_then_it_is_done(profile: Profile) -> None:
    for state in (State.EXECUTE, State.ABORTED, State.HELD):
        running = snapshot(state=state, mode=Mode.MANUAL)
        assert handshake.before_sending(profile, STOP, running, sent=True) is None
        assert handshake.settle(profile, STOP, running) is None
        assert handshake.heard(profile, STOP, 1, running, running, answered=True) is None
    for state in (State.IDLE, State.STOPPED, State.COMPLETE):
        rests = snapshot(state=state)
        assert handshake.before_sending(profile, STOP, rests, sent=False) == Finished(18, 0)
        assert handshake.settle(profile, STOP, rests) == Finished(18, 0)
        assert handshake.heard(profile, STOP, 1, rests, rests, answered=False) == Finished(18, 0)


def test_a_parameter_with_a_default_may_be_left_out_and_no_other() -> None:
    hopper = load_profile("pot-modbus-hopper")
    plain = order(verb="decoct")
    late = order(verb="decoct", parameters={**plain.parameters, "late_s": 300})
    assert [handshake.objection(hopper, asked) for asked in (plain, late)] == [None, None]
    assert handshake.objection(hopper, order(verb="decoct", parameters={"late_s": 300})) is RefusedReason.PARAMETER
    too_late = order(verb="decoct", parameters={**plain.parameters, "late_s": 3601})
    assert handshake.objection(hopper, too_late) is RefusedReason.PARAMETER
    assert [codec.command_values(hopper, asked, 1)[5:8] for asked in (plain, late)] == [
        (600, 9900, 0),
        (600, 9900, 300),
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"state": State.EXECUTE}, OrderStatus.RUNNING),
        ({"state": State.HOLDING}, OrderStatus.RUNNING),
        ({"state": State.COMPLETE}, OrderStatus.FINISHED),
        ({"state": State.STOPPED}, OrderStatus.FAILED),
        ({"state": State.ABORTED}, OrderStatus.FAILED),
        ({"state": State.HELD}, OrderStatus.FAILED),
        ({"state": State.IDLE}, OrderStatus.NONE),
        ({"state": State.RESETTING}, OrderStatus.NONE),
        ({"state": State.UNDEFINED}, OrderStatus.NONE),
        ({"state": State.COMPLETE, "boot": 2}, OrderStatus.NONE),
        ({"state": State.EXECUTE, "boot": 2}, OrderStatus.NONE),
        ({"state": State.COMPLETE, "mode": Mode.MANUAL}, OrderStatus.NONE),
        ({"state": State.EXECUTE, "mode": Mode.INVALID}, OrderStatus.NONE),
    ],
)
def test_what_a_machine_without_numbers_does_is_concluded_only_while_nobody_can_have_come_between(
    said: dict[str, object], status: OrderStatus
) -> None:
    taken = replace(MINE, boot=1)
    assert handshake.standing(taken, snapshot(**said)) is status
    receipts = {
        OrderStatus.RUNNING: Accepted, OrderStatus.FINISHED: Finished, OrderStatus.FAILED: Failed, OrderStatus.NONE: Unknown,
    }  # fmt: skip
    assert isinstance(handshake.settle(BUSY, taken, snapshot(**said), taken=True), receipts[status])
    assert isinstance(handshake.settle(BUSY, taken, snapshot(**said)), Unknown), "it was not seen to take it"
    assert isinstance(handshake.settle(NONE, taken, snapshot(**said), taken=True), Unknown)


def test_an_order_for_any_boot_is_not_lost_with_one() -> None:
    assert handshake.standing(MINE, snapshot(state=State.EXECUTE, boot=7)) is OrderStatus.RUNNING
    assert handshake.standing(STOP, snapshot(state=State.STOPPED, mode=Mode.MANUAL)) is OrderStatus.FINISHED
    assert handshake.standing(STOP, snapshot(state=State.STOPPING, boot=2)) is OrderStatus.RUNNING
