"""How an order is issued: its number from the machine's row, its deadline, and what each step asks of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.pipeline.decide.hopper import drop_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.model.batch import Batch
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.world import World
    from devices.model import Order


def issue(
    machine: Equipment, batch: str, case: str, verb: str, step: str, parameters: Mapping[str, int], world: World
) -> f.OrderIssued:
    """Make the fact of an order; it expires before it can surprise anybody, and a power cut of the machine ends it too."""
    return f.OrderIssued(
        world.now,
        case,
        batch,
        machine.id,
        machine.next_order,
        verb,
        step,
        parameters,
        world.now + world.book.least_margin_ms,
        batch,
        0 if verb == "stop" else machine.boot,
    )


def lasts_s(order: Order) -> int:
    """Return the seconds for which the order keeps its machine at one thing; 0 where it is a single act."""
    return order.parameters.get("hold_s", order.parameters.get("soak_s", 0))


def issue_for(
    floor: Floor, batch: Batch, machine: str, verb: str, step: str, parameters: Mapping[str, int], world: World
) -> tuple[f.OrderIssued, ...]:
    """Issue an order for a batch, or nothing while the machine cannot take one or still has one."""
    equipment = floor.machines[machine]
    if equipment.pending is not None or not equipment.usable:
        return ()
    again = f"{step}.again.{batch.repeats}" if batch.repeats and batch.interrupted == step else step
    return (issue(equipment, batch.id, batch.case, verb, again, parameters, world),)


def decoct_parameters(batch: Batch, seconds: int, world: World) -> dict[str, int]:
    """Return what a boil asks: the required seconds and 2 g, the threshold the machine counts by, when its hopper opens."""
    hold_s = seconds + round(2 * world.book.grace_s[batch.pot])
    boil_centi_c = round(world.book.boil_celsius[batch.pot] * 100)
    return {"hold_s": hold_s, "boil_centi_c": boil_centi_c, **drop_parameter(batch, hold_s, world.book)}


def charge_order(floor: Floor, batch: Batch, world: World) -> tuple[f.OrderIssued, ...]:
    """Tell the pot what is tipped into it: what was planned, less what another pot has already boiled away."""
    plan = batch.plan
    steam_ml = sum(record.total_counter_s for record in batch.boils) / 60 * plan.setting("evaporation_ml_per_min")
    load = {"load_ml": round(plan.load_ml - steam_ml), "herb_g": plan.herb_g, "absorb_ml": plan.absorb_ml}
    step = f"charge.{batch.moves + 1}" if batch.moves else "charge"
    return issue_for(floor, batch, batch.pot, "charge", step, load, world)


def soak_order(floor: Floor, batch: Batch, world: World) -> tuple[f.OrderIssued, ...]:
    """Ask the soaking position for the batch's water and time."""
    plan = batch.plan
    amount = {"water_ml": plan.soak_water_ml, "soak_s": plan.soak_minutes * 60}
    return issue_for(floor, batch, batch.soak_machine, "soak", "soak", amount, world)


def stop_order(machine: Equipment, case: str, world: World) -> f.OrderIssued:
    """Ask a machine to stop what it does for the batch it is booked for; it also ends a fault."""
    return issue(machine, machine.batch, case, "stop", f"stop.{machine.next_order}", {}, world)
