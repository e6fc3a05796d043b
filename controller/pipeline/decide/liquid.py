"""What came out of the pot: each decoction's liquid against what its water should have left, and all of it against the pouches.

Only a machine with a meter is judged; what it does not measure is not known.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from controller.model.batch import Cause
from controller.model.checkpoint import Verdict
from controller.model.plan import AHEAD, MAIN
from controller.pipeline.decide.decision import recorded
from controller.pipeline.decide.placing import DEVIATION, placed

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.batch import Batch
    from controller.model.floor import Floor
    from controller.model.plan import Plan
    from controller.model.world import World
    from devices.model import Order

TRANSFER = "drain.pack"
"""Step that moves what was concentrated to the packer."""
CONCENTRATE = "concentrate"


def drained(floor: Floor, batch: Batch, order: Order, value_ml: int, world: World) -> tuple[f.Fact, ...]:
    """Judge one drain. To the packer goes what the receiver held as well."""
    if not world.book.machines[order.machine].metered or order.step.startswith(TRANSFER):
        return ()
    own_ml = value_ml - (sum(batch.liquids) if order.parameters.get("to_packer") else 0)
    expected_ml, within_ml = _expected(batch, world)
    liquids = (*batch.liquids, own_ml)
    evidence = ", ".join(f"{ml} mL" for ml in liquids)
    off = abs(own_ml - expected_ml) > within_ml
    wanted_ml = batch.plan.bags * batch.plan.fill_ml
    if off or (batch.last_boil and sum(liquids) < wanted_ml):
        about = f"{batch.present_boil.name}: {own_ml} mL, {expected_ml:.0f} +- {within_ml:.0f}"
        return placed(floor, batch, "volume-off", Cause.MACHINE, DEVIATION, world, order.machine, about)
    if not batch.last_boil:
        return ()
    total = float(sum(liquids))
    return (_point(batch, "liquid.volume", total, float(wanted_ml), order, evidence, world),)


def concentrated(floor: Floor, batch: Batch, order: Order, value_ml: int, world: World) -> tuple[f.Fact, ...]:
    """Record what the combined liquid was boiled down to; less than the pouches take is a deviation that somebody signs."""
    if not world.book.machines[order.machine].metered:
        return ()
    wanted_ml = float(batch.plan.bags * batch.plan.fill_ml)
    enough = value_ml >= wanted_ml
    evidence = f"from {sum(batch.liquids)} mL to {order.parameters['to_ml']} mL"
    verdict = Verdict.PASSED if enough else Verdict.FAILED
    point = _point(batch, "concentrate.volume", float(value_ml), wanted_ml, order, evidence, world, verdict)
    if enough:
        return (point,)
    about = f"{CONCENTRATE}: {value_ml} mL, {wanted_ml:.0f}"
    return (point, *placed(floor, batch, "volume-off", Cause.MACHINE, DEVIATION, world, order.machine, about))


def undiluted_ml(plan: Plan, liquid_ml: int) -> int:
    """Return what a pouch must hold of liquid that was not boiled down, so that the patient gets no less medicine in it.

    The part of all liquid that the plan meant for a pouch, and never less than the plan's volume.
    """
    return max(plan.fill_ml, ceil(plan.fill_ml * liquid_ml / plan.concentrate_ml))


def fill_ml(batch: Batch, world: World) -> int:
    """Return what each pouch is filled with: as planned, or more where concentrating was left out."""
    if CONCENTRATE not in batch.skipped:
        return batch.plan.fill_ml
    return min(world.book.machines[batch.packer].pouch_ml, undiluted_ml(batch.plan, _to_pack_ml(batch)))


def in_pouches(batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Record how much more than planned is in each pouch; nothing where it is as planned."""
    if CONCENTRATE not in batch.skipped:
        return ()
    filled = recorded(
        batch,
        world.now,
        "pouch.volume",
        batch.packer,
        Verdict.DEVIATION,
        value=float(fill_ml(batch, world)),
        low=float(batch.plan.fill_ml),
        high=float(world.book.machines[batch.packer].pouch_ml),
        unit="mL",
        evidence=f"of {_to_pack_ml(batch)} mL, not concentrated",
    )
    return (filled,)


def _to_pack_ml(batch: Batch) -> int:
    """Return how much the packer has: as the pot measured it, or all that was collected where only a person saw it drain."""
    return batch.to_packer_ml or sum(batch.liquids)


def _point(
    batch: Batch,
    name: str,
    value: float,
    low: float,
    order: Order,
    evidence: str,
    world: World,
    verdict: Verdict = Verdict.PASSED,
) -> f.Fact:
    return recorded(batch, world.now, name, order.machine, verdict, value=value, low=low, unit="mL", evidence=evidence)


def _expected(batch: Batch, world: World) -> tuple[float, float]:
    """Return what the present decoction's water should have left after herbs and steam, and how far it may be off, mL."""
    plan, present = batch.plan, batch.present_boil
    first = present.name == MAIN
    water_ml = plan.soak_water_ml if first else present.water_ml
    kept_ml = plan.absorb_ml if first else 0
    boiled = [record for record in batch.boils if record.name == present.name or (first and record.name in AHEAD)]
    minutes = sum(max(record.total_counter_s, record.required_s) for record in boiled) / 60
    steam_ml = minutes * plan.setting("evaporation_ml_per_min")
    within_ml = water_ml * world.book.recipes.liquid_share + plan.setting("dead_volume_ml")
    return water_ml - kept_ml - steam_ml, within_ml
