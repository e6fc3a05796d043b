"""A machine as the line books it: what it holds, what it was last seen doing, whether it is clean."""

from __future__ import annotations

from dataclasses import dataclass

from devices.model import LinkState, Mode, Order, OrderStatus, State


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the site's files make of a machine.

    `pot_class`: under which planning finds a pot; empty for other machines and for a pot that planning must not find. `by_hand`:
    people work it. `monitor_only`: it is read, shown and alarmed, and asked for nothing.
    """

    pot_class: str = ""
    by_hand: bool = False
    monitor_only: bool = False


@dataclass(frozen=True, slots=True)
class Equipment:
    """One machine's row. `batch`: what occupies it; `next_batch`: what has reserved it (pots only).

    `clean`: rinsed or flushed since the last batch. `free_at`: forecast, ms, when it can take the next load. `next_order`: the
    number the next order gets; `pending` the order that has not come to an end, `accepted` once the machine echoed it, `recalled`
    once it was taken back and only its number is still to be used up.
    `rinses`: cleanings since the last batch; `given_up`: how often its batch had been carried on when it left, 0 where it left as
    usual. `out_by`: who took it out of service, empty while it is in service. `waiting`: batches that wait for this packer, first
    come first. `pot_class`, `by_hand`, `monitor_only`: see `Enrolment`; `begun_at`, `begun_by`: when, ms, and who said that the
    open order of a machine that people work is under way.
    """

    id: str
    kind: str
    batch: str = ""
    next_batch: str = ""
    clean: bool = True
    clean_celsius: float = 0.0
    free_at: int = 0
    pot_class: str = ""
    next_order: int = 1
    pending: Order | None = None
    accepted: bool = False
    recalled: bool = False
    rinses: int = 0
    given_up: int = 0
    out_by: str = ""
    out_at: int = 0
    out_note: str = ""
    link: LinkState = LinkState.NEVER
    link_since: int = 0
    boot: int = 0
    mode: Mode = Mode.INVALID
    state: State = State.UNDEFINED
    fault: int = 0
    order: int = 0
    order_status: OrderStatus = OrderStatus.NONE
    order_value: int = 0
    waiting: tuple[str, ...] = ()
    by_hand: bool = False
    begun_at: int = 0
    begun_by: str = ""
    monitor_only: bool = False

    @property
    def enrolment(self) -> Enrolment:
        """What the site's files made of it."""
        return Enrolment(self.pot_class, self.by_hand, self.monitor_only)

    @property
    def reachable(self) -> bool:
        """Whether it may be sent an order and would hear it: people who work it, or seen fresh, in production mode.

        A `stop` also ends a fault.
        """
        if self.monitor_only:
            return False
        return self.by_hand or (self.link is LinkState.FRESH and self.mode is Mode.PRODUCE)

    @property
    def usable(self) -> bool:
        """Whether it can go on with what it has."""
        return self.reachable and not self.fault

    @property
    def takes_work(self) -> bool:
        """Whether it may be given new work."""
        return self.usable and not self.out_by
